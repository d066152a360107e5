import { Problem } from '../problem/problem.ts'
import { Float, type Value, isDict } from '../value/value.ts'

type Table = Map<Value, Value>

/**
 * TOML 1.0 (https://toml.io/en/v1.0.0). Dates and times stay texts, as JSON shows them. Throws `toml-syntax` with the place.
 */
export function parseToml(text: string, file: string): Table {
  return new TomlReader(text.replace(/\r\n/g, '\n'), file).document()
}

const BARE_KEY = /[A-Za-z0-9_-]+/y
const DATE = /\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[-+]\d\d:\d\d)?)?|\d\d:\d\d(?::\d\d(?:\.\d+)?)?/y
const NUMBER = /[-+]?(?:inf|nan)|0x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*|[-+]?(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*)?(?:[eE][-+]?\d(?:_?\d)*)?/y
const ESCAPES: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', '"': '"', '\\': '\\' }

class TomlReader {
  readonly #text: string
  readonly #file: string
  #at = 0
  /** Tables that nothing may be added to: inline tables, and those that a header has defined. */
  readonly #closed = new WeakSet<object>()
  readonly #defined = new WeakSet<object>()
  /** Lists of tables, made by `[[name]]`. */
  readonly #lists = new WeakSet<object>()

  constructor(text: string, file: string) {
    this.#text = text
    this.#file = file
  }

  document(): Table {
    const root: Table = new Map()
    let table = root
    for (this.#blank(); this.#at < this.#text.length; this.#blank()) {
      if (this.#take('[[')) table = this.#listHeader(root)
      else if (this.#take('[')) table = this.#header(root)
      else this.#pair(table)
      this.#space()
      this.#comment()
      if (this.#at < this.#text.length && !this.#take('\n')) throw this.#fail('expected the end of the line')
    }
    return root
  }

  #header(root: Table): Table {
    const keys = this.#keys()
    this.#need(']')
    const above = this.#descend(root, keys.slice(0, -1))
    const last = keys.at(-1)!
    const known = above.get(last)
    if (known === undefined) return this.#define(above, last)
    if (!isDict(known) || this.#closed.has(known) || this.#defined.has(known)) throw this.#fail(`the table '${keys.join('.')}' is there already`)
    this.#defined.add(known)
    return known as Table
  }

  #define(above: Table, key: string): Table {
    const made: Table = new Map()
    above.set(key, made)
    this.#defined.add(made)
    return made
  }

  #listHeader(root: Table): Table {
    const keys = this.#keys()
    this.#need(']]')
    const above = this.#descend(root, keys.slice(0, -1))
    let list = above.get(keys.at(-1)!)
    if (list === undefined) {
      above.set(keys.at(-1)!, (list = []))
      this.#lists.add(list as object)
    }
    if (!Array.isArray(list) || !this.#lists.has(list)) throw this.#fail(`'${keys.join('.')}' is no list of tables`)
    const made: Table = new Map()
    ;(list as Value[]).push(made)
    return made
  }

  /** The table at a path, made where it is missing; of a list of tables the last one. */
  #descend(table: Table, keys: readonly string[]): Table {
    for (const key of keys) {
      let next = table.get(key)
      if (next === undefined) table.set(key, (next = new Map()))
      if (Array.isArray(next) && this.#lists.has(next)) next = next.at(-1) as Value
      if (!isDict(next) || this.#closed.has(next)) throw this.#fail(`'${key}' is no table`)
      table = next as Table
    }
    return table
  }

  #pair(table: Table): void {
    const keys = this.#keys()
    this.#need('=')
    const into = this.#descend(table, keys.slice(0, -1))
    if (into.has(keys.at(-1)!)) throw this.#fail(`the key '${keys.join('.')}' is there already`)
    this.#space()
    into.set(keys.at(-1)!, this.#value())
  }

  #keys(): readonly string[] {
    const keys: string[] = []
    do {
      this.#space()
      const char = this.#text[this.#at]
      const key = char === '"' ? this.#basic() : char === "'" ? this.#literal() : this.#match(BARE_KEY)
      if (key === undefined) throw this.#fail('expected a key')
      keys.push(key)
      this.#space()
    } while (this.#take('.'))
    return keys
  }

  #value(): Value {
    const char = this.#text[this.#at]
    if (char === '"') return this.#take('"""') ? this.#multiline('"""') : this.#basic()
    if (char === "'") return this.#take("'''") ? this.#multiline("'''") : this.#literal()
    if (char === '[') return this.#list()
    if (char === '{') return this.#inline()
    if (this.#match(/true\b/y)) return true
    if (this.#match(/false\b/y)) return false
    const date = this.#match(DATE)
    if (date !== undefined) return date.replace(/^(\d{4}-\d\d-\d\d)[t ]/, '$1T').replace(/[Zz]$/, '+00:00')
    const number = this.#match(NUMBER)
    if (number === undefined) throw this.#fail('expected a value')
    return toNumber(number.replaceAll('_', ''))
  }

  #list(): Value {
    const items: Value[] = []
    this.#need('[')
    for (this.#blank(); !this.#take(']'); this.#blank()) {
      items.push(this.#value())
      this.#blank()
      if (!this.#take(',') && this.#text[this.#at] !== ']') throw this.#fail("expected ',' or ']'")
    }
    return items
  }

  #inline(): Value {
    const table: Table = new Map()
    this.#need('{')
    this.#space()
    if (!this.#take('}')) {
      do {
        this.#pair(table)
        this.#space()
      } while (this.#take(','))
      this.#need('}')
    }
    this.#closed.add(table)
    return table
  }

  #literal(): string {
    const end = this.#text.indexOf("'", this.#at + 1)
    const text = this.#text.slice(this.#at + 1, end)
    if (end < 0 || text.includes('\n')) throw this.#fail('a quote is opened and never closed')
    this.#at = end + 1
    return text
  }

  #basic(): string {
    let text = ''
    for (this.#at++; this.#text[this.#at] !== '"'; ) {
      const char = this.#text[this.#at]
      if (char === undefined || char === '\n') throw this.#fail('a quote is opened and never closed')
      text += char === '\\' ? this.#escape() : char
      if (char !== '\\') this.#at++
    }
    this.#at++
    return text
  }

  #multiline(quote: string): string {
    let text = ''
    this.#take('\n')
    while (!this.#text.startsWith(quote, this.#at)) {
      const char = this.#text[this.#at]
      if (char === undefined) throw this.#fail('a quote is opened and never closed')
      if (char !== '\\' || quote === "'''") (text += char), this.#at++
      // A backslash at the end of a line swallows the break and the space after it.
      else if (this.#match(/\\[ \t]*\n\s*/y) === undefined) text += this.#escape()
    }
    this.#at += 3
    // Up to two quotes may stand right before the end.
    while (this.#text[this.#at] === quote[0] && !text.endsWith(quote)) (text += quote[0]), this.#at++
    return text
  }

  #escape(): string {
    const char = this.#text[this.#at + 1] ?? ''
    const length = { u: 4, U: 8 }[char]
    const digits = length ? this.#text.slice(this.#at + 2, this.#at + 2 + length) : ''
    if (length ? !new RegExp(`^[0-9A-Fa-f]{${length}}$`).test(digits) : ESCAPES[char] === undefined) throw this.#fail('a backslash begins no escape that TOML knows')
    this.#at += 2 + digits.length
    return length ? String.fromCodePoint(Number.parseInt(digits, 16)) : ESCAPES[char]!
  }

  #space(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++
  }
  #comment(): void {
    if (this.#text[this.#at] !== '#') return
    const end = this.#text.indexOf('\n', this.#at)
    this.#at = end < 0 ? this.#text.length : end
  }
  /** Spaces, lines and comments. */
  #blank(): void {
    do {
      this.#space()
      this.#comment()
    } while (this.#take('\n'))
  }
  #take(token: string): boolean {
    const seen = this.#text.startsWith(token, this.#at)
    if (seen) this.#at += token.length
    return seen
  }
  #need(token: string): void {
    this.#space()
    if (!this.#take(token)) throw this.#fail(`expected '${token}'`)
  }
  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match) this.#at = pattern.lastIndex
    return match?.[0]
  }
  #fail(detail: string): Problem {
    const before = this.#text.slice(0, this.#at).split('\n')
    return new Problem({ code: 'toml-syntax', summary: 'this is not TOML', detail, span: { file: this.#file, line: before.length, column: before.at(-1)!.length + 1 } })
  }
}

function toNumber(text: string): Value {
  if (/^0[xob]/.test(text)) return whole(BigInt(text))
  if (/inf$/.test(text)) return new Float(text.startsWith('-') ? -Infinity : Infinity)
  if (/nan$/.test(text)) return new Float(NaN)
  if (!/[.eE]/.test(text)) return whole(BigInt(text.replace(/^\+/, '')))
  const value = Number(text)
  return Number.isInteger(value) ? new Float(value) : value
}
const whole = (value: bigint): Value => (Number.isSafeInteger(Number(value)) ? Number(value) : value)
