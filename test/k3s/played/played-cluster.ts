import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ApiServer, apiServer, whyNoApiServer } from '../../kubernetes/api-server.ts'
import { K3sPlays } from '../k3s-plays.ts'

export const whyNotPlayed = (): string | undefined => whyNoApiServer() ?? (process.getuid?.() === 0 ? undefined : 'namespaces of their own need root')

/**
 * Hosts n1 … n4 as namespaces of this machine, with a k3s and a systemctl that are played and one real API server for all: what playbooks do in
 * which order, without what a cluster costs. Nothing runs in it: no etcd of its own, no pods.
 */
export class PlayedCluster {
  readonly directory = mkdtempSync(join(tmpdir(), 'played-'))
  readonly hosts: readonly string[]
  readonly #server: ApiServer
  readonly #holders = new Map<string, ChildProcess>()

  static async begin(count: number): Promise<PlayedCluster> {
    const cluster = new PlayedCluster(await apiServer(), count)
    try {
      for (const name of cluster.hosts) await cluster.renew(name)
      return cluster
    } catch (error) {
      await cluster.end()
      throw error
    }
  }

  private constructor(server: ApiServer, count: number) {
    this.#server = server
    this.hosts = Array.from({ length: count }, (_, index) => `n${index + 1}`)
    const own = import.meta.dirname
    for (const name of ['hosts', 'addresses', 'active', 'bin', 'etc']) mkdirSync(this.#at(name))
    for (const [file, path] of [['bin/ssh', 'bin/ssh'], ['systemctl', 'systemctl'], ['host.sh', 'host.sh']] as const) cpSync(join(own, file), this.#at(path))
    symlinkSync(join(server.programs, 'kubectl'), this.#at('bin/kubectl'))
    cpSync(server.kubeconfig, this.#at('kubeconfig'))
    for (const name of this.hosts) writeFileSync(this.#at(`addresses/${name}`), addressOf(name))
    // -K: a wish that only the ssh program can fulfil, so that ours is asked.
    writeFileSync(this.#at('hosts.yml'), JSON.stringify({ all: { hosts: Object.fromEntries(this.hosts.map((name) => [name, { ansible_host: addressOf(name), ansible_ssh_common_args: '-K' }])) } }))
  }

  readonly #at = (path: string): string => join(this.directory, path)

  /** What a release is for hosts that are played: its program, and images that nobody looks into. */
  release(version: string): string {
    const directory = this.#at(version)
    mkdirSync(directory)
    const files = { 'k3s': readFileSync(join(import.meta.dirname, 'k3s'), 'utf8').replace('RELEASE', version), 'k3s-airgap-images-amd64.tar.gz': `images of ${version}` }
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
    writeFileSync(join(directory, 'sha256sum-amd64.txt'), Object.entries(files).map(([name, content]) => `${createHash('sha256').update(content).digest('hex')}  ${name}\n`).join(''))
    return directory
  }

  plays(servers: readonly string[], agents: readonly string[], vars: Readonly<Record<string, unknown>>): K3sPlays {
    process.env['PATH'] = `${this.#at('bin')}:${process.env['PATH']}`
    process.env['PLAYED'] = this.directory
    return new K3sPlays({ file: this.#at('hosts.yml') }, servers, agents, { k3s_in_container: true, k3s_ready_timeout: 30, ...vars })
  }

  /** A fresh disk. */
  async renew(name: string): Promise<void> {
    this.#holders.get(name)?.kill('SIGKILL')
    for (const path of [`active/${name}`, `etc/${name}`, `etc/work-${name}`]) rmSync(this.#at(path), { recursive: true, force: true })
    const holder = spawn('unshare', ['-m', '-u', '-p', '-f', '--kill-child', 'sh', this.#at('host.sh'), name, this.directory], { stdio: ['ignore', 'ignore', 'inherit'] })
    this.#holders.set(name, holder)
    for (let i = 0; i < 100; i++, await sleep(50)) {
      const inside = children(holder.pid!)[0]
      if (!inside || !existsSync(`/proc/${inside}/root/run/played/directory`) || !mounted(inside)) continue
      return writeFileSync(this.#at(`hosts/${addressOf(name)}`), inside)
    }
    throw new Error(`${name} does not come up`)
  }

  /** Its network is gone, and what ran there with it. */
  cut(name: string): void {
    renameSync(this.#at(`hosts/${addressOf(name)}`), this.#at(`hosts/cut-${name}`))
    rmSync(this.#at(`active/${name}`), { force: true })
  }
  heal(name: string): void {
    renameSync(this.#at(`hosts/cut-${name}`), this.#at(`hosts/${addressOf(name)}`))
  }

  run(name: string, command: string): string {
    return execFileSync(this.#at('bin/ssh'), ['-x', addressOf(name), command], { env: { ...process.env, PLAYED: this.directory } }).toString()
  }

  /** Its clock as its `date` tells it: hosts of one kernel have one. `+3`: so many seconds ahead; nothing: right again. */
  setClock(name: string, seconds?: string): void {
    this.run(name, seconds === undefined ? 'rm /usr/local/bin/date' : `printf '#!/bin/sh\nexec /usr/bin/date -d "${seconds} seconds" "$@"\n' >/usr/local/bin/date && chmod 755 /usr/local/bin/date`)
  }

  kubectl(...args: readonly string[]): string {
    return execFileSync(this.#at('bin/kubectl'), [`--kubeconfig=${this.#at('kubeconfig')}`, ...args]).toString()
  }

  /** What the played k3s said since the last time. */
  said(): readonly string[] {
    const log = this.#at('log')
    const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
    rmSync(log, { force: true })
    return lines
  }

  async end(): Promise<void> {
    for (const holder of this.#holders.values()) holder.kill('SIGKILL')
    await sleep(200)
    rmSync(this.directory, { recursive: true, force: true })
    await this.#server.close()
  }
}

const addressOf = (name: string): string => `192.0.2.${name.slice(1)}`
const children = (pid: number): readonly string[] => (existsSync(`/proc/${pid}/task/${pid}/children`) ? readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean) : [])
/** The last thing that its beginning does. */
const mounted = (pid: string): boolean => / \S*systemctl /.test(readFileSync(`/proc/${pid}/mounts`, 'utf8'))
