import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decrypt } from '../../src/vault/vault.ts'
import { type TuttiRun, runTutti } from '../lab/run-tutti.ts'
import { type ApiServer, apiServer } from './api-server.ts'
import { type LittleCluster, startLittleCluster } from './little-cluster.ts'
import { whyNoController } from './sealed-secrets-controller.ts'

const root = join(import.meta.dirname, '../..')
const SCOPES = ['strict', 'namespace-wide', 'cluster-wide'] as const

/** The role against a real API server and the real controller: nodes are played. On a whole cluster: test/k3s/sealed-secrets.test.ts. */
describe.skipIf(whyNoController() !== undefined)('the role sealed_secrets', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sealed-role-'))
  const at = (name: string): string => join(directory, name)
  const before = { ...process.env }
  let server: ApiServer
  let cluster: LittleCluster
  const runs: TuttiRun[] = []
  const kubectl = (...args: readonly string[]): string => execFileSync('kubectl', args, { encoding: 'utf8' })

  beforeAll(async () => {
    server = await apiServer()
    Object.assign(process.env, { KUBECONFIG: server.kubeconfig, PATH: `${server.programs}:${process.env['PATH']}` })
    mkdirSync(at('repository'))
    writeFileSync(at('hosts.yml'), JSON.stringify({ all: { hosts: { n1: { ansible_connection: 'local', sealed_secrets_wait_timeout: 40 } } } }))
    cluster = await startLittleCluster(server)
  }, 240_000)
  afterAll(async () => {
    await cluster?.close()
    await server?.close()
    Object.assign(process.env, { PATH: before['PATH'] })
    rmSync(directory, { recursive: true })
  })

  async function play(tasks: readonly object[], ...flags: readonly string[]): Promise<TuttiRun> {
    writeFileSync(at('site.yml'), JSON.stringify([{ hosts: 'all', gather_facts: false, tasks }]))
    const run = await runTutti('run', at('site.yml'), '-i', at('hosts.yml'), '--diff', ...flags)
    runs.push(run)
    return run
  }
  const role = (from = 'main', ...flags: readonly string[]) => play([{ name: 'role', include_role: { name: join(root, 'roles/sealed_secrets'), tasks_from: from } }], ...flags)
  const having = (run: TuttiRun, status: string): readonly string[] => run.results.filter((line) => line.startsWith(`n1 ${status} `)).map((line) => line.replace(/.* : /, ''))
  async function well(run: Promise<TuttiRun>): Promise<TuttiRun> {
    const done = await run
    expect(done.exitCode, done.output).toBe(0)
    return done
  }
  const changesNothing = async (): Promise<void> => {
    for (const flags of [['--check'], []]) expect(having(await well(role('main', ...flags)), 'changed')).toEqual([])
  }
  const backup = (): { readonly items: readonly { readonly metadata: { readonly name: string }; readonly data: Readonly<Record<string, string>> }[] } => JSON.parse(decrypt(readFileSync(at('.secrets/sealing-keys.vault'), 'utf8'), { secrets: [{ id: 'default', secret: Buffer.from(readFileSync(at('.secrets/k3s-token.key'), 'utf8').trim()) }] }))
  const keys = (): readonly string[] => kubectl('get', 'secrets', '-n', 'kube-system', '-l', 'sealedsecrets.bitnami.com/sealed-secrets-key', '-o', 'jsonpath={.items[*].metadata.name}').split(' ').filter(Boolean).sort()
  const tutti = (...args: readonly string[]): string => execFileSync(join(root, 'bin/tutti'), args, { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })

  /** Values of each scope, sealed into the repository with the certificate that is there. */
  const values = new Map(SCOPES.map((scope) => [scope, randomBytes(24).toString('hex')]))
  function seal(): void {
    for (const [scope, value] of values) {
      writeFileSync(at('value'), value)
      tutti('seal', '--cert', at('sealing.pem'), '--name', scope, '-n', 'shop', '--scope', scope, '--from-file', `password=${at('value')}`, '-w', at(`repository/${scope}.yml`))
      rmSync(at('value'))
    }
  }
  /** Applies the repository anew, and looks at the Secrets that come of it. */
  async function opens(): Promise<void> {
    execFileSync('kubectl', ['delete', 'sealedsecrets,secrets', '--all', '-n', 'shop', '--ignore-not-found'])
    const run = await play([
      { k8s: { definition: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } } } },
      ...SCOPES.map((scope) => ({ k8s: { definition: `{{ lookup('file', '${at(`repository/${scope}.yml`)}') }}`, wait: true, wait_timeout: 20, wait_sleep: 1 } })),
    ])
    expect(run.exitCode, run.output).toBe(0)
    for (const [scope, value] of values) expect(Buffer.from(kubectl('get', 'secret', scope, '-n', 'shop', '-o', 'jsonpath={.data.password}'), 'base64').toString()).toBe(value)
  }

  test('a dry run makes nothing', async () => {
    const dry = await well(role('main', '--check'))
    expect(having(dry, 'changed')).toEqual(expect.arrayContaining(['Define what a SealedSecret is']))
    expect(readdirSync(directory).sort()).toEqual(['hosts.yml', 'repository', 'site.yml'])
    expect(kubectl('get', 'crd', '-o', 'name')).toBe('')
  }, 240_000)

  test('without a cluster its playbooks refuse, dry or not, and say what to do first', async () => {
    writeFileSync(at('bare.yml'), JSON.stringify({ k3s_server: { hosts: { n1: { ansible_connection: 'local', ansible_become: false, k3s_address: '127.0.0.1' } } } }))
    for (const playbook of ['sealed-secrets', 'sealed-secrets-prove', 'sealed-secrets-rotate', 'sealed-secrets-restore']) {
      const run = await runTutti('run', join(root, `playbooks/${playbook}.yml`), '-i', at('bare.yml'), '--check')
      expect([run.exitCode, run.output]).toEqual([2, expect.stringContaining('there is no cluster yet: run playbooks/k3s.yml first')])
    }
    rmSync(at('bare.yml'))
    expect(readdirSync(directory).sort()).toEqual(['hosts.yml', 'repository', 'site.yml'])
  }, 240_000)

  test('it is installed, its certificate and key are kept, and a second run changes nothing', async () => {
    await well(role())
    expect(readFileSync(at('sealing.pem'), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/)
    expect(statSync(at('.secrets/sealing-keys.vault')).mode & 0o777).toBe(0o600)
    expect(backup().items.map(({ metadata }) => metadata.name)).toEqual(keys())
    await changesNothing()
    seal()
    await opens()
  }, 240_000)

  test('it is proved, and nothing of the proof stays', async () => {
    const run = await well(role('prove'))
    expect(run.result('Say so').outputs.msg).toMatch(/^proved: a value sealed for [0-9a-f]{64} was opened \(Synced=True for generation 1 of 1\), and a pod has read it$/)
    expect(kubectl('get', 'namespaces', '-o', 'name')).not.toContain('proof')
  }, 240_000)

  test('a rotation: one key more, what was sealed opens, and is sealed again', async () => {
    const [old, [first]] = [readFileSync(at('sealing.pem'), 'utf8'), keys()]
    const run = await well(role('rotate'))
    expect(run.result('Say what is left to do').outputs.msg).toContain('tutti seal --re-encrypt')
    expect(readFileSync(at('sealing.pem'), 'utf8')).not.toBe(old)
    expect(keys()).toHaveLength(2)
    expect(keys()).toContain(first)
    expect(backup().items.map(({ metadata }) => metadata.name).sort()).toEqual(keys())
    await changesNothing()
    await opens()
    const sealed = readFileSync(at('repository/strict.yml'), 'utf8')
    const [, ...words] = /tutti (seal .* )DIRECTORY$/.exec(run.result('Say what is left to do').outputs.msg)![1]!.trim().split(' ')
    tutti('seal', ...words, at('repository'))
    expect(readFileSync(at('repository/strict.yml'), 'utf8')).not.toBe(sealed)
    await opens()
  }, 240_000)

  test('a new cluster gets the keys before its controller starts', async () => {
    const [certificate, had] = [readFileSync(at('sealing.pem'), 'utf8'), keys()]
    await cluster.empty()
    await well(role())
    expect(keys()).toEqual(had)
    expect(readFileSync(at('sealing.pem'), 'utf8')).toBe(certificate)
    await changesNothing()
    await opens()
  }, 240_000)

  test('a cluster with another key: the backup loses nothing, and is brought there when it is asked for', async () => {
    const had = keys()
    await cluster.empty()
    renameSync(at('.secrets/sealing-keys.vault'), at('aside'))
    await well(role())
    const [own] = keys()
    renameSync(at('aside'), at('.secrets/sealing-keys.vault'))
    const run = await well(role())
    expect(run.result('Tell of keys that the cluster does not have').outputs.msg).toMatch(/has 2 keys that this cluster does not have/)
    expect(backup().items.map(({ metadata }) => metadata.name).sort()).toEqual([...had, own!].sort())
    await expect(opens()).rejects.toThrow(/no key could decrypt/)
    await well(role('restore'))
    expect(keys()).toEqual([...had, own!].sort())
    await opens()
    expect(having(await well(role('restore')), 'changed')).toEqual([])
    await changesNothing()
  }, 240_000)

  test('manifests of the publisher are taken with their sum alone', async () => {
    const manifest = `# theirs\n${readFileSync(join(root, 'roles/sealed_secrets/files/crd.yml'), 'utf8')}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs, namespace: kube-system}\n`
    writeFileSync(at('controller.yaml'), manifest)
    const theirs = (sum: string) => role('install', '-e', JSON.stringify({ sealed_secrets_manifest: at('controller.yaml'), sealed_secrets_manifest_sha256: sum }))
    expect((await theirs('')).output).toMatch(/has the SHA-256 [0-9a-f]{64}, and sealed_secrets_manifest_sha256 says nothing/)
    expect(having(await well(theirs(createHash('sha256').update(manifest).digest('hex'))), 'changed')).toEqual(['Run the controller'])
    expect(kubectl('get', 'configmap', 'theirs', '-n', 'kube-system', '-o', 'name')).toBe('configmap/theirs\n')
  }, 240_000)

  test('no key and no value is in any event', () => {
    const told = JSON.stringify(runs.map(({ events, output }) => [events, output]))
    const secret = [...values.values(), ...backup().items.flatMap(({ data }) => [data['tls.key']!, Buffer.from(data['tls.key']!, 'base64').toString().split('\n')[3]!]), JSON.parse(decrypt(readFileSync(at('.secrets/sealing-hmac.vault'), 'utf8'), { secrets: [{ id: 'default', secret: Buffer.from(readFileSync(at('.secrets/k3s-token.key'), 'utf8').trim()) }] })).secret]
    for (const one of secret) for (const form of [one, Buffer.from(one).toString('base64').replace(/=+$/, '')]) expect(told.includes(form)).toBe(false)
  })
})
