import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { SCOPES, type Scope } from '../../src/seal/scope.ts'
import { decrypt, encrypt } from '../../src/vault/vault.ts'
import { type TuttiRun, runTutti } from '../lab/run-tutti.ts'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { filesWith, formsIn, formsOf, hostFilesWith, temporaryFilesWith } from './find-bytes.ts'
import { k3sRelease, kubectl, ownImage, slimRelease } from './k3s-hosts.ts'
import { K3sPlays } from './k3s-plays.ts'
import { watchArguments } from './watch-arguments.ts'

/** How many values of each scope. */
export const EACH = 20
const PASSWORD = 'of the vault of this test'

interface Item {
  readonly name: string
  readonly scope: Scope
  readonly value: string
}

/**
 * Values in a vault, sealed for clusters of one inventory, with everything that happens on the way looked at: runs, argument lists, and in the
 * end all files. All values begin with one mark: where it is found, one of them is.
 */
export class SealingRuns {
  readonly folder = mkdtempSync(join(tmpdir(), 'tutti-sealing-'))
  readonly #mark = `mark${randomBytes(14).toString('hex')}`
  readonly items: readonly Item[] = SCOPES.flatMap((scope) => Array.from({ length: EACH }, (_, i) => ({ name: `${scope}-${i}`, scope, value: `${this.#mark}${randomBytes(8).toString('hex')}` })))
  readonly #lab: TestLab
  readonly #clusters: K3sPlays[] = []
  readonly #runs: TuttiRun[] = []
  readonly #watch = watchArguments()
  readonly #since = Date.now()

  constructor(lab: TestLab) {
    this.#lab = lab
    mkdirSync(this.at('repository'))
    writeFileSync(this.at('password'), `${PASSWORD}\n`)
    writeFileSync(this.at('values.vault'), encrypt(JSON.stringify({ items: this.items }), PASSWORD))
  }

  at(name: string): string {
    return join(this.folder, name)
  }

  /** The playbooks on a cluster of one server; all clusters have one certificate, one backup and one key for notes, as of one inventory. */
  cluster(server: string): K3sPlays {
    const isReal = k3sRelease().name === 'k3s'
    const plays = new K3sPlays(this.#lab, [server], [], {
      k3s_image_archives: isReal ? [] : [ownImage('controller'), ownImage('probe')], ...(isReal ? {} : { sealed_secrets_proof_image: 'docker.io/library/probe:1.0.0' }),
      sealed_secrets_certificate: this.at('sealing.pem'), sealed_secrets_backup: this.at('keys.vault'), sealed_secrets_key_file: this.at('key'), sealed_secrets_hmac_file: this.at('hmac.vault'),
    })
    Object.assign(plays.vars, { k3s_offline_dir: slimRelease(plays.directory) })
    this.#clusters.push(plays)
    return plays
  }

  async play(plays: K3sPlays, playbook: string, ...flags: readonly string[]): Promise<TuttiRun> {
    const run = await plays.play(playbook, {}, '--diff', ...flags)
    this.#runs.push(run)
    expect(run.exitCode, run.output).toBe(0)
    return run
  }

  /** Tasks on the server of a cluster, with the values from their vault. */
  async tasks(host: TestHost, list: readonly object[], ...flags: readonly string[]): Promise<TuttiRun> {
    const start = { name: 'hmac', generated_secret: { path: this.at('hmac.vault'), key_path: this.at('key') }, register: 'hmac', no_log: true }
    writeFileSync(this.at('site.yml'), JSON.stringify([{ hosts: host.name, become: true, gather_facts: false, vars_files: [this.at('values.vault')], tasks: [start, ...list] }]))
    const run = await runTutti('run', this.at('site.yml'), '-i', this.#lab.file, '--vault-password-file', this.at('password'), '--diff', ...flags)
    this.#runs.push(run)
    return run
  }

  /** The task that seals all values, into files of the repository. */
  seal(more: object = {}): { readonly name: string; readonly loop: string } {
    return {
      name: 'seal', loop: '{{ items }}', loop_control: { label: '{{ item.name }}' },
      sealed_secret: { name: '{{ item.name }}', namespace: 'shop', scope: '{{ item.scope }}', data: { password: '{{ item.value }}' }, hmac_key: '{{ hmac.secret }}', certificate: this.at('sealing.pem'), path: `${this.at('repository')}/{{ item.name }}.yml`, ...more },
    } as { readonly name: string; readonly loop: string }
  }

  repository(): string {
    return this.items.map(({ name }) => this.sealed(name)).join('---\n')
  }

  sealed(name: string): string {
    return readFileSync(this.at(`repository/${name}.yml`), 'utf8')
  }

  /** What is in the repository becomes Secrets, waited for until each says Synced=True for its generation. */
  async opens(host: TestHost): Promise<void> {
    writeFileSync(this.at('all.yml'), this.repository())
    const namespaces = ['shop', 'other'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
    const run = await this.tasks(host, [{ name: 'namespaces', k8s: { definition: namespaces } }, { name: 'deliver', k8s: { definition: `{{ lookup('file', '${this.at('all.yml')}') }}`, wait: true, wait_timeout: 240, wait_sleep: 3 } }])
    expect(run.exitCode, run.output).toBe(0)
    const made = JSON.parse(await kubectl(host, 'get secrets -n shop -o json')).items as readonly { readonly metadata: { readonly name: string }; readonly data: { readonly password?: string } }[]
    const found = new Map(made.map(({ metadata, data }) => [metadata.name, Buffer.from(data.password ?? '', 'base64').toString()]))
    expect(this.items.filter(({ name, value }) => found.get(name) !== value).map(({ name }) => name)).toEqual([])
    const sealed = JSON.parse(await kubectl(host, 'get sealedsecrets -n shop -o json')).items as readonly any[]
    expect(sealed).toHaveLength(this.items.length)
    expect(sealed.filter(({ metadata, status }) => status?.observedGeneration !== metadata.generation || !status.conditions.some(({ type, status: is }: any) => type === 'Synced' && is === 'True')).map(({ metadata }) => metadata.name)).toEqual([])
  }

  /** No value is in any event, argument list or file: of ours, of the hosts, their journals, or etcd. */
  async leakNothing(hosts: readonly TestHost[]): Promise<void> {
    const [seen, forms] = [await this.#watch.stop(), formsOf(this.#mark)]
    expect(seen).toMatch(/tutti run/)
    expect(formsIn(seen, forms)).toEqual([])
    expect(formsIn(JSON.stringify(this.#runs), forms)).toEqual([])
    expect([this.folder, ...this.#clusters.map(({ directory }) => directory)].flatMap((directory) => filesWith(directory, forms))).toEqual([])
    writeFileSync(this.at('clear'), this.#mark)
    expect(temporaryFilesWith(forms, this.#since)).toEqual([this.at('clear')])
    rmSync(this.at('clear'))
    for (const host of hosts) {
      expect(formsIn(await kubectl(host, 'get events -A -o yaml') + (await kubectl(host, 'get sealedsecrets -A -o yaml')), forms)).toEqual([])
      expect(await hostFilesWith(host, forms)).toBe('')
    }
    // Both searches can find something: a Secret as the API gives it, and a file that is known to be there.
    expect(formsIn(await kubectl(hosts[0]!, 'get secrets -n shop -o yaml'), forms)).not.toEqual([])
    expect(await hostFilesWith(hosts[0]!, ['write-kubeconfig-mode'])).toContain('/etc/rancher/k3s/config.yaml')
    expect(decrypt(readFileSync(this.at('values.vault'), 'utf8'), { secrets: [{ id: 'default', secret: Buffer.from(PASSWORD) }] })).toContain(this.#mark)
  }

  async done(): Promise<void> {
    await this.#watch.stop()
    for (const plays of this.#clusters) plays.done()
    rmSync(this.folder, { recursive: true })
  }
}
