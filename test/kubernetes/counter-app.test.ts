import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Said, tutti } from '../lab/tutti.ts'
import { type ApiServer, apiServer, whyNoApiServer } from './api-server.ts'

const playbook = join(import.meta.dirname, '../../playbooks/counter-app.yml')
const directory = mkdtempSync(join(tmpdir(), 'counter-app-'))
const why = whyNoApiServer()

/** The playbook on this machine as the only server, dry, beside a real API server: every object goes through the server's own dry run. */
describe.skipIf(why !== undefined)(`the objects of the counter${why === undefined ? '' : `: ${why}`}`, () => {
  let server: ApiServer
  beforeAll(async () => {
    server = await apiServer()
    const kubectl = (input: string, ...args: readonly string[]) => execFileSync(join(server.programs, 'kubectl'), [`--kubeconfig=${server.kubeconfig}`, ...args], { input })
    kubectl('', 'create', 'namespace', 'counter')
    kubectl(JSON.stringify({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'List', items: [chartKind('helmcharts', 'HelmChart'), chartKind('helmchartconfigs', 'HelmChartConfig')] }), 'apply', '-f', '-')
    // What no dry run is to touch.
    writeFileSync(join(directory, 'program'), '#!/bin/sh\n')
    writeFileSync(join(directory, 'hosts.yml'), JSON.stringify({ k3s_server: { hosts: { here: { ansible_connection: 'local', ansible_host: '127.0.0.1' } } } }))
  }, 90_000)
  afterAll(async () => {
    await server?.close()
    rmSync(directory, { recursive: true })
  })

  const play = (vars: object): Promise<Said> => tutti(['run', playbook, '-i', join(directory, 'hosts.yml'), '--check', '--diff', '--tags', 'counter_app,counter_app_image,counter_app_objects,counter_app_proof', '--output', 'json', '-e', JSON.stringify({ ansible_become: false, counter_app_images_dir: join(directory, 'images'), counter_app_programs: { amd64: join(directory, 'program'), arm64: join(directory, 'program') }, counter_app_redis_image: 'docker.io/library/redis:7', ...vars })], { env: { KUBECONFIG: server.kubeconfig, PATH: `${server.programs}:${process.env['PATH']}` } })
  const failures = ({ events }: Said) => events.filter((event) => event.type === 'result' && event.result.status === 'failed').map(({ result }) => result.reason)
  const objects = ({ events }: Said): readonly { readonly header: { readonly after: string }; readonly after: string }[] => events.flatMap((event) => (event.type === 'result' ? event.result.diff ?? [] : []))

  test.each<[string, object, RegExp]>([
    ['with a Redis of its own', {}, /StatefulSet counter\/counter-app-redis/],
    ['with a volume of a class, always four pods, every name, a path', { counter_app_redis_storage_class: 'fast', counter_app_autoscale: false, counter_app_host: '', counter_app_path: '/tools/counter/' }, /storageClassName: fast/],
    ['without a volume, with a certificate', { counter_app_redis_persistent: false, counter_app_tls_secret: 'counter-tls', counter_app_ingress_annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' } }, /secretName: counter-tls/],
    ['with a Redis outside', { counter_app_redis: 'outside', counter_app_redis_addresses: ['192.0.2.9:7000', '192.0.2.10:7003', 'redis.example.org'], counter_app_redis_password: 'hunter22-in-the-clear' }, /cidr: 192\.0\.2\.10\/32/],
  ])('%s: the server takes them all', async (_, vars, seen) => {
    const said = await play(vars)
    expect(failures(said), said.stderr).toEqual([])
    expect(said.code, said.stderr).toBe(0)
    const all = objects(said).map(({ header, after }) => `${header.after}\n${after}`).join('\n')
    for (const one of ['ServiceAccount', 'Role', 'RoleBinding', 'NetworkPolicy', 'ConfigMap', 'Deployment', 'PodDisruptionBudget', 'Service', 'Ingress']) expect(all).toContain(`${one} counter/counter-app\n`)
    expect(all).toMatch(seen)
    expect(said.stdout + said.stderr).not.toMatch(/hunter22|aHVudGVyMj/)
  }, 60_000)
})

const chartKind = (plural: string, kind: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.helm.cattle.io` },
  spec: { group: 'helm.cattle.io', scope: 'Namespaced', names: { plural, kind }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } } } }] },
})
