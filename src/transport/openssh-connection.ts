import { setTimeout as sleep } from 'node:timers/promises'
import type { Duplex } from 'node:stream'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeAskpass } from './askpass.ts'
import { channelStream } from './channel-stream.ts'
import { childChannel } from './child-channel.ts'
import type { Target } from './connection.ts'
import { Unreachable } from './connection.ts'
import { forwardFailed } from './local-connection.ts'
import { opensshProblem } from './openssh-problem.ts'
import { connectionLost } from './ssh-problem.ts'
import type { SshSettings } from './ssh-settings.ts'
import { tiedChannel } from './tied-channel.ts'
import type { Channel, Wire } from './wire.ts'

/**
 * The second road: the system's `ssh` program logs in once as a master, and every channel is one more `ssh` through it. It can do all
 * that the user's ssh can: certificates, Kerberos, security keys, `Match exec`.
 */
export async function openOpensshWire(settings: SshSettings, target: Target, where: string): Promise<Wire> {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-'))
  const askpass = await makeAskpass(folder, { password: target.password, passphrase: target.privateKeyPassphrase })
  const common = [...sshArguments(settings, target), '-o', `BatchMode=${askpass ? 'no' : 'yes'}`]
  const socket = join(folder, 's')
  // An open ControlPath of the user's own is why we are here: it is used as it is.
  if (settings.secondRoad === 'an open ControlPath') return new OpensshWire(common, settings, where, undefined, folder)
  const master = tiedChannel('ssh', ['-M', '-N', '-S', socket, ...common, settings.host], { env: { ...process.env, ...askpass?.env } })
  try {
    await loggedIn(master, socket, settings, where)
  } catch (error) {
    master.close()
    await rm(folder, { recursive: true, force: true })
    throw error
  } finally {
    await askpass?.close()
  }
  return new OpensshWire(['-S', socket, '-o', 'ControlMaster=no', ...common], settings, where, master, folder)
}

/** What the target says, then its own arguments: the first value of an option wins. */
function sshArguments({ aliveInterval, aliveCount, connectTimeout }: SshSettings, target: Target): readonly string[] {
  const options = [
    ...(target.user === undefined ? [] : [`User=${target.user}`]),
    ...(target.port === undefined ? [] : [`Port=${target.port}`]),
    ...(target.privateKeyFile === undefined ? [] : [`IdentityFile="${target.privateKeyFile}"`]),
    ...(target.knownHostsFiles ? [`UserKnownHostsFile=${target.knownHostsFiles.map((file) => `"${file}"`).join(' ')}`] : []),
    ...(target.hostKeyChecking === false ? ['StrictHostKeyChecking=no'] : []),
    `ConnectTimeout=${connectTimeout}`,
    `ServerAliveInterval=${aliveInterval}`,
    `ServerAliveCountMax=${aliveCount}`,
    'RequestTTY=no',
    'RemoteCommand=none',
    'NumberOfPasswordPrompts=1',
    'LogLevel=ERROR',
  ]
  return [...options.flatMap((option) => ['-o', option]), ...(target.sshArguments ?? [])]
}

/** The socket of the master appears when it has logged in; its end before that is the failure. */
async function loggedIn(master: Channel, socket: string, { connectTimeout }: SshSettings, where: string): Promise<void> {
  let said = ''
  let ended = false
  master.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  master.stdout.resume()
  void master.ended.then(() => (ended = true))
  // Connecting has its own limit in ssh; logging in (a proxy, a token to touch) may take a while longer.
  for (const end = Date.now() + connectTimeout * 1000 + 30_000; Date.now() < end; await sleep(10)) {
    if (ended) throw opensshProblem(where, said)
    if (existsSync(socket)) return
  }
  throw opensshProblem(where, `${said}\nConnection timed out`)
}

/** Milliseconds in which a refused forwarding is known to be refused. */
const FORWARD_DOUBT = 200

class OpensshWire implements Wire {
  readonly name: string
  readonly #arguments: readonly string[]
  readonly #settings: SshSettings
  readonly #master: Channel | undefined
  readonly #folder: string
  readonly #lost = Promise.withResolvers<Unreachable>()
  readonly #channels = new Set<Channel>()
  #over = false

  constructor(args: readonly string[], settings: SshSettings, where: string, master: Channel | undefined, folder: string) {
    this.name = where
    this.#arguments = args
    this.#settings = settings
    this.#master = master
    this.#folder = folder
    let said = ''
    master?.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)))
    void master?.ended.then(() => this.#lose(said.trim() || 'ssh ended'))
  }

  get lost(): Promise<Unreachable> {
    return this.#lost.promise
  }

  async open(command: string): Promise<Channel> {
    return this.#ssh([this.#settings.host, command])
  }

  async forward(address: string, port: number): Promise<Duplex> {
    const channel = this.#ssh(['-W', `${address.includes(':') ? `[${address}]` : address}:${port}`, this.#settings.host])
    const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
    const stream = channelStream(channel)
    stream.once('error', (error) => reject(forwardFailed(this.name, address, port, error.message)))
    // ssh does not say when the way is open, only (soon) when it is not.
    channel.stdout.once('data', () => resolve(stream))
    setTimeout(() => resolve(stream), FORWARD_DOUBT)
    return promise
  }

  async close(): Promise<void> {
    this.#lose('closed')
    for (const channel of this.#channels) channel.close()
    this.#master?.close()
    await this.#master?.ended
    await rm(this.#folder, { recursive: true, force: true })
  }

  #ssh(args: readonly string[]): Channel {
    if (this.#over) throw connectionLost(this.name, 'ssh ended')
    const channel = childChannel('ssh', [...this.#arguments, ...args])
    this.#channels.add(channel)
    void channel.ended.then(() => this.#channels.delete(channel))
    return channel
  }

  #lose(reason: string): void {
    this.#over = true
    this.#lost.resolve(connectionLost(this.name, reason.replaceAll(/\s*\n\s*/g, '; ')))
  }
}
