import { Float, TemplateString, VaultString, isDict, type Value } from '../value/value.ts'
import { DateTime } from './python/date-time.ts'
import { compare } from './python/compare.ts'
import { isFloat, isList, isNumber, typeName } from './python/kind.ts'
import { floatText } from '../value/repr.ts'
import { str } from './python/text.ts'
import { fail } from './template-error.ts'
import { need } from './unknown-reached.ts'

/** Options of the dump, by PyYAML's names. */
export interface YamlLayout {
  readonly indent: number
  readonly width: number
  readonly sortKeys: boolean
  /** `undefined`: a collection of nothing but scalars is written in one line. */
  readonly flow: boolean | undefined
  readonly unicode: boolean
  readonly explicitStart?: boolean
  /** A list or dict that is there several times is written once, and named by `&id001` and `*id001`. */
  readonly aliases?: boolean
}

/** A value as YAML, laid out as PyYAML lays it out: hosts keep files that were written that way. */
export function dumpYaml(value: Value, layout: YamlLayout): string {
  const emitter = new Emitter(layout)
  if (layout.explicitStart) emitter.mark('---')
  if (layout.aliases) emitter.nameShared(value)
  emitter.node(value, 'root')
  return `${emitter.text}\n`
}

type Position = 'root' | 'item' | 'key' | 'value'
type Style = 'plain' | 'single' | 'double'

class Emitter {
  text = ''
  readonly #layout: YamlLayout
  readonly #width: number
  #column = 0
  #indent: number | undefined
  readonly #indents: (number | undefined)[] = []
  /** Whether only whitespace and `-` marks stand on the line so far. */
  #fresh = true
  #space = true
  #flowDepth = 0
  readonly #names = new Map<object, string>()
  readonly #written = new Set<object>()

  constructor(layout: YamlLayout) {
    this.#layout = { ...layout, indent: layout.indent > 1 && layout.indent < 10 ? layout.indent : 2 }
    this.#width = layout.width > this.#layout.indent * 2 ? layout.width : 80
  }

  mark(text: string, { needsSpace = true, leavesSpace = false, keepsFresh = false } = {}): void {
    this.#write(this.#space || !needsSpace ? text : ` ${text}`)
    this.#space = leavesSpace
    this.#fresh = this.#fresh && keepsFresh
  }
  #write(text: string): void {
    this.text += text
    this.#column += text.length
  }
  #newLine(): void {
    this.text += '\n'
    this.#column = 0
    this.#space = true
    this.#fresh = true
  }
  #startLine(): void {
    const indent = this.#indent ?? 0
    if (!this.#fresh || this.#column > indent || (this.#column === indent && !this.#space)) this.#newLine()
    if (this.#column < indent) {
      this.#space = true
      this.#write(' '.repeat(indent - this.#column))
    }
  }
  #deeper(flow: boolean, sameColumn = false): void {
    this.#indents.push(this.#indent)
    if (this.#indent === undefined) this.#indent = flow ? this.#layout.indent : 0
    else if (!sameColumn) this.#indent += this.#layout.indent
  }
  #back(): void {
    this.#indent = this.#indents.pop()
  }

  /** Names come in the order in which PyYAML meets a container for the second time. */
  nameShared(value: Value, met = new Set<object>()): void {
    if (!isDict(value) && !isList(value)) return
    if (met.has(value)) {
      if (!this.#names.has(value)) this.#names.set(value, `id${String(this.#names.size + 1).padStart(3, '0')}`)
      return
    }
    met.add(value)
    const children = isDict(value) ? (this.#layout.sortKeys ? sorted([...value]) : [...value]).flat() : [...value]
    for (const child of children) this.nameShared(child, met)
  }

  /** Whether the name alone is enough, for the content is above. */
  #alias(value: object): boolean {
    const name = this.#names.get(value)
    if (name === undefined) return false
    const written = this.#written.has(value)
    this.mark(`${written ? '*' : '&'}${name}`)
    this.#written.add(value)
    return written
  }

  node(value: Value, position: Position): void {
    if (value instanceof TemplateString) return this.node(value.source, position)
    if (value instanceof VaultString) return this.#vaulted(value)
    need(value)
    if (this.#names.size > 0 && typeof value === 'object' && value !== null && this.#alias(value)) return
    if (isDict(value)) this.#mapping(value, position)
    else if (isList(value)) this.#sequence(value, position)
    else this.#scalar(value, position)
  }
  #isFlow(children: readonly Value[]): boolean {
    if (this.#flowDepth || children.length === 0) return true
    return this.#layout.flow ?? children.every((child) => !isDict(child) && !isList(child))
  }

  #sequence(items: readonly Value[], position: Position): void {
    if (this.#isFlow(items)) return this.#flow('[', items, ']', (item) => this.node(item, 'item'))
    this.#deeper(false, position === 'value' && !this.#fresh)
    for (const item of items) {
      this.#startLine()
      this.mark('-', { keepsFresh: true })
      this.node(item, 'item')
    }
    this.#back()
  }
  #mapping(dict: ReadonlyMap<Value, Value>, _position: Position): void {
    const entries = this.#layout.sortKeys ? sorted([...dict]) : [...dict]
    if (this.#isFlow(entries.flat())) return this.#flow('{', entries, '}', (entry) => this.#entry(entry))
    this.#deeper(false)
    for (const entry of entries) {
      this.#startLine()
      this.#entry(entry)
    }
    this.#back()
  }
  #entry([key, value]: readonly [Value, Value]): void {
    if (isSimpleKey(key)) {
      this.node(key, 'key')
      this.mark(':', { needsSpace: false })
    } else {
      this.mark('?', { keepsFresh: this.#flowDepth === 0 })
      this.node(key, 'item')
      if (this.#flowDepth === 0) this.#startLine()
      this.mark(':', { keepsFresh: this.#flowDepth === 0 })
    }
    this.node(value, 'value')
  }
  #flow<T>(open: string, items: readonly T[], close: string, write: (item: T) => void): void {
    this.mark(open, { leavesSpace: true })
    this.#deeper(true)
    this.#flowDepth++
    for (const [index, item] of items.entries()) {
      if (index) this.mark(',', { needsSpace: false })
      if (this.#column > this.#width) this.#startLine()
      write(item)
    }
    this.#flowDepth--
    this.#back()
    this.mark(close, { needsSpace: false })
  }

  #scalar(value: Value, position: Position): void {
    const text = scalarText(value)
    const isKey = position === 'key'
    const style = typeof value === 'string' ? chooseStyle(text, { flow: this.#flowDepth > 0, isKey, unicode: this.#layout.unicode }) : 'plain'
    // A scalar's own lines stand deeper than what it belongs to.
    this.#deeper(true)
    if (style === 'plain') this.#plain(text, !isKey)
    else if (style === 'single') this.#single(text, !isKey)
    else this.#double(text, !isKey)
    this.#back()
  }
  /** `!vault |` with the lines of the ciphertext below. */
  #vaulted({ ciphertext }: VaultString): void {
    this.mark('!vault |')
    this.#deeper(true)
    for (const line of ciphertext.trimEnd().split('\n')) {
      this.#newLine()
      this.#write(' '.repeat(this.#indent ?? 0) + line.trim())
    }
    this.#back()
    this.#space = this.#fresh = false
  }
  #lead(): void {
    if (!this.#space) this.#write(' ')
    this.#space = false
    this.#fresh = false
  }
  #plain(text: string, split: boolean): void {
    if (!text) return
    this.#lead()
    this.#words(text, split)
  }
  #single(text: string, split: boolean): void {
    this.mark("'")
    this.#words(text.replaceAll("'", "''"), split, true)
    this.mark("'", { needsSpace: false })
  }
  /** Writes words, breaking at single spaces once the line is full. */
  #words(text: string, split: boolean, quoted = false): void {
    const parts = text.match(/ +|\n+|[^ \n]+/g) ?? []
    let at = 0
    for (const part of parts) {
      const inside = !quoted || (at !== 0 && at + part.length !== text.length)
      if (part === ' ' && split && inside && this.#column > this.#width) {
        this.#startLine()
        this.#space = false
        this.#fresh = false
      } else if (part.startsWith('\n')) this.#breaks(part)
      else this.#write(part)
      at += part.length
    }
  }
  #breaks(part: string): void {
    this.#newLine()
    for (let i = 0; i < part.length; i++) this.#newLine()
    this.#startLine()
    this.#space = false
    this.#fresh = false
  }
  #double(text: string, split: boolean): void {
    this.mark('"')
    const chars = Array.from(text)
    let pending = ''
    for (const [index, char] of chars.entries()) {
      const escaped = escapeChar(char, this.#layout.unicode)
      if (escaped !== char) {
        this.#write(pending + escaped)
        pending = ''
      } else if (char === ' ') {
        this.#write(pending)
        pending = ' '
        if (split && index > 0 && index < chars.length - 1 && this.#column > this.#width) pending = this.#fold(' ')
      } else pending += char
      if (split && escaped !== char && index > 0 && index < chars.length - 1 && this.#column > this.#width) pending = this.#fold(chars[index + 1] === ' ' ? '' : '')
    }
    this.#write(pending)
    this.mark('"', { needsSpace: false })
  }
  /** A fold in double quotes: a backslash, and another one where the next line starts with a space. */
  #fold(pending: string): string {
    this.#write('\\')
    this.#startLine()
    this.#space = false
    this.#fresh = false
    if (pending === ' ') this.#write('\\')
    return pending
  }
}

function sorted(entries: [Value, Value][]): [Value, Value][] {
  try {
    return entries.toSorted(([a], [b]) => compare(a, b))
  } catch {
    return entries // Keys of several kinds have no order; Python then leaves them as they are.
  }
}
function isSimpleKey(key: Value): boolean {
  if (isDict(key)) return key.size === 0
  if (isList(key)) return key.length === 0
  const text = scalarText(key)
  return text.length < 128 && !/[\n\x85\u2028\u2029]/.test(text)
}

function scalarText(value: Value): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  if (isFloat(value)) return floatScalar(value instanceof Float ? value.value : value)
  if (isNumber(value)) return String(value)
  if (value instanceof DateTime) return value.text()
  return typeof value === 'object' && 'opaque' in value ? fail(`a ${typeName(value)} cannot be written as YAML`) : str(value)
}
function floatScalar(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '.nan' : value > 0 ? '.inf' : '-.inf'
  const text = floatText(value)
  return text.includes('.') ? text : text.replace('e', '.0e')
}

/** Plain text that YAML 1.1 would read as something else than text. */
const RESERVED = [
  /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  /^(?:~|null|Null|NULL|)$/,
  /^(?:<<|=)$/,
  /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  /^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/,
]
const UNPRINTABLE = /[^\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|\ufeff/u

function chooseStyle(text: string, { flow, isKey, unicode }: { flow: boolean; isKey: boolean; unicode: boolean }): Style {
  const breaks = /[\n\x85\u2028\u2029]/.test(text)
  const special = UNPRINTABLE.test(text) || (!unicode && /[^\x00-\x7e]/.test(text))
  if (special || / [\n\x85\u2028\u2029]/.test(text)) return 'double'
  const plain = text !== '' && !breaks && !/^\s|\s$/.test(text) && !hasIndicators(text, flow) && !RESERVED.some((pattern) => pattern.test(text))
  if (plain) return 'plain'
  return /[\n\x85\u2028\u2029] /.test(text) || (isKey && breaks) ? 'double' : 'single'
}
function hasIndicators(text: string, flow: boolean): boolean {
  if (/^(?:---|\.\.\.)/.test(text) || /^[#,[\]{}&*!|>'"%@`]/.test(text) || /^[-?:](?:\s|$)/.test(text)) return true
  if (/:(?:\s|$)/.test(text) || /\s#/.test(text)) return true
  return flow && (/^[?:]/.test(text) || /[,?[\]{}:]/.test(text))
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0', '\x07': 'a', '\x08': 'b', '\x09': 't', '\x0a': 'n', '\x0b': 'v', '\x0c': 'f', '\x0d': 'r', '\x1b': 'e', '"': '"', '\\': '\\', '\x85': 'N', '\xa0': '_',
  '\u2028': 'L', '\u2029': 'P',
}
function escapeChar(char: string, unicode: boolean): string {
  const code = char.codePointAt(0)!
  const plain = !'"\\\x85\u2028\u2029\ufeff'.includes(char) && ((code >= 0x20 && code <= 0x7e) || (unicode && ((code >= 0xa0 && code <= 0xd7ff) || (code >= 0xe000 && code !== 0xfffe && code !== 0xffff))))
  if (plain) return char
  const known = ESCAPES[char]
  if (known) return `\\${known}`
  return code <= 0xff ? `\\x${hex(code, 2)}` : code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}
const hex = (code: number, digits: number): string => code.toString(16).toUpperCase().padStart(digits, '0')
