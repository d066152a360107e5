import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { basename, dirname, isAbsolute, join } from 'node:path'

/** One line of an ssh_config file, or one `-o` of an argument list. */
export interface Directive {
  /** In lower case: ssh's keywords are the same in any case. */
  readonly keyword: string
  readonly words: readonly string[]
  /** Everything after the keyword, for commands. */
  readonly rest: string
  /** Where it was said: a file, or `arguments`. */
  readonly source: string
}

/** Who is to be reached, as the blocks of a configuration ask about it. */
export interface ConfigSubject {
  readonly host: string
  readonly user?: string | undefined
}

/** What a configuration says about one host: for each keyword the first value, for lists all of them. */
export class SshOptions {
  readonly #found = new Map<string, Directive[]>()
  /** Why only the system's ssh can tell what the configuration means, as with `Match exec`. */
  undecidable: string | undefined

  add(directive: Directive): void {
    const known = this.#found.get(directive.keyword)
    if (!known) this.#found.set(directive.keyword, [directive])
    else if (LISTS.has(directive.keyword) && !known.some(({ rest }) => rest === directive.rest)) known.push(directive)
  }

  find(keyword: string): Directive | undefined {
    return this.#found.get(keyword)?.[0]
  }

  all(keyword: string): readonly Directive[] {
    return this.#found.get(keyword) ?? []
  }

  /** The first word of the value. */
  word(keyword: string): string | undefined {
    return this.find(keyword)?.words[0]
  }

  /** `yes` and `no`; other words are `undefined`. */
  flag(keyword: string): boolean | undefined {
    const word = this.word(keyword)?.toLowerCase()
    return word === 'yes' || word === 'true' ? true : word === 'no' || word === 'false' ? false : undefined
  }
}

const LISTS = new Set(['identityfile', 'certificatefile', 'sendenv', 'setenv', 'localforward', 'remoteforward', 'dynamicforward'])

/** Where configuration is read from; tests give their own. */
export interface ConfigPlaces {
  readonly user: string | undefined
  readonly system: string | undefined
}

export const DEFAULT_PLACES: ConfigPlaces = { user: join(homedir(), '.ssh', 'config'), system: '/etc/ssh/ssh_config' }

/**
 * Everything the directives and then the files say about a host; the first value of a keyword wins, as ssh_config(5) has it.
 * A missing file says nothing.
 */
export function readSshOptions(subject: ConfigSubject, first: readonly Directive[], places: ConfigPlaces = DEFAULT_PLACES): SshOptions {
  const options = new SshOptions()
  for (const directive of first) options.add(directive)
  // `Match final` blocks hold in a second reading, when all other values are known.
  for (const final of [false, true]) {
    for (const file of [places.user, places.system]) {
      if (file) applyFile(file, { subject, options, final, depth: 0, base: file === places.user ? dirname(file) : '/etc/ssh' }, true)
    }
  }
  return options
}

interface Reading {
  readonly subject: ConfigSubject
  readonly options: SshOptions
  readonly final: boolean
  readonly depth: number
  /** The folder that relative names of `Include` start from. */
  readonly base: string
}

function applyFile(file: string, reading: Reading, enclosing: boolean): void {
  let active = enclosing
  for (const directive of parseSshConfig(readText(file), file)) {
    if (directive.keyword === 'host') active = enclosing && matchesPatterns(reading.subject.host, directive.words)
    else if (directive.keyword === 'match') active = enclosing && matches(directive.words, reading)
    else if (directive.keyword === 'include') applyIncludes(directive, reading, active)
    else if (active) reading.options.add(directive)
  }
}

function applyIncludes({ words }: Directive, reading: Reading, active: boolean): void {
  if (reading.depth >= 16) return
  for (const word of words) {
    const expanded = expandHome(word)
    const pattern = isAbsolute(expanded) ? expanded : join(reading.base, expanded)
    for (const file of matchingFiles(pattern)) applyFile(file, { ...reading, depth: reading.depth + 1 }, active)
  }
}

/** Sorted. What a glob in the folder's name needs is loaded for that alone: each start would pay for it. */
function matchingFiles(pattern: string): readonly string[] {
  const [folder, name] = [dirname(pattern), basename(pattern)]
  if (/[*?[]/.test(folder) || name.includes('[')) return globSync(pattern).toSorted()
  if (!/[*?]/.test(name)) return existsSync(pattern) ? [pattern] : []
  const fits = wildcard(name, 's')
  return namesIn(folder).filter((file) => fits.test(file) && file.startsWith('.') === name.startsWith('.')).toSorted().map((file) => join(folder, file))
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** The directives of a file, in order. */
export function parseSshConfig(text: string, source: string): readonly Directive[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const directive = parseDirective(line, source)
    return directive ? [directive] : []
  })
}

/** `Keyword value`, `Keyword=value` or `Keyword = value`; `undefined` for comments and empty lines. */
export function parseDirective(line: string, source: string): Directive | undefined {
  const parts = /^\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line)
  if (!parts) return undefined
  const rest = parts[2]!
  return { keyword: parts[1]!.toLowerCase(), rest: rest.replace(/^"([^"]*)"$/, '$1'), words: splitWords(rest), source }
}

/** Words apart from each other by blanks, in double quotes where they hold some; `#` begins a comment. */
function splitWords(text: string): readonly string[] {
  const words: string[] = []
  for (const [, quoted, plain] of text.matchAll(/"([^"]*)"|(\S+)/g)) {
    if (plain?.startsWith('#')) break
    words.push(quoted ?? plain!)
  }
  return words
}

function matches(words: readonly string[], reading: Reading): boolean {
  let matched = true
  for (let i = 0; i < words.length; i++) {
    const [negated, criterion] = words[i]!.startsWith('!') ? [true, words[i]!.slice(1).toLowerCase()] : [false, words[i]!.toLowerCase()]
    if (criterion === 'all') continue
    if (criterion === 'canonical' || criterion === 'final') matched &&= reading.final !== negated
    else {
      const met = meets(criterion, words[++i] ?? '', reading, matched)
      matched &&= met !== negated
    }
  }
  return matched
}

function meets(criterion: string, argument: string, { subject, options }: Reading, relevant: boolean): boolean {
  const patterns = argument.split(',')
  switch (criterion) {
    case 'host':
      return matchesPatterns(options.word('hostname')?.replaceAll('%h', subject.host) ?? subject.host, patterns)
    case 'originalhost':
      return matchesPatterns(subject.host, patterns)
    case 'user':
      return matchesPatterns(subject.user ?? options.word('user') ?? userInfo().username, patterns)
    case 'localuser':
      return matchesPatterns(userInfo().username, patterns)
    default:
      // exec runs a program, tagged and localnetwork are young: the system's ssh knows what they mean today.
      if (relevant) options.undecidable = `Match ${criterion} in the ssh configuration`
      return false
  }
}

/** Patterns of ssh: `*` and `?`; one with `!` that fits says no, whatever the others say. */
export function matchesPatterns(name: string, patterns: readonly string[]): boolean {
  const fits = (pattern: string) => wildcard(pattern).test(name)
  if (patterns.some((pattern) => pattern.startsWith('!') && fits(pattern.slice(1)))) return false
  return patterns.some((pattern) => !pattern.startsWith('!') && fits(pattern))
}

const wildcard = (pattern: string, flags = 'is'): RegExp =>
  new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`, flags)

export const expandHome = (path: string): string => (path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path)

/** What the tokens of ssh_config(5) stand for. */
export interface Tokens {
  readonly hostName: string
  readonly host: string
  readonly port: number
  readonly user: string
}

/** `~`, `%h` and its kin, and `${NAME}` of the environment. Unknown tokens stay. */
export function expandTokens(text: string, { hostName, host, port, user }: Tokens): string {
  const { username, uid } = userInfo()
  const values: Readonly<Record<string, string>> = {
    '%': '%', h: hostName, n: host, k: hostName, p: String(port), r: user, u: username, d: homedir(), i: String(uid),
  }
  const environment = text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (whole, name: string) => process.env[name] ?? whole)
  return expandHome(environment).replace(/%(.)/g, (whole, letter: string) => values[letter] ?? whole)
}
