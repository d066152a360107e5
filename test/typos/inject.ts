import { createRandom, type Random } from './random.ts'

/** One slip of the keyboard in one file. `line` counts from 1. */
export interface Typo {
  readonly kind: Kind
  readonly file: string
  readonly line: number
  readonly before: string
  readonly after: string
  /** The whole file with the slip in it. */
  readonly text: string
}
export type Kind = 'keyword' | 'module' | 'parameter' | 'choice' | 'variable' | 'variable-in-condition' | 'variable-in-template' | 'filter' | 'test' | 'handler' | 'file' | 'include' | 'register' | 'indentation' | 'quote' | 'brace'

/** What the injector must know of the language: it is told, so that it cannot share a mistake with what it measures. */
export interface Language {
  readonly keywords: ReadonlySet<string>
  /** Parameters of a module with their choices; undefined for a name that is no module. */
  module(name: string): ReadonlyMap<string, readonly string[]> | undefined
  readonly filters: ReadonlySet<string>
  readonly tests: ReadonlySet<string>
  /** Whether two texts of YAML say the same: such a slip is none. */
  same(before: string, after: string): boolean
}

interface Spot {
  readonly kind: Kind
  readonly line: number
  /** Columns from 0. */
  readonly from: number
  readonly to: number
}

/** So many typos in the files of a role, spread evenly over the kinds that it has a place for. The same seed makes the same ones. */
export function injectTypos(files: ReadonlyMap<string, string>, language: Language, count: number, seed: number): readonly Typo[] {
  const random = createRandom(seed)
  const spots = [...files].flatMap(([file, text]) => findSpots(file, text, language).map((spot) => ({ file, spot })))
  const byKind = Map.groupBy(spots, ({ spot }) => spot.kind)
  const kinds = [...byKind.keys()].sort()
  const typos = new Map<string, Typo>()
  for (let tries = 0; typos.size < count && kinds.length > 0 && tries < count * 50; tries++) {
    const { file, spot } = random.pick(byKind.get(kinds[tries % kinds.length]!)!)
    const typo = makeTypo(file, files.get(file)!, spot, language, random)
    if (typo) typos.set(`${typo.file}:${typo.line}:${typo.after}`, typo)
  }
  return [...typos.values()]
}

function makeTypo(file: string, text: string, { kind, line, from, to }: Spot, language: Language, random: Random): Typo | undefined {
  const lines = text.split('\n')
  const source = lines[line - 1]!
  const word = source.slice(from, to)
  const changed = kind === 'indentation' ? (random.chance() && word.length > 0 ? word.slice(1) : `${word} `) : kind === 'quote' || kind === 'brace' ? '' : slip(word, random)
  const after = source.slice(0, from) + changed + source.slice(to)
  const whole = lines.with(line - 1, after).join('\n')
  if (changed === word || isWord(kind, changed, language) || (!file.endsWith('.j2') && language.same(text, whole))) return undefined
  return { kind, file, line, before: source, after, text: whole }
}

/** A slip that happens to be another word of the language is no typo. */
const isWord = (kind: Kind, word: string, { keywords, filters, tests, module }: Language): boolean =>
  (kind === 'keyword' && keywords.has(word)) || (kind === 'module' && module(word) !== undefined) || (kind === 'filter' && filters.has(word)) || (kind === 'test' && tests.has(word))

/** A letter dropped, doubled, replaced, or swapped with its neighbour; not the first one, and not beside a mark. */
function slip(word: string, random: Random): string {
  const places = [...word].flatMap((letter, at) => (at > 0 && /[a-z]/i.test(letter) ? [at] : []))
  if (places.length < 2) return word
  const at = random.pick(places)
  const letter = word[at]!
  const next = word[at + 1]
  const slips = [word.slice(0, at) + word.slice(at + 1), word.slice(0, at) + letter + word.slice(at), word.slice(0, at) + random.pick([...'aeioqxz'].filter((other) => other !== letter)) + word.slice(at + 1)]
  if (next && /[a-z]/i.test(next) && next !== letter) slips.push(word.slice(0, at) + next + letter + word.slice(at + 2))
  return random.pick(slips)
}

function findSpots(file: string, text: string, language: Language): readonly Spot[] {
  if (file.endsWith('.j2')) return templateSpots(text, language)
  return /\/(tasks|handlers)\//.test(`/${file}`) ? taskSpots(text, language) : []
}

function templateSpots(text: string, language: Language): readonly Spot[] {
  return text.split('\n').flatMap((source, index) => [...source.matchAll(/\{\{.*?\}\}|\{%.*?%\}/g)].flatMap((match) => {
    const spots = expressionSpots(match[0], index + 1, match.index, 'variable-in-template', language)
    return match[0].startsWith('{{') ? [...spots, { kind: 'brace', line: index + 1, from: match.index + match[0].length - 1, to: match.index + match[0].length } as const] : spots
  }))
}

const KEY = /^(\s*(?:- )?)([A-Za-z_][\w.]*):(?:\s+(.*))?$/
const CONDITIONS = new Set(['when', 'until', 'changed_when', 'failed_when', 'that'])
const NAMED: Readonly<Record<string, Kind>> = { notify: 'handler', register: 'register', include_tasks: 'include', import_tasks: 'include', include_vars: 'include' }

/** Reads tasks line by line: which module is open, at which indentation its parameters stand. Blocks of text are passed over. */
function taskSpots(text: string, language: Language): readonly Spot[] {
  const spots: Spot[] = []
  let open: { readonly params: ReadonlyMap<string, readonly string[]>; readonly indent: number; inner: number | undefined } | undefined
  let list: { readonly key: string; readonly indent: number } | undefined
  let block = Infinity
  for (const [index, source] of text.split('\n').entries()) {
    const line = index + 1
    const indent = /^ */.exec(source)![0].length
    if (source.trim() === '' || /^\s*(#|---)/.test(source) || indent > block) continue
    block = Infinity
    const item = /^(\s*- )(?![\w.]+:(\s|$))(.+)$/.exec(source)
    if (item && list && indent >= list.indent) {
      if (CONDITIONS.has(list.key)) spots.push(...expressionSpots(item[3]!, line, item[1]!.length, 'variable-in-condition', language))
      else if (NAMED[list.key]) spots.push(...nameSpot(NAMED[list.key]!, line, item[3]!, item[1]!.length))
      else spots.push(...bracesSpots(source, line, language))
      continue
    }
    const key = KEY.exec(source)
    if (!key) continue
    const [, lead = '', name = '', value = ''] = key
    const from = lead.length
    const at = source.length - value.length
    list = value === '' ? { key: name.split('.').at(-1)!, indent } : undefined
    if (/^[|>][-+\d]*\s*(#.*)?$/.test(value)) block = from
    if (open && from <= open.indent) open = undefined
    const short = name.split('.').at(-1)!
    if (!open) {
      const params = language.module(name)
      if (language.keywords.has(name)) {
        if (name !== 'name') spots.push({ kind: 'keyword', line, from, to: from + name.length })
      } else if (params) {
        spots.push({ kind: 'module', line, from: from + name.length - short.length, to: from + name.length })
        open = { params, indent: from, inner: undefined }
      }
    } else {
      open.inner ??= from
      const choices = open.params.get(name)
      if (from === open.inner && choices) {
        spots.push({ kind: 'parameter', line, from, to: from + name.length })
        if (choices.includes(value)) spots.push({ kind: 'choice', line, from: at, to: source.length })
        if (name === 'src' && !value.includes('{{')) spots.push(...nameSpot('file', line, value, at))
      }
    }
    if (CONDITIONS.has(name)) spots.push(...expressionSpots(value, line, at, 'variable-in-condition', language))
    else if (NAMED[short]) spots.push(...nameSpot(NAMED[short], line, value, at))
    else spots.push(...bracesSpots(source, line, language))
    if (indent > 0 && !lead.includes('-')) spots.push({ kind: 'indentation', line, from: 0, to: indent })
    if (/^(["']).*\1$/.test(value)) spots.push({ kind: 'quote', line, from: source.length - 1, to: source.length }, { kind: 'quote', line, from: at, to: at + 1 })
    if (value.includes('}}')) spots.push({ kind: 'brace', line, from: source.indexOf('}}'), to: source.indexOf('}}') + 1 })
  }
  return spots
}

/** The name itself, without quotes, where it is a plain one. */
function nameSpot(kind: Kind, line: number, value: string, at: number): readonly Spot[] {
  const match = /^(["']?)([\w. /-]{4,}?)\1\s*$/.exec(value)
  if (!match || value.includes('://') || match[2]!.startsWith('/')) return []
  const end = match[2]!.lastIndexOf('.') > 2 && kind !== 'handler' ? match[2]!.lastIndexOf('.') : match[2]!.length
  const start = match[2]!.lastIndexOf('/') + 1
  return end - start < 3 ? [] : [{ kind, line, from: at + match[1]!.length + start, to: at + match[1]!.length + end }]
}

const bracesSpots = (source: string, line: number, language: Language): readonly Spot[] =>
  [...source.matchAll(/\{\{.*?\}\}/g)].flatMap((match) => expressionSpots(match[0], line, match.index, 'variable', language))

const WORDS = new Set('and or not in is if else elif endif for endfor set endset true false none True False None defined undefined item loop omit block endblock lookup query q range dict namespace macro endmacro'.split(' '))

/** Variables, filters and tests of an expression: by what stands around each word. Text between quotes is passed over. */
function expressionSpots(expression: string, line: number, offset: number, variable: Kind, language: Language): readonly Spot[] {
  const blanked = expression.replace(/(["'])(?:(?!\1).)*\1/g, (text) => ' '.repeat(text.length))
  const wrapping = /^["']/.test(expression) ? expression[0] + expression.slice(1, -1).replace(/(["'])(?:(?!\1).)*\1/g, (text) => ' '.repeat(text.length)) : blanked
  return [...wrapping.matchAll(/[A-Za-z_]\w*/g)].flatMap((match): Spot[] => {
    const [word] = match
    const before = wrapping.slice(0, match.index)
    const spot = (kind: Kind): Spot[] => [{ kind, line, from: offset + match.index, to: offset + match.index + word.length }]
    if (/\|\s*$/.test(before)) return language.filters.has(word) && word.length > 2 ? spot('filter') : []
    if (/\bis\s+(not\s+)?$/.test(before)) return language.tests.has(word) && word.length > 2 ? spot('test') : []
    if (/\{%-?\s*block\s+$/.test(before)) return []
    if (WORDS.has(word) || word.length < 4 || /[.|]\s*$/.test(before) || /^\s*[(=](?!=)/.test(wrapping.slice(match.index + word.length))) return []
    return spot(variable)
  })
}
