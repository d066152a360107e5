import { readFileSync } from 'node:fs'
import type * as Ssh2 from 'ssh2'
import type { AuthMethod, SshSettings } from './ssh-settings.ts'

type Library = typeof Ssh2

/** What to log in with, one attempt after the other, and a record of what was tried for the error that says so. */
export interface Login {
  readonly attempts: readonly Attempt[]
  /** Keys that could not be used, and why. */
  readonly skipped: readonly string[]
}

export interface Attempt {
  readonly method: AuthMethod
  readonly what: string
  readonly auth: Ssh2.AnyAuthMethod
}

/** All attempts that the settings allow, in the order of the settings' methods. Keys somebody named go before the agent's others. */
export async function prepareLogin(settings: SshSettings): Promise<Login> {
  // Only a run that goes over ssh pays for the library.
  const { default: ssh2 } = (await import('ssh2')) as unknown as { default: Library }
  const skipped: string[] = []
  const keys = settings.methods.includes('publickey') ? await keyAttempts(ssh2, settings, skipped) : []
  const attempts = settings.methods.flatMap((method) => (method === 'publickey' ? keys : passwordAttempts(method, settings)))
  return { attempts, skipped }
}

function passwordAttempts(method: 'keyboard-interactive' | 'password', { user: username, password }: SshSettings): readonly Attempt[] {
  if (password === undefined) return []
  if (method === 'password') return [{ method, what: 'password', auth: { type: 'password', username, password } }]
  let asked = 0
  const prompt: Ssh2.KeyboardInteractiveAuthMethod['prompt'] = (_name, _instructions, _language, prompts, finish) =>
    // A server that asks again did not like the answer; empty answers end the attempt.
    finish(prompts.map(({ echo }) => (echo || asked++ > 0 ? '' : password)))
  return [{ method, what: 'keyboard-interactive', auth: { type: 'keyboard-interactive', username, prompt } }]
}

async function keyAttempts(ssh2: Library, settings: SshSettings, skipped: string[]): Promise<readonly Attempt[]> {
  const files = settings.identityFiles.map((file) => ({ ...file, ...readKey(ssh2, file.path, file.named, settings, skipped) }))
  const held = settings.agent ? await agentKeys(ssh2, settings.agent, skipped) : []
  const ofFiles = held.filter(({ blob }) => files.some(({ publicKey }) => publicKey?.equals(blob)))
  const others = settings.identitiesOnly ? [] : held.filter((key) => !ofFiles.includes(key))
  const fromAgent = (key: AgentKey) => agentAttempt(ssh2, settings, key)
  const fromFiles = files
    .filter(({ key, publicKey }) => key !== undefined && !ofFiles.some(({ blob }) => publicKey?.equals(blob)))
    .map(({ path, key, named }) => ({ named, attempt: keyAttempt(settings, path, key!) }))
  return [
    ...ofFiles.map(fromAgent),
    // A named key before the agent's strangers: an agent with many keys must not use up the server's patience (MaxAuthTries).
    ...fromFiles.filter(({ named }) => named).map(({ attempt }) => attempt),
    ...others.map(fromAgent),
    ...fromFiles.filter(({ named }) => !named).map(({ attempt }) => attempt),
  ]
}

const keyAttempt = ({ user: username, passphrase }: SshSettings, path: string, key: Buffer): Attempt => ({
  method: 'publickey',
  what: path,
  auth: { type: 'publickey', username, key, ...(passphrase === undefined ? {} : { passphrase }) },
})

interface KeyFile {
  readonly key?: Buffer
  /** The public half as the agent and the wire have it. */
  readonly publicKey?: Buffer
}

function readKey(ssh2: Library, path: string, named: boolean, { passphrase }: SshSettings, skipped: string[]): KeyFile {
  const neighbour = publicHalf(`${path}.pub`)
  let key: Buffer
  try {
    key = readFileSync(path)
  } catch (error) {
    if (named && !neighbour) skipped.push(`${path} (${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : 'cannot be read'})`)
    return neighbour ? { publicKey: neighbour } : {}
  }
  const parsed = ssh2.utils.parseKey(key, passphrase)
  if (parsed instanceof Error) {
    if (/^(ssh|ecdsa|sk)-/.test(key.toString('latin1', 0, 12))) return { publicKey: publicHalf(path) ?? Buffer.alloc(0) }
    skipped.push(`${path} (${keyTrouble(parsed.message)})`)
    return neighbour ? { publicKey: neighbour } : {}
  }
  const [first] = [parsed].flat() as Ssh2.ParsedKey[]
  if (!first!.isPrivateKey()) return { publicKey: first!.getPublicSSH() }
  return { key, publicKey: first!.getPublicSSH() }
}

const keyTrouble = (message: string): string =>
  /no passphrase/i.test(message) ? 'encrypted, and no passphrase was given' : /integrity|bad decrypt|passphrase/i.test(message) ? 'wrong passphrase' : message

function publicHalf(path: string): Buffer | undefined {
  try {
    const [, blob] = readFileSync(path, 'utf8').trim().split(/\s+/)
    return blob ? Buffer.from(blob, 'base64') : undefined
  } catch {
    return undefined
  }
}

interface AgentKey {
  readonly agent: Ssh2.BaseAgent
  readonly identity: Buffer | Ssh2.ParsedKey
  readonly blob: Buffer
  readonly comment: string
}

/** The keys of the agent; an agent that does not answer has none. */
async function agentKeys(ssh2: Library, socket: string, skipped: string[]): Promise<readonly AgentKey[]> {
  const agent = ssh2.createAgent(socket)
  const { promise, resolve } = Promise.withResolvers<readonly AgentKey[]>()
  agent.getIdentities((error, found) => {
    if (error) skipped.push(`the agent at ${socket} (${error.message})`)
    resolve((found ?? []).map((identity) => describeIdentity(agent, identity as Buffer | Ssh2.ParsedKey)))
  })
  return promise
}

function describeIdentity(agent: Ssh2.BaseAgent, identity: Buffer | Ssh2.ParsedKey): AgentKey {
  if (Buffer.isBuffer(identity)) return { agent, identity, blob: identity, comment: '' }
  return { agent, identity, blob: identity.getPublicSSH(), comment: identity.comment }
}

/** ssh2 tries all keys of an agent at once; an agent that shows one key keeps the order and the record ours. */
function agentAttempt(ssh2: Library, { user: username }: SshSettings, { agent, identity, comment }: AgentKey): Attempt {
  const { BaseAgent } = ssh2
  class OneKey extends BaseAgent {
    override getIdentities(answer: Parameters<Ssh2.BaseAgent['getIdentities']>[0]): void {
      answer(undefined, [identity] as never)
    }
    override sign(...args: unknown[]): void {
      Reflect.apply(agent.sign, agent, args)
    }
  }
  return { method: 'publickey', what: `the agent's key ${comment || 'without a name'}`, auth: { type: 'agent', username, agent: new OneKey() as never } }
}
