import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { decrypt } from '../../src/vault/vault.ts'
import { type TuttiRun, runTutti } from '../lab/run-tutti.ts'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { type Said, tutti } from '../lab/tutti.ts'
import { K3S_VERSIONS, k3sRelease, root } from './k3s-hosts.ts'

/** Four nodes on two cores: a leader that is late is not gone, and what is only slow does not restart itself. */
const patience = ['leader-elect-lease-duration=30s', 'leader-elect-renew-deadline=25s']
export const PATIENT = { k3s_server_config: { 'kube-controller-manager-arg': patience, 'kube-scheduler-arg': patience } } as const

const repository = join(import.meta.dirname, '../..')
type Kill = Pick<Parameters<typeof tutti>[1] & object, 'killOn' | 'killAt'>

/** The playbooks of k3s on a lab, with the inventory, the token and the kubeconfig in a directory of their own. */
export class K3sPlays {
  readonly directory = mkdtempSync(join(tmpdir(), 'tutti-k3s-'))
  readonly #lab: Pick<TestLab, 'file'>
  readonly vars: Readonly<Record<string, unknown>>

  constructor(lab: Pick<TestLab, 'file'>, servers: readonly string[], agents: readonly string[], vars: Readonly<Record<string, unknown>> = {}) {
    this.#lab = lab
    this.vars = {
      k3s_offline_dir: dirname(k3sRelease().program), k3s_version: K3S_VERSIONS.current, k3s_kubeconfig: join(this.directory, 'kubeconfig'), k3s_cluster_name: 'test',
      k3s_token_file: join(this.directory, 'token.vault'), k3s_token_key_file: join(this.directory, 'token.key'),
      // The sums that are pinned are those of k3s: lab k3s is another program of that name.
      ...(k3sRelease().name === 'k3s' ? {} : { k3s_sha256: {} }),
      k3s_disable: ['coredns', 'traefik', 'metrics-server', 'servicelb', 'local-storage'], ...vars,
    }
    this.groups(servers, agents)
  }

  /** Who is what, from now on. */
  groups(servers: readonly string[], agents: readonly string[]): void {
    const group = (names: readonly string[]) => ({ hosts: Object.fromEntries(names.map((name) => [name, {}])) })
    writeFileSync(join(this.directory, 'groups.yml'), JSON.stringify({ k3s_server: group(servers), k3s_agent: group(agents) }))
  }

  /** One playbook, or several in one run with spaces between them. */
  async play(playbook: string, more: object = {}, ...flags: readonly string[]): Promise<TuttiRun> {
    const run = await runTutti(...this.#line(playbook, more, flags))
    expect(run.events.filter(({ type, text }) => type === 'warning' && text.includes('not true or false')), 'conditions of our roles are true or false').toEqual([])
    return run
  }

  /** The same, killed on the way. */
  killed(playbook: string, kill: Kill, more: object = {}): Promise<Said> {
    return tutti([...this.#line(playbook, more, []), '--output', 'json'], { ...kill, cwd: repository })
  }

  #line(playbook: string, more: object, flags: readonly string[]): readonly string[] {
    return ['run', ...playbook.split(' ').map((name) => `playbooks/${name}.yml`), '-i', this.#lab.file, '-i', join(this.directory, 'groups.yml'), '-e', JSON.stringify({ ...this.vars, ...more }), ...flags]
  }

  /** As if nothing had ever been run from here. */
  forget(): void {
    for (const file of ['token.vault', 'token.key', 'kubeconfig']) rmSync(join(this.directory, file), { force: true })
  }

  token(): string {
    return this.tokens().secret
  }

  /** The token that is kept, and the one before it while a rotation goes on. */
  tokens(): { readonly secret: string; readonly previous?: string } {
    const key = readFileSync(join(this.directory, 'token.key'), 'utf8').trim()
    return JSON.parse(decrypt(readFileSync(join(this.directory, 'token.vault'), 'utf8'), { secrets: [{ id: 'default', secret: Buffer.from(key) }] }))
  }

  done(): void {
    rmSync(this.directory, { recursive: true })
  }
}

/** The results with that status, as "host name", without the roles' names. */
export const having = (run: TuttiRun, status: string): readonly string[] => run.results.filter((line) => line.split(' ')[1] === status).map((line) => line.replace(` ${status} `, ' ').replace(/ \S+ : /, ' '))

/** When k3s was last started there: another text after every restart. */
export const startOf = (host: TestHost, unit = 'k3s'): Promise<string> => root(host, `systemctl show -p ActiveEnterTimestampMonotonic --value ${unit}`)
