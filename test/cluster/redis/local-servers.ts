import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Dial, NothingListens } from '../../../src/cluster/redis/reach.ts'
import type { Instance } from '../../../src/cluster/redis/topology.ts'

/** Why there are no tests against Redis here; undefined where there are. */
export function whyNoRedis(): string | undefined {
  const version = spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).stdout
  if (!version) return 'redis-server is not installed'
  if (Number(/v=(\d+)/.exec(version)?.[1]) < 7) return 'redis-server is older than 7'
  return process.platform === 'linux' ? undefined : 'only Linux has a whole network of loopback addresses'
}

/** Redis processes at 127.x.1.N, one address a host: for Redis these are different machines. */
export class LocalServers {
  readonly #directory = mkdtempSync(join(tmpdir(), 'redis-'))
  readonly #processes = new Map<string, ChildProcess>()
  readonly #network: number
  readonly #settings: readonly string[]
  readonly dial: Dial

  /** `network` keeps test files apart that run side by side. */
  constructor(network: number, settings: readonly string[] = []) {
    this.#network = network
    this.#settings = settings
    this.dial = ({ name, address, port }) =>
      new Promise((resolve, reject) => {
        const socket = connect(port, address, () => resolve(socket))
        socket.on('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ECONNREFUSED' ? new NothingListens(name) : error))
      })
  }

  instance(host: number, port: number, domains: Readonly<Record<string, string>> = {}): Instance {
    return { name: `redis${host}:${port}`, host: `redis${host}`, address: `127.${this.#network}.1.${host}`, port, domains }
  }

  async start(...instances: readonly Instance[]): Promise<void> {
    await Promise.all(instances.map(async (instance) => {
      const { name, address, port } = instance
      const settings = {
        port, bind: address, 'cluster-enabled': 'yes', 'cluster-config-file': `${name}.conf`, 'cluster-node-timeout': 1000, 'cluster-allow-replica-migration': 'no', 'cluster-require-full-coverage': 'no',
        'repl-diskless-sync-delay': 0, save: '', appendonly: 'no', dir: this.#directory, dbfilename: `${name}.rdb`, 'cluster-announce-ip': address, logfile: `${name}.log`,
      }
      const process = spawn('redis-server', [...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)]), ...this.#settings], { stdio: 'ignore' })
      this.#processes.set(name, process)
      for (let i = 0; i < 100; i++) {
        const up = await this.dial(instance).then((stream) => (stream.destroy(), true), () => false)
        if (up) return
        await sleep(50)
      }
      throw new Error(`${name} does not start`)
    }))
  }

  async kill(...instances: readonly Instance[]): Promise<void> {
    await Promise.all(instances.map(async ({ name }) => {
      const process = this.#processes.get(name)
      if (!process || process.exitCode !== null || process.signalCode !== null) return
      const gone = new Promise((resolve) => process.once('exit', resolve))
      process.kill('SIGKILL')
      await gone
    }))
  }

  /** Whatever they stored is gone: the next start is the first. */
  clean(...instances: readonly Instance[]): void {
    for (const file of readdirSync(this.#directory)) if (instances.some(({ name }) => file.startsWith(name))) rmSync(join(this.#directory, file), { recursive: true })
  }

  async close(): Promise<void> {
    await this.kill(...[...this.#processes.keys()].map((name) => ({ name }) as Instance))
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
