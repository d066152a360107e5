import { readFileSync, statSync } from 'node:fs'
import { Problem } from '../problem/problem.ts'
import type { InventoryData } from './inventory-data.ts'

/** What a pattern found, and which of its parts found nothing. */
export interface Match {
  readonly hosts: readonly string[]
  readonly unmatched: readonly string[]
}

/** Names that mean this machine even where the inventory does not know it. */
export const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1']

/**
 * The hosts of a pattern, in the inventory's order: names and groups with `*`, `?` and `[abc]`, `~regex`, `[0]`, `[1:3]`, `[-1]`,
 * joined by `,` or `:`; `&` keeps what is also there, `!` takes away. Where only `!` and `&` stand they begin with all hosts.
 * `implicit` gives a localhost that no source names.
 */
export function matchHosts(pattern: string, data: InventoryData, implicit?: (name: string) => string): Match {
  const parts = splitPattern(pattern)
  const [added, kept, taken] = [parts.filter((part) => !/^[&!]/.test(part)), parts.filter((part) => part.startsWith('&')), parts.filter((part) => part.startsWith('!'))]
  let hosts = new Set<string>()
  const unmatched: string[] = []
  const find = (part: string): readonly string[] => {
    const found = matchPart(part, data, implicit)
    if (found.length === 0 && part !== 'all' && part !== '*') unmatched.push(part)
    return found
  }
  // Commas with nothing between them are a pattern without conditions.
  for (const part of added.length > 0 ? added : parts.length > 0 || pattern.includes(',') ? ['all'] : []) for (const host of find(part)) hosts.add(host)
  for (const part of kept) hosts = hosts.intersection(new Set(find(part.slice(1))))
  for (const part of taken) hosts = hosts.difference(new Set(find(part.slice(1))))
  return { hosts: [...hosts], unmatched }
}

/** `--limit`: a pattern whose parts may be `@file`, a file with one pattern a line. Empty where nothing is limited. */
export function readLimit(limit: string): string {
  return splitPattern(limit).flatMap((part) => {
    const match = /^([&!]?)@(.+)$/.exec(part)
    return match ? linesOf(match[2]!).map((line) => match[1] + line) : [part]
  }).join(',')
}

function linesOf(file: string): readonly string[] {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new Problem({ code: 'limit-file', summary: 'Limit starting with "@" must be a file, not a directory', detail: file })
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/).map((line) => line.trim()).filter((line) => line && !line.startsWith('#'))
  } catch (error) {
    throw new Problem({ code: 'limit-file', summary: 'Unable to find limit file', detail: `${file}: ${(error as Error).message}` })
  }
}

/** Commas separate; without one colons do, unless the whole is an address: `web:db` are two, `::1` and `host:22` are one. */
export function splitPattern(pattern: string): readonly string[] {
  const text = pattern.trim()
  if (text.startsWith('~') && !text.includes(',')) return text ? splitRegexes(text) : []
  if (text.includes(',')) return splitOutsideBrackets(text, ',').flatMap((part) => (isSingle(part) ? [part] : splitPattern(part)))
  if (isSingle(text)) return text === '' ? [] : [text]
  return text.match(/(?:[^\s:[\]]|\[[^\]]*\])+/g) ?? []
}

const isSingle = (text: string): boolean => !text.includes(':') || text.startsWith('~') || /^[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(text) || /^(?:[^:[\]\s]|\[[^\]]*\])+(?::\d+)?$/.test(text)
// A regular expression may hold colons: only one before another part's mark separates.
const splitRegexes = (text: string): readonly string[] => text.split(/:(?=[~&!])/)

function splitOutsideBrackets(text: string, separator: string): readonly string[] {
  const parts: string[] = []
  let [depth, begin] = [0, 0]
  for (let at = 0; at <= text.length; at++) {
    const char = text[at]
    if (char === '[') depth++
    if (char === ']') depth--
    if (char === undefined || (char === separator && depth <= 0)) {
      parts.push(text.slice(begin, at).trim())
      begin = at + 1
    }
  }
  return parts.filter(Boolean)
}

function matchPart(part: string, data: InventoryData, implicit: ((name: string) => string) | undefined): readonly string[] {
  const { name, slice } = subscript(part)
  const hosts = findByName(name, data)
  if (hosts.length === 0 && implicit && LOCAL_NAMES.includes(name)) return [implicit(name)]
  return slice ? slice(hosts) : hosts
}

function findByName(name: string, data: InventoryData): readonly string[] {
  if (name === 'all' || name === '*') return [...data.hostsOf('all')]
  const test = tester(name)
  const groups = [...data.groups.keys()].filter(test)
  const found = new Set(groups.flatMap((group) => [...data.hostsOf(group)]))
  // A name that is a group's is not looked for among hosts; a glob or regular expression is both.
  if (groups.length === 0 || /^~|[.?*[]/.test(name)) for (const host of data.hosts.values()) if (!host.implicit && test(host.name)) found.add(host.name)
  return [...found]
}

function tester(name: string): (candidate: string) => boolean {
  if (!name.startsWith('~')) {
    if (!/[*?[]/.test(name)) return (candidate) => candidate === name
    const glob = globPattern(name)
    return (candidate) => glob.test(candidate)
  }
  try {
    // Python's match: from the beginning, not necessarily to the end.
    const regex = new RegExp(`^(?:${name.slice(1)})`)
    return (candidate) => regex.test(candidate)
  } catch (error) {
    throw new Problem({ code: 'host-pattern', summary: 'a host pattern holds no valid regular expression', detail: `${name}: ${(error as Error).message}` })
  }
}

export function globPattern(glob: string): RegExp {
  const source = glob.replace(/\[(!?)([^\]]+)\]|[*?]|[.+^${}()|[\]\\]/g, (match, not: string | undefined, set: string | undefined) => {
    if (match === '*') return '.*'
    if (match === '?') return '.'
    return set === undefined ? `\\${match}` : `[${not ? '^' : ''}${set.replaceAll('\\', '\\\\')}]`
  })
  return new RegExp(`^${source}$`, 's')
}

/** `web[0]`, `web[-1]`, `web[1:3]` and `web[1:]`: both ends are included. */
function subscript(part: string): { name: string; slice?: (hosts: readonly string[]) => readonly string[] } {
  const match = part.startsWith('~') ? null : /^(.+)\[(?:(-?\d+)|(\d*)[:-](\d*))\]$/.exec(part)
  if (!match) return { name: part }
  const [, name = '', index, from, to] = match
  if (index !== undefined) return { name, slice: (hosts) => [hosts.at(Number(index))].filter((host) => host !== undefined) }
  return { name, slice: (hosts) => hosts.slice(Number(from || '0'), to ? Number(to) + 1 : undefined) }
}
