import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Said, tutti } from '../lab/tutti.ts'
import { type ApiServer, apiServer, whyNoApiServer } from './api-server.ts'
import { startController, whyNoController } from './sealed-secrets-controller.ts'
import { standInControllers } from './stand-in-controllers.ts'

const playbooks = join(import.meta.dirname, '../../playbooks')
const directory = mkdtempSync(join(tmpdir(), 'counter-app-'))
const images = join(directory, 'images')
const why = whyNoApiServer()

/** The playbook on this machine as the only node, beside a real API server that has neither nodes nor controllers; a page of ours answers in place of Traefik. */
describe.skipIf(why !== undefined)(`the counter and its ingress${why === undefined ? '' : `: ${why}`}`, () => {
  let server: ApiServer
  let page: Server
  let controllers: ReturnType<typeof standInControllers>
  const kubectl = (...args: readonly string[]): string => execFileSync(join(server.programs, 'kubectl'), [`--kubeconfig=${server.kubeconfig}`, ...args]).toString()
  const apply = (...items: readonly object[]) => execFileSync(join(server.programs, 'kubectl'), [`--kubeconfig=${server.kubeconfig}`, 'apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) })

  beforeAll(async () => {
    server = await apiServer()
    apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'counter' } }, chartKind('helmcharts', 'HelmChart'), chartKind('helmchartconfigs', 'HelmChartConfig'))
    kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s')
    apply({ apiVersion: 'helm.cattle.io/v1', kind: 'HelmChart', metadata: { name: 'traefik', namespace: 'kube-system' } }, TRAEFIK)
    mkdirSync(join(directory, 'bin'))
    // What a node says of the images that it has loaded: all that lie in the directory.
    writeFileSync(join(directory, 'bin/k3s'), `#!/bin/sh\ncase "$*" in *images*) for f in ${images}/*.tar; do tar -xOf $f index.json; done ;; *) exec kubectl "\${@#kubectl}" ;; esac\n`, { mode: 0o755 })
    writeFileSync(join(directory, 'program'), '#!/bin/sh\n')
    page = createServer((request, answer) => answer.writeHead(request.headers.host === 'nobody.invalid' ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify({ title: 'Counter', counter: 7, pod: 'counter-app-x' })))
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve))
    writeFileSync(join(directory, 'hosts.yml'), JSON.stringify({ k3s_server: { hosts: { here: { ansible_connection: 'local', k3s_address: `127.0.0.1:${(page.address() as AddressInfo).port}` } } } }))
    controllers = standInControllers(server)
  }, 120_000)
  afterAll(async () => {
    await controllers?.stop()
    page?.close()
    await server?.close()
    rmSync(directory, { recursive: true })
  })

  const VARS = { ansible_become: false, counter_app_images_dir: images, counter_app_programs: { amd64: join(directory, 'program'), arm64: join(directory, 'program') }, counter_app_redis_image: 'docker.io/library/redis:7' }
  const play = (playbook: string, vars: object, ...flags: readonly string[]): Promise<Said> => tutti(['run', join(playbooks, `${playbook}.yml`), '-i', join(directory, 'hosts.yml'), '--diff', '--output', 'json', ...flags, '-e', JSON.stringify({ ...VARS, ...vars })], { env: { KUBECONFIG: server.kubeconfig, PATH: `${join(directory, 'bin')}:${server.programs}:${process.env['PATH']}` } })

  test.each<[string, object, RegExp]>([
    ['with a Redis of its own', {}, /StatefulSet counter\/counter-app-redis/],
    ['with a volume of a class, always four pods, every name, a path', { counter_app_redis_storage_class: 'fast', counter_app_autoscale: false, counter_app_host: '', counter_app_path: '/tools/counter/' }, /storageClassName: fast/],
    ['without a volume, with a certificate', { counter_app_redis_persistent: false, counter_app_tls_secret: 'counter-tls', counter_app_ingress_annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' } }, /secretName: counter-tls/],
    ['with a Redis outside', { counter_app_redis: 'outside', counter_app_redis_addresses: ['192.0.2.9:7000', '192.0.2.10:7003', 'redis.example.org'], counter_app_redis_password: 'hunter22-in-the-clear' }, /cidr: 192\.0\.2\.10\/32/],
  ])('in a dry run the server takes all objects: %s', async (_, vars, seen) => {
    const said = await play('counter-app', vars, '--check', '--tags', 'counter_app')
    expect(ended(said)).toEqual({ failed: [], code: 0 })
    const all = said.events.flatMap((event) => (event.type === 'result' ? (event.result.diff ?? []) : [])).map(({ header, after }) => `${header.after}\n${after}`).join('\n')
    for (const one of ['ServiceAccount', 'Role', 'RoleBinding', 'NetworkPolicy', 'ConfigMap', 'Deployment', 'PodDisruptionBudget', 'Service', 'Ingress']) expect(all).toContain(`${one} counter/counter-app\n`)
    expect(all).toMatch(seen)
    expect(said.stdout + said.stderr).not.toMatch(/hunter22|aHVudGVyMj/)
  }, 100_000)

  const secured = { counter_app_redis_persistent: false, counter_app_tls_secret: '', ingress_certificates: [{ namespace: 'counter', name: 'counter-tls', hosts: ['counter.example.org', 'www.example.org'] }] }

  test('a dry run signs certificates by an authority that was never made, and leaves nothing behind', async () => {
    expect(ended(await play('counter-app', secured, '--check', '--tags', 'ingress'))).toEqual({ failed: [], code: 0 })
    expect(existsSync(join(directory, '.secrets'))).toBe(false)
  }, 100_000)

  test('all of it is made, and asked for; the second run changes nothing, dry or not', async () => {
    expect(ended(await play('counter-app', secured))).toEqual({ failed: [], code: 0 })
    expect(kubectl('get', 'deployment', '-n', 'counter', 'counter-app', '-o', 'jsonpath={.spec.replicas}')).toBe('4')
    for (const flags of [['--check'], []]) {
      const again = await play('counter-app', secured, ...flags)
      expect(ended(again), again.stderr).toEqual({ failed: [], code: 0 })
      expect(changes(again), flags.join()).toEqual([])
    }
  }, 200_000)

  test('the certificate is of our own authority, for the names that were asked for, and its key is on no node', async () => {
    const secret = JSON.parse(kubectl('get', 'secret', '-n', 'counter', 'counter-tls', '-o', 'json')) as { readonly data: Readonly<Record<string, string>> }
    const file = join(directory, 'tls.crt')
    writeFileSync(file, Buffer.from(secret.data['tls.crt']!, 'base64'))
    expect(execFileSync('openssl', ['verify', '-CAfile', join(directory, '.secrets/ingress-ca.crt'), '-verify_hostname', 'www.example.org', file]).toString()).toContain('OK')
    expect(readFileSync(join(directory, '.secrets/ingress-ca.pem'), 'utf8')).toContain('ENCRYPTED')
    expect(Buffer.from(secret.data['tls.key']!, 'base64').toString()).toContain('PRIVATE KEY')
  })

  test('Traefik has two pods, short tolerations and a budget in values of its chart', () => {
    const values = kubectl('get', 'helmchartconfig', '-n', 'kube-system', 'traefik', '-o', 'jsonpath={.spec.valuesContent}')
    expect(values).toMatch(/replicas: 2/)
    expect(values.match(/tolerationSeconds: 20/g)).toHaveLength(2)
    expect(values).toContain('--serversTransport.forwardingTimeouts.dialTimeout=2s')
    expect(values).toMatch(/podDisruptionBudget:\n +enabled: true\n +maxUnavailable: 1/)
  })

  test('the certificate for all other names is named in one namespace alone, wherever it was before', async () => {
    const stores = () => kubectl('get', 'tlsstores', '-A', '-o', 'jsonpath={range .items[*]}{.metadata.namespace}/{.spec.defaultCertificate.secretName} {end}').trim()
    const named = (one: string, ...flags: readonly string[]) => play('counter-app', { ...secured, ingress_certificates: [...secured.ingress_certificates, { namespace: 'kube-system', name: 'others', hosts: ['*.example.org'] }], ingress_default_certificate: one }, '--tags', 'ingress_certificates', ...flags)
    // Traefik's kinds come by a chart of their own, perhaps a moment later.
    const early = await named('counter/counter-tls', '--check')
    expect(ended(early)).toEqual({ failed: [], code: 0 })
    expect(results(early).filter(({ result }) => result.status === 'unknown').map(({ result }) => result.reason).join()).toContain('CustomResourceDefinition tlsstores.traefik.io would be waited for')
    kubectl('apply', '-f', join(import.meta.dirname, '../k3s/k3s/charts/traefik-crd/templates/tlsstores.yaml'))
    kubectl('wait', '--for=condition=Established', 'crd', 'tlsstores.traefik.io', '--timeout=30s')
    for (const [one, wanted] of [['counter/counter-tls', 'counter/counter-tls'], ['kube-system/others', 'kube-system/others'], ['', '']] as const) {
      expect(ended(await named(one, '--check'))).toEqual({ failed: [], code: 0 })
      expect(ended(await named(one))).toEqual({ failed: [], code: 0 })
      expect(stores()).toBe(wanted)
      for (const flags of [['--check'], []]) expect(changes(await named(one, ...flags))).toEqual([])
    }
    apply({ apiVersion: 'traefik.io/v1alpha1', kind: 'TLSStore', metadata: { name: 'default', namespace: 'default' }, spec: { defaultCertificate: { secretName: 'mine' } } })
    expect(changes(await named(''))).toEqual([])
    for (const flags of [['--check'], []]) expect(JSON.stringify(ended(await named('counter/counter-tls', ...flags)))).toContain('default has a TLSStore default already, not made by this role')
    expect(stores()).toBe('default/mine')
    kubectl('delete', 'tlsstore', '-n', 'default', 'default')
  }, 400_000)

  test('under load it has as many pods as the stage says, and then as many as before; a table and a plot are written', async () => {
    const report = join(directory, 'load')
    const said = await play('counter-app-load', { counter_app_load_seconds: 1, counter_app_load_pods: [1, 6], counter_app_load_report: report, counter_app_load_connections: 2, counter_app_node_addresses: ['127.0.0.1'], counter_app_host: `counter.example.org:${(page.address() as AddressInfo).port}` })
    expect(ended(said), said.stderr).toEqual({ failed: [], code: 0 })
    expect(readFileSync(`${report}.md`, 'utf8')).toMatch(/^\| 1 \| \d+ \|.*\n\| 6 \| \d+ \|/m)
    expect(readFileSync(`${report}.svg`, 'utf8')).toContain('6 pods')
    expect(kubectl('get', 'hpa', '-n', 'counter', 'counter-app', '-o', 'jsonpath={.spec.minReplicas} {.spec.maxReplicas}')).toBe('4 8')
    expect(changes(await play('counter-app', secured))).toEqual([])
  }, 200_000)

  test('a setting that changes starts pods anew, and another program is another image', async () => {
    const told = () => kubectl('get', 'deployment', '-n', 'counter', 'counter-app', '-o', 'jsonpath={.spec.template.metadata.annotations} {.spec.template.spec.containers[0].image}').split(' ')
    const [annotations, image] = told()
    expect(ended(await play('counter-app', { ...secured, counter_app_title: 'Another', counter_app_proof: false }))).toEqual({ failed: [], code: 0 })
    const [others, same] = told()
    expect([others === annotations, same]).toEqual([false, image])
    writeFileSync(join(directory, 'program'), '#!/bin/sh\n# another\n')
    expect(ended(await play('counter-app', { ...secured, counter_app_title: 'Another', counter_app_proof: false }))).toEqual({ failed: [], code: 0 })
    expect(told()[1]).not.toBe(image)
  }, 200_000)

  test.skipIf(whyNoController() !== undefined)('the password comes as a SealedSecret, which the real controller opens, and as nothing else', async () => {
    kubectl('apply', '-f', join(playbooks, '../roles/sealed_secrets/files/crd.yml'))
    kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s')
    const controller = await startController(server)
    try {
      writeFileSync(join(directory, 'sealing.pem'), await controller.certificate())
      const sealed = { ...secured, counter_app_sealed: true, counter_app_sealing_certificate: join(directory, 'sealing.pem') }
      expect(ended(await play('counter-app', sealed))).toEqual({ failed: [], code: 0 })
      const secret = JSON.parse(kubectl('get', 'secret', '-n', 'counter', 'counter-app-sealed', '-o', 'json')) as { readonly data: Readonly<Record<string, string>> }
      expect(Object.keys(secret.data).sort()).toEqual(['REDIS_PASSWORD', 'redis.conf'])
      expect(Buffer.from(secret.data['redis.conf']!, 'base64').toString()).toContain(`requirepass ${Buffer.from(secret.data['REDIS_PASSWORD']!, 'base64').toString()}\n`)
      expect(kubectl('get', 'secrets', '-n', 'counter', '-o', 'name')).not.toContain('secret/counter-app\n')
      expect(kubectl('get', 'deployment', '-n', 'counter', 'counter-app', '-o', 'yaml')).toContain('name: counter-app-sealed')
      expect(changes(await play('counter-app', sealed))).toEqual([])
    } finally {
      await controller.close()
    }
  }, 200_000)

  test.each<[string, object, RegExp]>([
    ['a setting of the wrong type', { counter_app_replicas: 'many' }, /counter_app_replicas/],
    ['a path without a slash', { counter_app_path: 'tools' }, /begins with a slash/],
    ['a Redis outside that no policy can let pods reach', { counter_app_redis: 'outside', counter_app_redis_addresses: ['redis.example.org:6379'] }, /pods may reach no part of the Redis outside/],
    ['fewer at most than at least', { counter_app_max_replicas: 2 }, /less than counter_app_replicas/],
    ['a certificate without names or files', { ingress_certificates: [{ namespace: 'counter', name: 'tls' }] }, /tls: a certificate has hosts, or the files/],
    ['a certificate for all other names that is none of them', { ingress_default_certificate: 'counter/counter-tls' }, /ingress_default_certificate is none of ingress_certificates/],
    ['no Traefik', { k3s_disable: ['traefik'] }, /no ingress to configure/],
  ])('refused: %s', async (_, vars, said) => {
    const run = await play('counter-app', vars, '--check')
    expect(run.code).not.toBe(0)
    expect(JSON.stringify(ended(run)) + run.stderr).toMatch(said)
  }, 60_000)
})

const results = ({ events }: Said): readonly any[] => events.filter(({ type }) => type === 'result')
const ended = (said: Said) => ({ failed: results(said).filter(({ result }) => result.status === 'failed').map(({ result }) => result.reason), code: said.code })
const changes = (said: Said) => {
  const names = new Map(said.events.filter(({ type }) => type === 'task-start').map(({ task, name }) => [task, name]))
  return results(said).filter(({ result }) => result.status === 'changed').map(({ task, result }) => `${names.get(task)}: ${JSON.stringify(result.diff)}`)
}

const TRAEFIK = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'traefik', namespace: 'kube-system' }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'b' }] } } } }

const chartKind = (plural: string, kind: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.helm.cattle.io` },
  spec: { group: 'helm.cattle.io', scope: 'Namespaced', names: { plural, kind }, versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } } } }] },
})
