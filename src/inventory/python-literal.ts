import { Float, Tuple, type Value } from '../value/value.ts'

/**
 * A Python literal as `ast.literal_eval` reads it: numbers, strings, True, False, None, lists, tuples, dicts. `undefined` where the text
 * is none: it is then a plain string. INI inventories type their values by it: `True` is a boolean, `true` and `yes` are strings.
 */
export function parsePythonLiteral(text: string): Value | undefined {
  const reader = new Reader(text)
  try {
    return reader.whole()
  } catch (error) {
    if (error instanceof NoLiteral) return undefined
    throw error
  }
}

class NoLiteral extends Error {}

const NUMBER = /(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*\.(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*|\d(?:_?\d)*)(?:[eE][-+]?\d(?:_?\d)*)?)(?![\w.])/y
const STRING = /([rRuU]?)('''|"""|'|")/y
const WORD = /(?:True|False|None)\b/y

class Reader {
  readonly #text: string
  #at = 0
  constructor(text: string) {
    this.#text = text
  }

  whole(): Value {
    const first = this.#value()
    const value = this.#sees(',') ? this.#tuple(first, '') : first
    this.#space()
    if (this.#at < this.#text.length) throw new NoLiteral()
    return value
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++
    // A comment ends a literal in Python, and so it does in an INI value: `port = 80 # http`.
    if (this.#text[this.#at] === '#') this.#at = this.#text.length
  }
  #sees(token: string): boolean {
    this.#space()
    return this.#text.startsWith(token, this.#at)
  }
  #take(token: string): boolean {
    const seen = this.#sees(token)
    if (seen) this.#at += token.length
    return seen
  }
  #match(pattern: RegExp): RegExpExecArray | null {
    this.#space()
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match) this.#at = pattern.lastIndex
    return match
  }

  #value(): Value {
    if (this.#take('[')) return this.#items(']')
    if (this.#take('(')) return this.#parentheses()
    if (this.#take('{')) return this.#braces()
    if (this.#take('-')) return negate(this.#number())
    if (this.#take('+')) return this.#number()
    const word = this.#match(WORD)
    if (word) return word[0] === 'True' ? true : word[0] === 'False' ? false : null
    return /['"rRuU]/.test(this.#text[this.#at] ?? '') ? this.#strings() : this.#number()
  }

  #items(end: string): Value[] {
    const items: Value[] = []
    while (!this.#take(end)) {
      items.push(this.#value())
      if (!this.#take(',') && !this.#sees(end)) throw new NoLiteral()
    }
    return items
  }
  #parentheses(): Value {
    if (this.#take(')')) return new Tuple()
    const first = this.#value()
    if (this.#take(')')) return first
    return this.#tuple(first, ')')
  }
  #tuple(first: Value, end: string): Value {
    const items: Value[] = [first]
    while (this.#take(',')) {
      if (end ? this.#sees(end) : this.#ended()) break
      items.push(this.#value())
    }
    if (end && !this.#take(end)) throw new NoLiteral()
    return Tuple.from(items)
  }
  #ended(): boolean {
    this.#space()
    return this.#at >= this.#text.length
  }
  #braces(): Value {
    const map = new Map<Value, Value>()
    while (!this.#take('}')) {
      const key = this.#value()
      if (!this.#take(':')) throw new NoLiteral()
      map.set(key, this.#value())
      if (!this.#take(',') && !this.#sees('}')) throw new NoLiteral()
    }
    return map
  }

  #number(): Value {
    const digits = this.#match(NUMBER)?.[0].replaceAll('_', '')
    // 0644 was octal in Python 2 and is an error since: such a value stays a string.
    if (digits === undefined || /^0\d*[1-9]\d*$/.test(digits)) throw new NoLiteral()
    if (/^0[xob]/i.test(digits) || /^\d+$/.test(digits)) return small(BigInt(digits))
    const value = Number(digits)
    return Number.isInteger(value) ? new Float(value) : value
  }

  #strings(): Value {
    let text: string | undefined
    for (let match = this.#match(STRING); match; match = this.#match(STRING)) text = (text ?? '') + this.#string(match[2]!, /r/i.test(match[1]!))
    if (text === undefined) throw new NoLiteral()
    return text
  }
  #string(quote: string, raw: boolean): string {
    let text = ''
    while (!this.#text.startsWith(quote, this.#at)) {
      const char = this.#text[this.#at++]
      if (char === undefined || (char === '\n' && quote.length === 1)) throw new NoLiteral()
      if (char !== '\\') text += char
      else text += raw ? char + (this.#text[this.#at++] ?? '') : this.#escape()
    }
    this.#at += quote.length
    return text
  }
  #escape(): string {
    const char = this.#text[this.#at++] ?? ''
    const simple = ESCAPES[char]
    if (simple !== undefined) return simple
    const length = { x: 2, u: 4, U: 8 }[char]
    const digits = length ? this.#text.slice(this.#at, this.#at + length) : /^[0-7]{1,3}/.exec(this.#text.slice(this.#at - 1))?.[0]
    if (digits === undefined) return `\\${char}`
    if (length && !new RegExp(`^[0-9a-fA-F]{${length}}$`).test(digits)) throw new NoLiteral()
    this.#at += length ?? digits.length - 1
    return String.fromCodePoint(Number.parseInt(digits, length ? 16 : 8))
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '', '\\': '\\', "'": "'", '"': '"', a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const small = (value: bigint): number | bigint => (Number.isSafeInteger(Number(value)) ? Number(value) : value)
const negate = (value: Value): Value => (value instanceof Float ? new Float(-value.value) : typeof value === 'bigint' ? -value : typeof value === 'number' ? (value === 0 ? 0 : -value) : value)
