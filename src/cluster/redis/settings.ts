/** A directive of a Redis configuration file, with what the running process has instead. */
export interface SettingChange {
  readonly setting: string
  readonly running: string
  readonly wanted: string
}

/** Settings that only a new process takes. Redis refuses `CONFIG SET` for them. */
const FIXED: ReadonlySet<string> = new Set([
  'aclfile', 'appenddirname', 'appendfilename', 'cluster-config-file', 'cluster-enabled', 'cluster-port', 'daemonize', 'databases', 'dir', 'dbfilename', 'disable-thp', 'enable-debug-command',
  'enable-module-command', 'enable-protected-configs', 'io-threads', 'io-threads-do-reads', 'logfile', 'pidfile', 'port', 'proc-title-template', 'set-proc-title', 'supervised', 'tcp-backlog',
  'tls-cluster', 'unixsocket', 'unixsocketperm',
])
/** Whoever changes the password does so on all nodes in a certain order; see `password.ts`. */
const APART: ReadonlySet<string> = new Set(['requirepass', 'masterauth', 'masteruser'])

export const needsRestart = (changes: readonly SettingChange[]): boolean => changes.some(({ setting }) => FIXED.has(setting))

/** The directives of a configuration file, in order; a directive that may stand several times has its values joined. */
export function parseSettings(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>()
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '' || line.startsWith('#')) continue
    const [name = '', ...words] = splitWords(line)
    const key = name.toLowerCase()
    const value = words.join(' ')
    // `save ""` begins anew, other directives add a line each.
    settings.set(key, REPEATED.has(key) && settings.get(key) ? `${settings.get(key)} ${value}` : value)
  }
  return settings
}

const REPEATED: ReadonlySet<string> = new Set(['save', 'client-output-buffer-limit'])

/** What has to change for a running process to be as its file says. Settings that `CONFIG GET` does not tell cannot be compared. */
export function changedSettings(file: ReadonlyMap<string, string>, running: ReadonlyMap<string, string>): readonly SettingChange[] {
  return [...file].flatMap(([setting, wanted]) => {
    const now = running.get(setting)
    return now === undefined || APART.has(setting) || isSame(setting, wanted, now) ? [] : [{ setting, running: now, wanted }]
  })
}

function isSame(setting: string, wanted: string, now: string): boolean {
  if (setting !== 'client-output-buffer-limit') return normal(wanted) === normal(now)
  // The process tells all classes of clients, the file only those that it sets.
  const classes = limitClasses(now)
  return [...limitClasses(wanted)].every(([name, limit]) => classes.get(name) === limit)
}

function limitClasses(text: string): ReadonlyMap<string, string> {
  const words = normal(text).split(' ')
  return new Map(Array.from({ length: Math.floor(words.length / 4) }, (_, i) => [words[4 * i] === 'replica' ? 'slave' : words[4 * i]!, words.slice(4 * i + 1, 4 * i + 4).join(' ')]))
}

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1000, kb: 1024, m: 1_000_000, mb: 1024 ** 2, g: 1_000_000_000, gb: 1024 ** 3 }

/** As Redis tells it: bytes without units, lower case. */
const normal = (value: string): string =>
  value.toLowerCase().split(/\s+/).map((word) => { const match = /^(\d+)(b|kb?|mb?|gb?)$/.exec(word); return match ? String(Number(match[1]) * UNITS[match[2]!]!) : word }).join(' ').trim()

/** Words of a line; double and single quotes hold them together. */
function splitWords(line: string): readonly string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map((match) => match[1]?.replace(/\\(.)/g, '$1') ?? match[2] ?? match[3] ?? '')
}
