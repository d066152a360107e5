import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { fakeTerminal } from '../cli/fake-terminal.ts'

/** What `tutti syntax-check` says of a playbook. */
async function told(tasks: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'definition-'))
  try {
    writeFileSync(join(directory, 'site.yml'), `- hosts: localhost\n  gather_facts: false\n  vars: {where: shop}\n  tasks:\n${tasks.replaceAll(/^(?=.)/gm, '    ')}`)
    writeFileSync(join(directory, 'hosts.yml'), 'all: {hosts: {localhost: {ansible_connection: local}}}\n')
    const terminal = fakeTerminal()
    await dispatch(['syntax-check', join(directory, 'site.yml'), '-i', join(directory, 'hosts.yml')], terminal)
    return terminal.errors().replaceAll(directory, 'DIR')
  } finally {
    rmSync(directory, { recursive: true })
  }
}

test('a manifest in a task is looked at before the first connection, and its mistake is shown where it stands', async () => {
  expect(await told(`- name: web
  kubernetes.core.k8s:
    definition:
      apiVersion: v1
      kind: Service
      metadata: {name: web, namespace: "{{ where }}"}
      spec:
        ports: [{port: 99999}]
`)).toBe(`ERROR! the manifest cannot be used: spec.ports[0].port is 99999, and must be from 1 to 65535 [k8s-manifest]
  --> DIR/site.yml:12:28
     |
  12 |             ports: [{port: 99999}]
     |                            ^^^^^
`)
})

test('so is one in a block of text', async () => {
  expect(await told(`- k8s:
    namespace: shop
    definition: |
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: settings
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec: {replicas: "2"}
`)).toMatch(/spec has no selector.*\n {2}--> DIR\/site\.yml:16:17\n[^]*spec\.replicas must be a whole number, and is a text.*\n {2}--> DIR\/site\.yml:16:29\n/)
})

test.each([
  ['a template for the whole', '- k8s: {definition: "{{ where }}"}\n'],
  ['templates for its parts', '- k8s: {definition: {apiVersion: "{{ where }}", kind: Deployment, metadata: {name: "{{ where }}", labels: "{{ where }}"}, spec: {replicas: "{{ where }}", selector: {matchLabels: {app: web}}, template: {metadata: {labels: "{{ where }}"}, spec: "{{ where }}"}}}}\n'],
  ['templates among a list', '- k8s: {definition: ["{{ where }}", {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}]}\n'],
  ['one name in two namespaces', '- k8s: {definition: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}}, {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: "{{ where }}"}}]}\n'],
  ['a type that is a template', '- k8s: {definition: {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: "{{ where }}", ports: [{port: 80, nodePort: 30080}]}}}\n'],
  ['a patch need not be whole', '- k8s: {state: patched, kind: Deployment, api_version: apps/v1, name: a, definition: {spec: {replicas: 2}}}\n'],
  ['an object of a kind that nobody knows', '- k8s: {definition: {apiVersion: example.org/v1, kind: Shop, metadata: {name: a}, spec: {anything: 1}}}\n'],
])('nothing is held against %s', async (_name, tasks) => {
  expect(await told(tasks)).toBe('')
})
