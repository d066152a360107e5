import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config, NodeSSH } from 'node-ssh'
import type { AuthHandlerMiddleware, Client, ClientChannel } from 'ssh2'
import type { Connection } from './connection.ts'
import { Unreachable } from './connection.ts'
import { hostKeyAlgorithms, judgeKey, type KnownHost, loadKnownHosts, rememberHost } from './known-hosts.ts'
import { forwardFailed } from './local-connection.ts'
import { type Login, prepareLogin } from './ssh-login.ts'
import { authFailed, connectionLost, hostKeyProblem, networkProblem, noAnswer } from './ssh-problem.ts'
import type { SshSettings } from './ssh-settings.ts'
import { openSocket } from './ssh-socket.ts'
import { type Channel, ChannelRefused, type Ending, type Wire } from './wire.ts'

/** Logs in over ssh2. Rejects with `Unreachable` and the precise reason. `through`: the last host of a ProxyJump. */
export async function openSshWire(settings: SshSettings, where: string, through?: Connection): Promise<Wire> {
  // sshd makes itself and its keys ready while we load the library and read ours: a host that is near has our greeting before that begins.
  const opening = openSocket(settings, where, through).then(greet)
  await Promise.race([opening.catch(() => undefined), sleep(2)])
  const ready = Promise.all([prepareLogin(settings), opening, import('node-ssh')])
  ready.catch(() => opening.then((socket) => socket.destroy(), () => undefined))
  const [login, socket, { NodeSSH }] = await ready
  return new Handshake(settings, where, login, socket).run(new NodeSSH())
}

const GREETING = 'SSH-2.0-tutti\r\n'

/** Sends our greeting, and leaves out the same one when the library, which signs it, would send it. */
function greet(socket: Duplex): Duplex {
  socket.on('error', () => undefined)
  socket.write(GREETING)
  const write = socket.write
  socket.write = (chunk: unknown, ...more: unknown[]): boolean => {
    socket.write = write
    return String(chunk) === GREETING || Reflect.apply(write, socket, [chunk, ...more])
  }
  return socket
}

/** One login: what was tried, what the host showed, and why it failed if it did. */
class Handshake {
  readonly #settings: SshSettings
  readonly #where: string
  readonly #login: Login
  readonly #socket: Duplex
  readonly #known: readonly KnownHost[]
  readonly #tried: string[] = []
  #offered: readonly string[] | undefined
  #refusal: Unreachable | undefined

  constructor(settings: SshSettings, where: string, login: Login, socket: Duplex) {
    this.#settings = settings
    this.#where = where
    this.#login = login
    this.#socket = socket
    this.#known = loadKnownHosts(settings.knownHostsFiles)
  }

  async run(ssh: NodeSSH): Promise<Wire> {
    // A proxy command may have ended while the library was being loaded: nobody would hear of it any more.
    if (this.#socket.errored) throw this.#reason(this.#socket.errored)
    const connecting = ssh.connect(this.#config() as Config)
    const client = ssh.connection!
    const wire = new SshWire(client, this.#where)
    try {
      await connecting
      return wire
    } catch (error) {
      client.destroy()
      throw this.#reason(error as Error & { level?: string })
    }
  }

  #config() {
    const { user: username, aliveInterval, aliveCount, connectTimeout, agent, forwardAgent, knownNames } = this.#settings
    return {
      sock: this.#socket as never,
      ident: GREETING.slice('SSH-2.0-'.length).trim(),
      username,
      authHandler: this.#nextAttempt as never,
      hostVerifier: (key: Buffer) => this.#verify(key),
      keepaliveInterval: aliveInterval * 1000,
      keepaliveCountMax: aliveCount,
      readyTimeout: Math.max(connectTimeout, 10) * 1000,
      ...(agent && forwardAgent ? { agent, agentForward: true } : {}),
      // No compression, whoever asks for it: ssh2 1.17 throws out of reach when a compressed connection is lost ("Invalid Zlib instance").
      algorithms: { serverHostKey: hostKeyAlgorithms(knownNames, this.#known) as never, compress: ['none'] },
    }
  }

  // ssh2 asks for one attempt after the other; the first question comes before the server has said what it accepts.
  readonly #nextAttempt: AuthHandlerMiddleware = (methodsLeft, _partial, next) => {
    if (methodsLeft) this.#offered = methodsLeft
    const attempt = this.#login.attempts.find(({ what, method }) => !this.#tried.includes(what) && (!methodsLeft || methodsLeft.includes(method)))
    if (!attempt) return next(false as never)
    this.#tried.push(attempt.what)
    return next(attempt.auth)
  }

  #verify(key: Buffer): boolean {
    const { knownNames, strictHostKeys, userKnownHostsFile, hashKnownHosts } = this.#settings
    const verdict = judgeKey(knownNames, key, this.#known)
    if (verdict.kind === 'known') return true
    const accepted = verdict.kind !== 'revoked' && (strictHostKeys === 'no' || (strictHostKeys === 'accept-new' && verdict.kind === 'unknown'))
    if (!accepted) this.#refusal = hostKeyProblem(this.#settings, this.#where, key, verdict)
    else if (verdict.kind === 'unknown' && userKnownHostsFile) rememberHost(userKnownHostsFile, knownNames[0]!, key, hashKnownHosts)
    return accepted
  }

  #reason(error: Error & { level?: string; code?: string }): Error {
    if (this.#refusal) return this.#refusal
    if (error.level === 'client-authentication') return authFailed(this.#where, this.#tried, this.#login.skipped, this.#offered)
    if (error.level === 'client-timeout') return noAnswer(this.#where, 'it accepts the connection, but says nothing ssh')
    // sshd hangs up on a user who has tried too often before it says so.
    if (this.#tried.length > 3 && /disconnect|authentication/i.test(error.message)) return authFailed(this.#where, this.#tried, this.#login.skipped, this.#offered)
    return Object.assign(networkProblem(this.#where, error), { early: this.#offered === undefined && this.#tried.length === 0 && this.#settings.proxyCommand === undefined })
  }
}

class SshWire implements Wire {
  readonly name: string
  readonly #client: Client
  readonly #lost = Promise.withResolvers<Unreachable>()
  #closing = false

  constructor(client: Client, name: string) {
    this.#client = client
    this.name = name
    client.on('error', (error) => this.#lose(reasonOf(error)))
    client.on('close', () => this.#lose(this.#closing ? 'closed' : 'the host closed it'))
  }

  get lost(): Promise<Unreachable> {
    return this.#lost.promise
  }

  open(command: string): Promise<Channel> {
    const { promise, resolve, reject } = Promise.withResolvers<Channel>()
    void this.lost.then(reject)
    try {
      this.#client.exec(command, (error, channel) => (error ? reject(this.#refused(error)) : resolve(sshChannel(channel))))
    } catch (error) {
      reject(connectionLost(this.name, (error as Error).message))
    }
    return promise
  }

  forward(address: string, port: number): Promise<Duplex> {
    const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
    void this.lost.then(reject)
    try {
      this.#client.forwardOut('127.0.0.1', 0, address, port, (error, channel) =>
        error ? reject(forwardFailed(this.name, address, port, error.message)) : resolve(channel),
      )
    } catch (error) {
      reject(connectionLost(this.name, (error as Error).message))
    }
    return promise
  }

  async close(): Promise<void> {
    this.#closing = true
    this.#client.end()
    // A dead machine does not say goodbye.
    const timer = setTimeout(() => this.#client.destroy(), 1000)
    await this.lost
    clearTimeout(timer)
  }

  #lose(reason: string): void {
    this.#lost.resolve(connectionLost(this.name, reason))
    // ssh2 reports a keepalive that went unanswered, and leaves the socket to linger.
    if (!this.#closing) this.#client.destroy()
  }

  #refused(error: Error): Error {
    return /channel open failure|open failed|administratively|resource shortage|connect failed/i.test(error.message)
      ? new ChannelRefused(this.name, error.message)
      : connectionLost(this.name, error.message)
  }
}

const reasonOf = (error: Error & { level?: string }): string => (/keepalive/i.test(error.message) ? 'it no longer answers' : error.message)

function sshChannel(channel: ClientChannel): Channel {
  const { promise, resolve } = Promise.withResolvers<Ending>()
  let ending: Ending = {}
  channel.on('exit', (code: number | null, signal?: string) => (ending = code === null ? { ...(signal ? { signal } : {}) } : { code }))
  channel.on('close', () => resolve(ending))
  channel.on('error', () => undefined)
  return { stdin: channel, stdout: channel, stderr: channel.stderr, ended: promise, close: () => channel.close() }
}
