import { existsSync, readFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { Problem } from '../problem/problem.ts'
import { type Target, Unreachable } from './connection.ts'
import { linesAbout, loadKnownHosts } from './known-hosts.ts'
import { parseSshArguments } from './ssh-arguments.ts'
import { type ConfigPlaces, DEFAULT_PLACES, expandTokens, readSshOptions, type SshOptions } from './ssh-config.ts'

/** How to reach one ssh server: the target, its arguments and the configuration files, in this order of precedence. */
export interface SshSettings {
  /** The name as it was given, and the one that is connected to. */
  readonly host: string
  readonly hostName: string
  readonly port: number
  readonly user: string
  readonly password?: string
  readonly passphrase?: string
  /** Key files in the order they are tried; `named` when somebody chose them. */
  readonly identityFiles: readonly { readonly path: string; readonly named: boolean }[]
  /** Only keys of the files, though the agent may hold them. */
  readonly identitiesOnly: boolean
  /** The socket of the agent; none without. */
  readonly agent?: string
  readonly forwardAgent: boolean
  readonly methods: readonly AuthMethod[]
  readonly proxyJump: readonly string[]
  readonly proxyCommand?: string
  /** Names under which the key may be known, and the files that know; the first one is written to. */
  readonly knownNames: readonly string[]
  readonly knownHostsFiles: readonly string[]
  readonly userKnownHostsFile?: string
  readonly hashKnownHosts: boolean
  readonly strictHostKeys: 'yes' | 'no' | 'accept-new'
  /** Seconds. */
  readonly connectTimeout: number
  /** Seconds between signs of life, and how many may be missed. */
  readonly aliveInterval: number
  readonly aliveCount: number
  readonly family: 0 | 4 | 6
  /** What only the system's `ssh` can do, in words; `undefined` where ssh2 can do it all. */
  readonly secondRoad?: string
  /** The configuration file of `-F`, for hosts on the way. */
  readonly places: ConfigPlaces
}

export type AuthMethod = 'publickey' | 'keyboard-interactive' | 'password'

/** Keywords that ssh2 has no answer to. From the system's file they are a distribution's defaults, which ask for nothing. */
const FOREIGN = [
  'certificatefile', 'pkcs11provider', 'securitykeyprovider', 'gssapiauthentication', 'hostbasedauthentication', 'knownhostscommand',
  'ciphers', 'macs', 'kexalgorithms', 'hostkeyalgorithms', 'pubkeyacceptedalgorithms', 'pubkeyacceptedkeytypes', 'bindaddress', 'bindinterface', 'verifyhostkeydns',
  'revokedhostkeys', 'proxyusefdpass', 'setenv', 'canonicalizehostname', 'requiredrsasize', 'ipqos', 'casignaturealgorithms',
] as const

const DEFAULT_KEYS = ['id_rsa', 'id_ecdsa', 'id_ecdsa_sk', 'id_ed25519', 'id_ed25519_sk'].map((name) => join(homedir(), '.ssh', name))
const USER_KNOWN_HOSTS = ['known_hosts', 'known_hosts2'].map((name) => join(homedir(), '.ssh', name))
const GLOBAL_KNOWN_HOSTS = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']

export function readSshSettings(target: Target, defaults: ConfigPlaces = DEFAULT_PLACES): SshSettings {
  const { directives, foreign, configFile } = parseSshArguments(target.sshArguments ?? [])
  const places = configFile === undefined ? defaults : { user: configFile === 'none' ? undefined : configFile, system: undefined }
  const options = readSshOptions({ host: target.address, user: target.user ?? directives.find(({ keyword }) => keyword === 'user')?.words[0] }, directives, places)
  const basics = addressOf(target, options)
  const expand = (text: string) => expandTokens(text, basics)
  const files = identityFiles(target, options, expand)
  const known = knownHostsOf(target, options, basics, expand)
  const secondRoad =
    foreign.length > 0 ? `the ssh arguments ${foreign.join(' ')}` : (whySecondRoad(options, files, places, expand) ?? hostCertificate(known))
  return {
    ...basics,
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(target.privateKeyPassphrase === undefined ? {} : { passphrase: target.privateKeyPassphrase }),
    identityFiles: files,
    identitiesOnly: options.flag('identitiesonly') ?? false,
    ...agentOf(options, expand),
    forwardAgent: options.flag('forwardagent') ?? false,
    methods: methodsOf(options),
    ...proxyOf(options, expand),
    ...known,
    connectTimeout: target.connectTimeout ?? seconds(options.word('connecttimeout')) ?? 10,
    aliveInterval: seconds(options.word('serveraliveinterval')) || 10,
    aliveCount: number(options.word('serveralivecountmax')) ?? 3,
    family: options.word('addressfamily') === 'inet' ? 4 : options.word('addressfamily') === 'inet6' ? 6 : 0,
    ...(secondRoad === undefined ? {} : { secondRoad }),
    places,
  }
}

function addressOf(target: Target, options: SshOptions) {
  const host = target.address
  const hostName = (options.word('hostname') ?? '%h').replaceAll('%h', host).replaceAll('%%', '%')
  const port = target.port ?? number(options.word('port')) ?? 22
  return { host, hostName, port, user: target.user ?? options.word('user') ?? userInfo().username }
}

function identityFiles(target: Target, options: SshOptions, expand: (text: string) => string): SshSettings['identityFiles'] {
  const named = [
    ...(target.privateKeyFile === undefined ? [] : [target.privateKeyFile]),
    ...options.all('identityfile').map(({ rest }) => rest).filter((path) => path !== 'none'),
  ]
  if (named.length > 0) return [...new Set(named.map(expand))].map((path) => ({ path, named: true }))
  if (options.word('identityfile') === 'none') return []
  return DEFAULT_KEYS.filter((path) => existsSync(path)).map((path) => ({ path, named: false }))
}

function agentOf(options: SshOptions, expand: (text: string) => string): Pick<SshSettings, 'agent'> {
  const said = options.word('identityagent')
  const socket = said === undefined || said === 'SSH_AUTH_SOCK' ? process.env['SSH_AUTH_SOCK'] : said.startsWith('$') ? process.env[said.slice(1)] : expand(said)
  return socket && said !== 'none' ? { agent: socket } : {}
}

function methodsOf(options: SshOptions): readonly AuthMethod[] {
  const allowed: Readonly<Record<AuthMethod, boolean>> = {
    publickey: options.word('pubkeyauthentication') !== 'no',
    'keyboard-interactive': (options.flag('kbdinteractiveauthentication') ?? options.flag('challengeresponseauthentication')) !== false,
    password: options.flag('passwordauthentication') !== false,
  }
  const all: readonly AuthMethod[] = ['publickey', 'keyboard-interactive', 'password']
  const order = options.find('preferredauthentications')?.rest.split(',') ?? all
  return order.flatMap((name) => all.filter((method) => method === name.trim() && allowed[method]))
}

function proxyOf(options: SshOptions, expand: (text: string) => string): Pick<SshSettings, 'proxyJump' | 'proxyCommand'> {
  const jump = options.find('proxyjump')?.rest
  const command = options.find('proxycommand')?.rest
  if (jump && jump !== 'none') return { proxyJump: expand(jump).split(',').map((hop) => hop.trim()) }
  return command && command !== 'none' ? { proxyJump: [], proxyCommand: expand(command) } : { proxyJump: [] }
}

function knownHostsOf(target: Target, options: SshOptions, basics: { hostName: string; port: number }, expand: (text: string) => string) {
  const user = target.knownHostsFiles ?? options.find('userknownhostsfile')?.words.map(expand) ?? USER_KNOWN_HOSTS
  const global = options.find('globalknownhostsfile')?.words.map(expand) ?? GLOBAL_KNOWN_HOSTS
  const alias = options.word('hostkeyalias')
  const { hostName, port } = basics
  const names = alias ? [alias] : port === 22 ? [hostName] : [`[${hostName}]:${port}`, hostName]
  const strict = options.word('stricthostkeychecking')?.toLowerCase()
  const first = user.find((file) => file !== '/dev/null' && file !== 'none')
  return {
    knownNames: names,
    knownHostsFiles: [...user, ...global].filter((file) => file !== 'none'),
    ...(first === undefined ? {} : { userKnownHostsFile: first }),
    hashKnownHosts: options.flag('hashknownhosts') ?? false,
    strictHostKeys: target.hostKeyChecking === false || strict === 'no' || strict === 'off' ? 'no' : strict === 'accept-new' ? 'accept-new' : 'yes',
  } as const
}

function whySecondRoad(options: SshOptions, files: SshSettings['identityFiles'], places: ConfigPlaces, expand: (text: string) => string): string | undefined {
  if (options.undecidable) return options.undecidable
  const foreign = FOREIGN.map((keyword) => options.find(keyword)).find(
    (directive) => directive && (directive.source === 'arguments' || directive.source.startsWith(folder(places.user))) && directive.words[0] !== 'no' && directive.words[0] !== 'none',
  )
  if (foreign) return `${foreign.keyword} in ${foreign.source === 'arguments' ? 'the ssh arguments' : foreign.source}`
  const control = options.find('controlpath')?.rest
  // A master that is there was started by hand, for a reason such as a second factor. One that is not, we do not need.
  if (control && control !== 'none' && !control.includes('%C') && existsSync(expand(control))) return 'an open ControlPath'
  const certificate = files.find(({ path }) => existsSync(`${path}-cert.pub`))
  if (certificate) return `the certificate ${certificate.path}-cert.pub`
  const token = files.find(({ path, named }) => named && isTokenKey(path))
  return token && `the key ${token.path} on a security key`
}

/** A host known only by who signed its key: ssh2 knows nothing of certificates. */
function hostCertificate({ knownNames, knownHostsFiles }: Pick<SshSettings, 'knownNames' | 'knownHostsFiles'>): string | undefined {
  const about = knownNames.flatMap((name) => linesAbout(name, loadKnownHosts(knownHostsFiles)))
  const authority = about.find(({ marker }) => marker === 'cert-authority')
  return authority && about.every(({ marker }) => marker !== undefined) ? `the certificate authority in ${authority.file}:${authority.line}` : undefined
}

const folder = (file: string | undefined): string => (file === undefined ? '\0' : file.replace(/[^/]*$/, ''))

function isTokenKey(path: string): boolean {
  try {
    return /^sk-|@openssh\.com/.test(readFileSync(`${path}.pub`, 'utf8').slice(0, 80))
  } catch {
    return false
  }
}

const number = (word: string | undefined): number | undefined => (word !== undefined && /^\d+$/.test(word) ? Number(word) : undefined)

/** Times of ssh_config: `90`, `90s`, `1m30s`. Seconds. */
function seconds(word: string | undefined): number | undefined {
  if (word === undefined) return undefined
  const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86400, w: 604800 }
  if (!/^(\d+[smhdw]?)+$/i.test(word)) return undefined
  return [...word.matchAll(/(\d+)([smhdw]?)/gi)].reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit!.toLowerCase()]!, 0)
}

/** `user@host:port` or `ssh://…` of a jump, as a target of its own. */
export function jumpTarget(hop: string, from: Target): Target {
  const parts = /^(?:ssh:\/\/)?(?:(.*)@)?(\[[^\]]+\]|[^:@]+)(?::(\d+))?$/.exec(hop)
  if (!parts) throw new Unreachable(new Problem({ code: 'bad-proxy-jump', summary: 'a ProxyJump cannot be read', detail: hop, hint: 'write it as user@host:port' }))
  const [, user, host, port] = parts
  const { connectTimeout, hostKeyChecking, knownHostsFiles, privateKeyFile, privateKeyPassphrase } = from
  return {
    connection: 'ssh',
    address: host!.replace(/^\[|\]$/g, ''),
    ...(user ? { user } : {}),
    ...(port ? { port: Number(port) } : {}),
    ...(connectTimeout === undefined ? {} : { connectTimeout }),
    ...(hostKeyChecking === undefined ? {} : { hostKeyChecking }),
    ...(knownHostsFiles ? { knownHostsFiles } : {}),
    ...(privateKeyFile === undefined ? {} : { privateKeyFile }),
    ...(privateKeyPassphrase === undefined ? {} : { privateKeyPassphrase }),
  }
}
