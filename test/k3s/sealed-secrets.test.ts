import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SCOPES, type Scope } from '../../src/seal/scope.ts'
import { decrypt, encrypt } from '../../src/vault/vault.ts'
import { type TuttiRun, runTutti } from '../lab/run-tutti.ts'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { filesWith, formsIn, formsOf, hostFilesWith } from './find-bytes.ts'
import { k3sRelease, kubectl, ownImage, slimRelease, withK3sHosts } from './k3s-hosts.ts'
import { K3sPlays, having, startOf } from './k3s-plays.ts'
import { watchArguments } from './watch-arguments.ts'

const release = k3sRelease()
const EACH = 20
/** All values begin with it: where it is found, one of them is. */
const MARK = `mark${randomBytes(14).toString('hex')}`
const FORMS = formsOf(MARK)
const folder = mkdtempSync(join(tmpdir(), 'tutti-sealing-'))
const at = (name: string): string => join(folder, name)
const items = SCOPES.flatMap((scope) => Array.from({ length: EACH }, (_, i) => ({ name: `${scope}-${i}`, scope, value: `${MARK}${randomBytes(8).toString('hex')}` })))

let lab: TestLab
/** Two clusters of one inventory: the second is the new one to which everything moves. */
let [first, second]: K3sPlays[] = []
let [n1, n2]: TestHost[] = []
let watch: ReturnType<typeof watchArguments> | undefined
const runs: TuttiRun[] = []
/** Hosts with a cluster, by now. */
const made: TestHost[] = []

beforeAll(async () => {
  mkdirSync(at('repository'))
  writeFileSync(at('password'), 'of the vault of this test\n')
  writeFileSync(at('values.vault'), encrypt(JSON.stringify({ items }), readFileSync(at('password'), 'utf8').trim()))
  lab = await withK3sHosts('sealed', 2)
  ;[n1, n2] = lab.hosts as [TestHost, TestHost]
  const vars = {
    k3s_image_archives: release.name === 'k3s' ? [] : [ownImage('controller'), ownImage('probe')], ...(release.name === 'k3s' ? {} : { sealed_secrets_proof_image: 'docker.io/library/probe:1.0.0' }),
    sealed_secrets_certificate: at('sealing.pem'), sealed_secrets_backup: at('keys.vault'), sealed_secrets_key_file: at('key'), sealed_secrets_hmac_file: at('hmac.vault'),
  }
  ;[first, second] = [new K3sPlays(lab, ['n1'], [], vars), new K3sPlays(lab, ['n2'], [], vars)] as [K3sPlays, K3sPlays]
  for (const plays of [first, second]) Object.assign(plays.vars, { k3s_offline_dir: slimRelease(plays.directory) })
  watch = watchArguments()
})
afterAll(async () => {
  await watch?.stop()
  for (const plays of [first, second]) plays?.done()
  rmSync(folder, { recursive: true })
  await lab?.down()
})

async function play(plays: K3sPlays, playbook: string, ...flags: readonly string[]): Promise<TuttiRun> {
  const run = await plays.play(playbook, {}, '--diff', ...flags)
  runs.push(run)
  expect(run.exitCode, run.output).toBe(0)
  return run
}
/** Tasks on the server of a cluster, with the values from their vault. */
async function tasks(host: TestHost, list: readonly object[], ...flags: readonly string[]): Promise<TuttiRun> {
  const start = { name: 'hmac', generated_secret: { path: at('hmac.vault'), key_path: at('key') }, register: 'hmac', no_log: true }
  writeFileSync(at('site.yml'), JSON.stringify([{ hosts: host.name, become: true, gather_facts: false, vars_files: [at('values.vault')], tasks: [start, ...list] }]))
  const run = await runTutti('run', at('site.yml'), '-i', lab.file, '--vault-password-file', at('password'), '--diff', ...flags)
  runs.push(run)
  return run
}
const seal = (more: object = {}) => ({
  name: 'seal', loop: '{{ items }}', loop_control: { label: '{{ item.name }}' },
  sealed_secret: { name: '{{ item.name }}', namespace: 'shop', scope: '{{ item.scope }}', data: { password: '{{ item.value }}' }, hmac_key: '{{ hmac.secret }}', certificate: at('sealing.pem'), path: `${at('repository')}/{{ item.name }}.yml`, ...more },
})
const NAMESPACES = ['shop', 'other'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
/** What is in the repository becomes Secrets, waited for until each says Synced=True for its generation. */
async function opens(host: TestHost): Promise<void> {
  const documents = items.map(({ name }) => readFileSync(at(`repository/${name}.yml`), 'utf8')).join('---\n')
  writeFileSync(at('all.yml'), documents)
  const run = await tasks(host, [{ name: 'namespaces', k8s: { definition: NAMESPACES } }, { name: 'deliver', k8s: { definition: `{{ lookup('file', '${at('all.yml')}') }}`, wait: true, wait_timeout: 240, wait_sleep: 3 } }])
  expect(run.exitCode, run.output).toBe(0)
  const made = JSON.parse(await kubectl(host, 'get secrets -n shop -o json')).items as readonly { readonly metadata: { readonly name: string }; readonly data: { readonly password?: string } }[]
  const found = new Map(made.map(({ metadata, data }) => [metadata.name, Buffer.from(data.password ?? '', 'base64').toString()]))
  expect(items.filter(({ name, value }) => found.get(name) !== value).map(({ name }) => name)).toEqual([])
  const sealed = JSON.parse(await kubectl(host, 'get sealedsecrets -n shop -o json')).items as readonly any[]
  expect(sealed.filter(({ metadata, status }) => status?.observedGeneration !== metadata.generation || !status.conditions.some(({ type, status: is }: any) => type === 'Synced' && is === 'True')).map(({ metadata }) => metadata.name)).toEqual([])
}
const clear = (host: TestHost) => kubectl(host, 'delete sealedsecrets,secrets --all -n shop')
const keys = async (host: TestHost) => (await kubectl(host, `get secrets -n kube-system -l sealedsecrets.bitnami.com/sealed-secrets-key -o jsonpath='{.items[*].metadata.name}'`)).trim().split(' ').sort()
const repository = (): string => items.map(({ name }) => readFileSync(at(`repository/${name}.yml`), 'utf8')).join('')

describe(`${release.name}: sealed secrets`, () => {
  test('a dry run where no cluster is yet says what is unknown, and makes nothing', async () => {
    const dry = await play(first!, 'k3s sealed-secrets', '--check')
    expect(having(dry, 'failed')).toEqual([])
    expect(having(dry, 'unknown').length).toBeGreaterThan(0)
  })

  test('the controller is installed, and a second run changes nothing and restarts nothing', async () => {
    await play(first!, 'k3s sealed-secrets')
    made.push(n1!)
    expect(readFileSync(at('keys.vault'), 'utf8')).toMatch(/^\$ANSIBLE_VAULT/)
    const [start, pods] = [await startOf(n1!), await kubectl(n1!, 'get pods -n kube-system -o name')]
    for (const flags of [['--check'], []]) expect(having(await play(first!, 'k3s sealed-secrets', ...flags), 'changed')).toEqual([])
    expect([await startOf(n1!), await kubectl(n1!, 'get pods -n kube-system -o name')]).toEqual([start, pods])
  })

  test('it is proved, and nothing of the proof stays', async () => {
    const run = await play(first!, 'sealed-secrets-prove')
    expect(run.result('Say so').outputs.msg).toMatch(/Synced=True for generation (\d+) of \1\), and a pod has read it$/)
    expect(await kubectl(n1!, 'get namespaces -o name')).not.toContain('proof')
  })

  test(`${EACH} values of each scope become Secrets; sealing them again changes nothing`, async () => {
    expect(having(await tasks(n1!, [seal()]), 'failed')).toEqual([])
    await opens(n1!)
    const before = repository()
    for (const flags of [['--check'], []]) expect(having(await tasks(n1!, [seal()], ...flags), 'changed')).toEqual([])
    expect(repository()).toBe(before)
    // Right into the cluster: what is there already stays as it is.
    const direct = [seal({ path: '{{ omit }}', certificate: '{{ omit }}', wait: true })].map((task) => ({ ...task, loop: `{{ items[::${EACH}] }}` }))
    for (const flags of [['--check'], []]) expect(having(await tasks(n1!, direct, ...flags), 'changed')).toEqual([])
  })

  test('strict opens under no other name or namespace, namespace-wide in no other namespace, cluster-wide anywhere', async () => {
    const moved = (scope: Scope, what: 'name' | 'namespace') => ({
      apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name: what === 'name' ? `renamed-${scope}` : `${scope}-0`, namespace: what === 'namespace' ? 'other' : 'shop', ...(scope === 'strict' ? {} : { annotations: { [`sealedsecrets.bitnami.com/${scope}`]: 'true' } }) },
      spec: { encryptedData: { password: /password: (\S+)/.exec(readFileSync(at(`repository/${scope}-0.yml`), 'utf8'))![1] }, template: {} },
    })
    const apply = (...definition: readonly object[]) => tasks(n1!, [{ name: 'move', k8s: { definition, wait: true, wait_timeout: 40, wait_sleep: 2 } }])
    for (const one of [moved('strict', 'name'), moved('strict', 'namespace'), moved('namespace-wide', 'namespace')]) expect((await apply(one)).result('move')).toMatchObject({ status: 'failed', reason: expect.stringContaining('no key could decrypt secret') })
    expect((await apply(moved('namespace-wide', 'name'), moved('cluster-wide', 'name'), moved('cluster-wide', 'namespace'))).result('move').status).toBe('changed')
    await kubectl(n1!, 'delete sealedsecrets --all -n other')
    await kubectl(n1!, `delete sealedsecrets -n shop ${SCOPES.map((scope) => `renamed-${scope}`).join(' ')}`)
  })

  test('after a rotation all open as they are, and sealed again', async () => {
    const [old, had] = [readFileSync(at('sealing.pem'), 'utf8'), await keys(n1!)]
    const run = await play(first!, 'sealed-secrets-rotate')
    expect(readFileSync(at('sealing.pem'), 'utf8')).not.toBe(old)
    expect(await keys(n1!)).toEqual(expect.arrayContaining([...had]))
    expect(await keys(n1!)).toHaveLength(had.length + 1)
    expect(having(await play(first!, 'sealed-secrets'), 'changed')).toEqual([])
    await clear(n1!)
    await opens(n1!)
    const [before, words] = [repository(), /tutti (seal .*) DIRECTORY$/.exec(run.result('Say what is left to do').outputs.msg)![1]!.split(' ')]
    execFileSync('bin/tutti', [...words, at('repository')])
    expect(repository()).not.toBe(before)
    await opens(n1!)
    // The notes of what was sealed do not know of it: once more, for the new certificate.
    expect(having(await tasks(n1!, [seal()]), 'failed')).toEqual([])
    expect(having(await tasks(n1!, [seal()]), 'changed')).toEqual([])
  })

  test('a new cluster gets the keys before its controller, and opens everything', async () => {
    const certificate = readFileSync(at('sealing.pem'), 'utf8')
    await play(second!, 'k3s sealed-secrets')
    made.push(n2!)
    expect(readFileSync(at('sealing.pem'), 'utf8')).toBe(certificate)
    expect(await keys(n2!)).toEqual(await keys(n1!))
    await opens(n2!)
    expect(having(await play(second!, 'sealed-secrets'), 'changed')).toEqual([])
    await play(second!, 'sealed-secrets-prove')
  })

  test('no value is in any event, argument list or file: of ours, of the hosts, their journals, or etcd', async () => {
    const seen = await watch!.stop()
    expect(seen).toMatch(/tutti run/)
    expect(formsIn(seen, FORMS)).toEqual([])
    expect(formsIn(JSON.stringify(runs), FORMS)).toEqual([])
    expect([folder, first!.directory, second!.directory].flatMap((directory) => filesWith(directory, FORMS))).toEqual([])
    for (const host of made) {
      expect(formsIn(await kubectl(host, 'get events -A -o yaml') + (await kubectl(host, 'get sealedsecrets -A -o yaml')), FORMS)).toEqual([])
      expect(await hostFilesWith(host, FORMS)).toBe('')
    }
    // Both searches can find something: a Secret as the API gives it, and a file that is known to be there.
    expect(formsIn(await kubectl(n1!, 'get secrets -n shop -o yaml'), FORMS)).not.toEqual([])
    expect(await hostFilesWith(n1!, ['write-kubeconfig-mode'])).toContain('/etc/rancher/k3s/config.yaml')
    expect(decrypt(readFileSync(at('values.vault'), 'utf8'), { secrets: [{ id: 'default', secret: Buffer.from('of the vault of this test') }] })).toContain(MARK)
  })
})
