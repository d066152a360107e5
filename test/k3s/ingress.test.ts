import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TuttiRun } from '../lab/run-tutti.ts'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { ask } from './ask-outside.ts'
import { k3sRelease, kubectl, root, until, withK3sHosts } from './k3s-hosts.ts'
import { K3sPlays, having } from './k3s-plays.ts'

const release = k3sRelease()
/** What Traefik shows by itself. */
const OWN = 'TRAEFIK DEFAULT CERT'
const CERTIFICATES = [{ namespace: 'shop', name: 'shop-tls', hosts: ['shop.example.org'] }, { namespace: 'kube-system', name: 'others', hosts: ['others.example.org', '*.example.org'] }]

let lab: TestLab
let plays: K3sPlays
let n1: TestHost
let early: TuttiRun
beforeAll(async () => {
  lab = await withK3sHosts('ingress', 1)
  n1 = lab.hosts[0]!
  plays = new K3sPlays(lab, ['n1'], [], { k3s_disable: ['coredns', 'metrics-server', 'local-storage'], ingress_replicas: 1, ingress_certificates: CERTIFICATES })
  early = await plays.play('k3s counter-app', { ingress_default_certificate: 'kube-system/others', counter_app_redis_persistent: false }, '--check')
  const made = await plays.play('k3s')
  if (made.exitCode !== 0) throw new Error(made.output)
  // Nobody serves it: its certificate is shown all the same.
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop', namespace: 'shop' }, spec: { ports: [{ port: 80 }] } },
    { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'shop', namespace: 'shop' }, spec: { tls: [{ hosts: ['shop.example.org'], secretName: 'shop-tls' }], rules: [{ host: 'shop.example.org', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'shop', port: { number: 80 } } } }] } }] } },
  )
})
afterAll(async () => {
  plays?.done()
  await lab?.down()
})

const apply = (...items: readonly object[]) => root(n1, `k3s kubectl apply -f - <<'END'\n${JSON.stringify({ apiVersion: 'v1', kind: 'List', items })}\nEND`)
const ingress = (certificate: string, ...flags: readonly string[]): Promise<TuttiRun> => plays.play('counter-app', { ingress_default_certificate: certificate }, '--tags', 'ingress', ...flags)
const shown = (host: string) => async (): Promise<string> => (await ask(`https://${n1.address}/`, host)).certificate ?? ''
async function twice(certificate: string): Promise<void> {
  for (const flags of [['--check'], []]) {
    const again = await ingress(certificate, ...flags)
    expect({ exit: again.exitCode, changed: having(again, 'changed') }, again.output).toEqual({ exit: 0, changed: [] })
  }
}

describe(`${release.name}: the certificate for all other names`, () => {
  test('a dry run before there is a cluster or an authority fails nowhere, and makes nothing', () => {
    expect([early.exitCode, having(early, 'failed')], early.output).toEqual([0, []])
    expect(having(early, 'unknown')).toContain('n1 Name the certificate for all other names')
  })

  test('without one Traefik shows its own', async () => {
    const run = await ingress('')
    expect(run.exitCode, run.output).toBe(0)
    await until('the certificate of an Ingress', shown('shop.example.org'), /^shop\.example\.org$/, 60)
    expect(await shown('nobody.example.net')()).toBe(OWN)
    await twice('')
  })

  test('with one it is shown to whoever asks for a name without a certificate, and the run has seen it', async () => {
    const dry = await ingress('kube-system/others', '--check')
    expect([dry.exitCode, having(dry, 'changed')], dry.output).toEqual([0, ['n1 Name the certificate for all other names']])
    expect(await shown('nobody.example.net')()).toBe(OWN)
    const run = await ingress('kube-system/others')
    expect(run.exitCode, run.output).toBe(0)
    for (const host of ['nobody.example.net', 'nobody.example.org']) expect(await shown(host)()).toBe('others.example.org')
    expect(await shown('shop.example.org')()).toBe('shop.example.org')
    await twice('kube-system/others')
  })

  test('another one, in another namespace, takes its place', async () => {
    const run = await ingress('shop/shop-tls')
    expect(run.exitCode, run.output).toBe(0)
    expect(await shown('nobody.example.net')()).toBe('shop.example.org')
    await twice('shop/shop-tls')
  })

  test('beside one of somebody else Traefik shows neither, and a run refuses it', async () => {
    await apply({ apiVersion: 'traefik.io/v1alpha1', kind: 'TLSStore', metadata: { name: 'default', namespace: 'default' }, spec: {} })
    await until('neither', shown('nobody.example.net'), new RegExp(OWN), 30)
    expect((await ingress('shop/shop-tls')).output).toContain('default has a TLSStore default already, not made by this role')
    await kubectl(n1, 'delete tlsstore -n default default')
  })

  test('taken back, Traefik shows its own again', async () => {
    const run = await ingress('')
    expect(run.exitCode, run.output).toBe(0)
    expect(await kubectl(n1, 'get tlsstores -A -o name')).toBe('')
    await until('its own', shown('nobody.example.net'), new RegExp(OWN), 30)
    await twice('')
  })
})
