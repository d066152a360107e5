import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TuttiRun } from '../lab/run-tutti.ts'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { ask } from './ask-outside.ts'
import { CounterClient } from './k3s-clients.ts'
import { k3sRelease, kubectl, ownImage, root, until, withK3sHosts } from './k3s-hosts.ts'
import { K3sPlays, having } from './k3s-plays.ts'

const release = k3sRelease()
const HOST = 'counter.example.org'

let lab: TestLab
let plays: K3sPlays
let [n1, n2, n3]: TestHost[] = []
beforeAll(async () => {
  lab = await withK3sHosts('counter', 3)
  ;[n1, n2, n3] = lab.hosts as [TestHost, TestHost, TestHost]
  plays = new K3sPlays(lab, ['n1'], ['n2', 'n3'], {
    k3s_disable: [], k3s_image_archives: [ownImage('probe')], ingress_redirect_to_https: true, ingress_certificates: [{ namespace: 'counter', name: 'counter-tls', hosts: [HOST] }], counter_app_host: HOST, counter_app_tls_secret: 'counter-tls',
    // Lab k3s has no local-path.
    counter_app_redis_persistent: release.name === 'k3s',
  })
  const made = await plays.play('k3s')
  if (made.exitCode !== 0) throw new Error(told(made))
  await until('three nodes', () => kubectl(n1!, 'get nodes --no-headers'), /^n1 +Ready .*\nn2 +Ready .*\nn3 +Ready/m)
}, 600_000)
afterAll(async () => {
  plays?.done()
  await lab?.down()
})

const get = (args: string): Promise<string> => kubectl(n1!, `get ${args}`)
const addresses = (): readonly string[] => lab.hosts.map(({ address }) => address)
/** What the authority of the run signed is trusted, and nothing else. */
const client = (): CounterClient => new CounterClient(addresses(), HOST, readFileSync(join(dirname(lab.file), '.secrets/ingress-ca.crt')))
const podsOf = async (name: string, namespace = 'counter'): Promise<readonly { readonly pod: string; readonly node: string }[]> =>
  (await get(`pods -n ${namespace} -l app.kubernetes.io/name=${name} -o jsonpath='{range .items[?(@.status.phase=="Running")]}{.metadata.name} {.spec.nodeName}{"\\n"}{end}'`)).trim().split('\n').map((line) => ({ pod: line.split(' ')[0]!, node: line.split(' ')[1]! }))
/** How many pods of the counter are ready on these nodes. */
const readyOn = async (nodes: readonly string[]): Promise<number> =>
  (JSON.parse(await get('pods -n counter -l app.kubernetes.io/name=counter-app -o json')) as { readonly items: readonly any[] }).items.filter(({ metadata, spec, status }) => metadata.deletionTimestamp === undefined && nodes.includes(spec.nodeName) && status.conditions?.some((one: any) => one.type === 'Ready' && one.status === 'True')).length
const told = (run: TuttiRun): string => `${run.output}\n${having(run, 'failed').join('\n')}`

describe(`${release.name}: the counter behind the ingress`, () => {
  test('it is made, and answers at every node from outside, by its certificate', async () => {
    const run = await plays.play('counter-app')
    expect(run.exitCode, told(run)).toBe(0)
    expect(await readyOn(['n1', 'n2', 'n3'])).toBeGreaterThanOrEqual(4)
    const asking = client()
    for (const address of addresses()) {
      expect(JSON.parse(await asking.ask(address, 'GET', '/'))).toMatchObject({ title: 'Counter', counter: 0 })
      expect(await ask(`http://${address}/x`, HOST)).toMatchObject({ status: expect.toBeOneOf([301, 308]) as number, location: `https://${HOST}/x` })
    }
    expect(new Set((await podsOf('counter-app')).map(({ node }) => node)), 'nodes with pods').toEqual(new Set(['n1', 'n2', 'n3']))
    const traefik = await podsOf('traefik', 'kube-system')
    expect([traefik.length, new Set(traefik.map(({ node }) => node)).size]).toEqual([2, 2])
  })

  test('the image that a node has is the one that the archive says', async () => {
    const image = await get(`deployment -n counter counter-app -o jsonpath='{.spec.template.spec.containers[0].image}'`)
    const digest = /"digest":"(sha256:\w+)"/.exec(await root(n2!, 'tar -xOf /var/lib/rancher/k3s/agent/images/counter-app.tar index.json'))![1]!
    expect(await root(n2!, `k3s ctr --namespace k8s.io images list name==${image}`)).toContain(digest)
  })

  test('the second run changes nothing, dry or not', async () => {
    for (const flags of [['--check'], []]) {
      const again = await plays.play('counter-app', {}, ...flags)
      expect(again.exitCode, told(again)).toBe(0)
      expect(having(again, 'changed')).toEqual([])
    }
  })

  test('pods have no token, and may ask the API for nothing', async () => {
    expect(await get(`pods -n counter -o jsonpath='{.items[*].spec.volumes[*].projected}'`)).toBe('')
    expect((await root(n1!, 'k3s kubectl auth can-i list secrets -n counter --as=system:serviceaccount:counter:counter-app || true')).trim()).toBe('no')
  })

  test('who is not allowed is denied', async () => {
    const stranger = (namespace: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'stranger', namespace }, spec: { nodeName: 'n1', terminationGracePeriodSeconds: 1, securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } }, containers: [{ name: 'probe', image: 'docker.io/library/probe:1.0.0', imagePullPolicy: 'Never', args: ['serve', '8080'], securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }] } })
    await root(n1!, `k3s kubectl apply -f - <<'END'\n${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [stranger('default'), stranger('counter')] })}\nEND`)
    for (const namespace of ['default', 'counter']) await kubectl(n1!, `wait -n ${namespace} --for=condition=Ready pod/stranger --timeout=60s`)
    const redis = await get(`pod -n counter counter-app-redis-0 -o jsonpath='{.status.podIP}'`)
    const app = await get(`service -n counter counter-app -o jsonpath='{.spec.clusterIP}'`)
    const traefik = await get(`service -n kube-system traefik -o jsonpath='{.spec.clusterIP}'`)
    const tries = (namespace: string, address: string) => kubectl(n1!, `exec -n ${namespace} stranger -- /probe tcp ${address} 2>&1 || true`)
    // Rules of lab k3s are looked after every two seconds.
    await until('the rules for the new pods', () => tries('counter', `${traefik}:80`), /refused|timeout/, 30)
    expect(await tries('default', `${traefik}:80`), 'elsewhere nothing is denied').toContain('connected')
    for (const namespace of ['default', 'counter']) for (const address of [`${redis}:6379`, `${app}:80`]) expect(await tries(namespace, address), `${namespace} to ${address}`).toMatch(/refused|timeout/)
    await Promise.all(['default', 'counter'].map((namespace) => kubectl(n1!, `delete pod -n ${namespace} stranger --wait=false`)))
  })

  test('the password comes by a SealedSecret, and the pods start anew with it', async () => {
    const made = await plays.play('sealed-secrets')
    expect(made.exitCode, told(made)).toBe(0)
    const before = (await podsOf('counter-app')).map(({ pod }) => pod)
    const sealed = { counter_app_sealed: true }
    const run = await plays.play('counter-app', sealed)
    expect(run.exitCode, told(run)).toBe(0)
    expect(await get(`sealedsecret -n counter counter-app-sealed -o jsonpath='{.status.conditions[?(@.type=="Synced")].status}'`)).toBe('True')
    expect(await get('secrets -n counter -o name')).not.toContain('secret/counter-app\n')
    expect((await podsOf('counter-app')).filter(({ pod }) => before.includes(pod))).toEqual([])
    const again = await plays.play('counter-app', sealed)
    expect({ exit: again.exitCode, changed: having(again, 'changed') }, told(again)).toEqual({ exit: 0, changed: [] })
  })

  test('under load it is measured with one pod and with four', async () => {
    const report = join(plays.directory, 'load')
    const run = await plays.play('counter-app-load', { counter_app_load_seconds: 10, counter_app_load_report: report, counter_app_sealed: true })
    expect(run.exitCode, told(run)).toBe(0)
    const table = readFileSync(`${report}.md`, 'utf8')
    console.log(`${release.name}:\n${table}`)
    expect(table).toMatch(/^\| 1 \| [1-9]\d* \|.*\| 0 \| 0 \|\n\| 4 \| [1-9]\d* \|.*\| 0 \| 0 \|\n/m)
    expect(existsSync(`${report}.svg`)).toBe(true)
    const again = await plays.play('counter-app', { counter_app_sealed: true })
    expect(having(again, 'changed'), told(again)).toEqual([])
  })

  test('with a pod and then a node killed, what was acknowledged was counted, and nothing that was not tried', async () => {
    const asking = client()
    const before = JSON.parse(await asking.ask(n1!.address, 'GET', '/')).counter as number
    const lost = (await podsOf('counter-app-redis'))[0]!.node === 'n3' ? n2! : n3!
    asking.start()
    const counts = (more: number) => {
      const wanted = asking.acknowledged.length + more
      return until(`${more} more counts`, async () => String(asking.acknowledged.length >= wanted), /true/, 90)
    }
    await counts(20)
    await kubectl(n1!, `delete pod -n counter ${(await podsOf('counter-app'))[0]!.pod} --force --grace-period=0`)
    await until('four pods again', async () => String(await readyOn(['n1', 'n2', 'n3'])), /^[4-8]$/, 90)
    await counts(20)
    await lost.powerOff()
    await until('the node is lost', () => get(`node ${lost.name} --no-headers`), /NotReady/, 120)
    await until('four pods on the two others', async () => String(await readyOn(lab.hosts.map(({ name }) => name).filter((name) => name !== lost.name))), /^[4-8]$/, 180)
    await counts(20)
    await asking.stop()
    console.log(`${release.name}, a pod and then ${lost.name} killed: ${asking.say()}`)
    const alive = lab.hosts.find(({ name }) => name !== lost.name)!
    const counted = JSON.parse(await asking.ask(alive.address, 'GET', '/')).counter as number - before
    expect(counted).toBeGreaterThanOrEqual(asking.acknowledged.length)
    expect(counted).toBeLessThanOrEqual(asking.attempts)
    expect(new Set(asking.acknowledged.map((text) => JSON.parse(text).counter)).size, 'no number was given twice').toBe(asking.acknowledged.length)
    expect(asking.longest).toBeLessThan(60_000)
  })
})
