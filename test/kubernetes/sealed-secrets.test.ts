import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ran, runYaml } from '../engine/run-yaml.ts'
import { type ApiServer, apiServer } from './api-server.ts'
import { type Controller, startController, whyNoController } from './sealed-secrets-controller.ts'

const CRD = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'sealedsecrets.bitnami.com' },
  spec: {
    group: 'bitnami.com', scope: 'Namespaced', names: { kind: 'SealedSecret', listKind: 'SealedSecretList', plural: 'sealedsecrets', singular: 'sealedsecret' },
    versions: [{ name: 'v1alpha1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'object', properties: Object.fromEntries(['spec', 'status'].map((part) => [part, { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }])) } } }],
  },
}
const HMAC = '0123456789abcdef0123456789abcdef'

/** Against the real controller: what a fake could not prove is that it opens what we seal. */
describe.skipIf(whyNoController() !== undefined)('SealedSecrets with the real controller', () => {
  let server: ApiServer
  let controller: Controller
  const before = { ...process.env }
  const kubectl = (...args: readonly string[]): string => execFileSync('kubectl', args, { encoding: 'utf8' })

  beforeAll(async () => {
    server = await apiServer()
    Object.assign(process.env, { KUBECONFIG: server.kubeconfig, PATH: `${server.programs}:${process.env['PATH']}` })
    const made = await play({ k8s: { wait: true, wait_sleep: 1, definition: [CRD, ...['shop', 'other'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))] } })
    expect(made.results, made.result('task').reason).toEqual(['h1 changed task'])
    controller = await startController(server)
  }, 120_000)
  afterAll(async () => {
    await controller?.close()
    await server?.close()
    Object.assign(process.env, { PATH: before['PATH'] })
  })

  const play = async (task: object, check = false): Promise<Ran> => runYaml(JSON.stringify([{ hosts: 'all', gather_facts: false, tasks: [{ name: 'task', ...task }] }]), { check, files: { 'files/cert.pem': controller ? await controller.certificate() : '' } })
  const sealing = (value: string, more: object = {}) => ({ sealed_secret: { name: 'login', namespace: 'shop', data: { password: value, empty: '' }, hmac_key: HMAC, certificate: 'cert.pem', wait: true, wait_sleep: 1, ...more } })
  const ends = async (task: object, status: string, check = false): Promise<Ran> => {
    const run = await play(task, check)
    expect(run.results, run.result('task').reason).toEqual([`h1 ${status} task`])
    expect(JSON.stringify(run.events)).not.toMatch(/hunter22|aHVudGVyMjIt/)
    return run
  }
  const secret = (namespace = 'shop', name = 'login') => Buffer.from(kubectl('get', 'secret', '-n', namespace, name, '-o', 'jsonpath={.data.password}'), 'base64').toString()

  test('it opens what we seal, and a second run changes nothing', async () => {
    await ends(sealing('hunter22-one'), 'changed', true)
    await ends(sealing('hunter22-one'), 'changed')
    expect(secret()).toBe('hunter22-one')
    for (const check of [true, false]) await ends(sealing('hunter22-one'), 'ok', check)
  }, 60_000)

  test('another value is sealed again, and the other one stays byte for byte', async () => {
    const sealed = () => JSON.parse(kubectl('get', 'sealedsecret', '-n', 'shop', 'login', '-o', 'jsonpath={.spec.encryptedData}')) as { readonly password: string; readonly empty: string }
    const old = sealed()
    const run = await ends(sealing('hunter22-two'), 'changed')
    expect(run.outputs('task').reasons).toEqual(['password differs, or was sealed by other means'])
    expect([sealed().empty === old.empty, sealed().password === old.password]).toEqual([true, false])
    expect(secret()).toBe('hunter22-two')
  }, 60_000)

  test('each scope opens where it may, and a strict value nowhere else', async () => {
    await ends(sealing('hunter22-wide', { name: 'wide', scope: 'namespace-wide' }), 'changed')
    await ends(sealing('hunter22-everywhere', { name: 'everywhere', scope: 'cluster-wide' }), 'changed')
    expect([secret('shop', 'wide'), secret('shop', 'everywhere')]).toEqual(['hunter22-wide', 'hunter22-everywhere'])
    const { spec } = JSON.parse(kubectl('get', 'sealedsecret', '-n', 'shop', 'login', '-o', 'json')) as { readonly spec: { readonly encryptedData: object } }
    const stolen = { apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name: 'login', namespace: 'other' }, spec: { encryptedData: spec.encryptedData, template: {} } }
    const run = await ends({ k8s: { definition: stolen, wait: true, wait_sleep: 1, wait_timeout: 20 } }, 'failed')
    expect(run.result('task').reason).toMatch(/^waiting is of no use:\n {2}SealedSecret other\/login: .*no key could decrypt secret/)
  }, 60_000)

  test('after a rotation everything is sealed again, for the new key', async () => {
    await controller.close()
    controller = await startController(server, [`--key-cutoff-time=${new Date().toUTCString().replace('GMT', '+0000')}`])
    const run = await ends(sealing('hunter22-two'), 'changed')
    expect(run.outputs('task').reasons).toEqual(['it was sealed for another certificate'])
    expect(secret()).toBe('hunter22-two')
    await ends(sealing('hunter22-two'), 'ok')
  }, 60_000)

  test('what is removed is gone, and a second time there is nothing to remove', async () => {
    await ends({ sealed_secret: { name: 'login', namespace: 'shop', state: 'absent', wait: true, wait_sleep: 1 } }, 'changed')
    await ends({ sealed_secret: { name: 'login', namespace: 'shop', state: 'absent' } }, 'ok')
  }, 60_000)

  test('the plaintext stands in no SealedSecret', () => {
    expect(kubectl('get', 'sealedsecrets', '-A', '-o', 'yaml')).not.toMatch(/hunter22|aHVudGVyMjIt/)
  })
})
