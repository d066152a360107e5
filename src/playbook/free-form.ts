/** One word of a free-form argument text, or `name=value`. Offsets count characters from the start of the text. */
export interface Word {
  readonly text: string
  readonly offset: number
}

/**
 * Splits free-form arguments at white space as Ansible does: quotes hold words together and stay in the text, jinja's
 * `{{ }}`, `{% %}` and `{# #}` hold their content together, a backslash keeps the next character.
 * Undefined where a quote or a brace is never closed.
 */
export function splitWords(text: string): readonly Word[] | undefined {
  const words: Word[] = []
  let start = -1
  let quote = ''
  const braces: string[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    const pair = text.slice(at, at + 2)
    if (!quote && braces.length === 0 && /\s/.test(character)) {
      if (start >= 0) words.push({ text: text.slice(start, at), offset: start })
      start = -1
      continue
    }
    if (start < 0) start = at
    if (character === '\\' && at + 1 < text.length && braces.length === 0) at++
    else if (!quote && (pair === '{{' || pair === '{%' || pair === '{#')) braces.push(pair), at++
    else if (!quote && braces.length > 0 && pair === CLOSING[braces.at(-1)!]) braces.pop(), at++
    else if (braces.length === 0 && quote === character) quote = ''
    else if (braces.length === 0 && !quote && (character === '"' || character === "'")) quote = character
  }
  if (quote || braces.length > 0) return undefined
  if (start >= 0) words.push({ text: text.slice(start), offset: start })
  return words
}

const CLOSING: Readonly<Record<string, string>> = { '{{': '}}', '{%': '%}', '{#': '#}' }

export interface FreeForm {
  readonly named: readonly { readonly name: string; readonly value: string; readonly offset: number; readonly length: number }[]
  /** What is not `name=value`, exactly as written between the outermost words. */
  readonly rest: string
}

/**
 * `name=value` words and the rest. For commands only the names in `only` are taken out: everything else belongs to the command,
 * with its own spaces and line breaks.
 */
export function parseFreeForm(text: string, only?: ReadonlySet<string>): FreeForm | undefined {
  const all = splitWords(text)
  if (!all) return undefined
  const words = only ? all.flatMap(partContinuation) : all
  const named: FreeForm['named'][number][] = []
  const kept: Word[] = []
  for (const word of words) {
    const equals = findEquals(word.text)
    const name = equals > 0 ? word.text.slice(0, equals).trim() : ''
    if (name && (only ? only.has(name) : NAME.test(name))) {
      named.push({ name, value: unquote(unescape(word.text.slice(equals + 1))), offset: word.offset, length: word.text.length })
    } else kept.push(word)
  }
  return { named, rest: only ? commandText(text, words, kept) : named.length === 0 ? text.trim() : joinKept(text, kept, named) }
}

/** Backslashes that stand alone: at the end of a line they join it with the next one. */
const CONTINUATION = /^(?:\\[ \n])+/

function partContinuation({ text, offset }: Word): readonly Word[] {
  const length = CONTINUATION.exec(text)?.[0].length ?? 0
  return length > 0 && length < text.length ? [{ text: text.slice(0, length), offset }, { text: text.slice(length), offset: offset + length }] : [{ text, offset }]
}

/** As Ansible hands a command on: an option goes with the white space behind it, and lines that a backslash joins become one. */
function commandText(text: string, words: readonly Word[], kept: readonly Word[]): string {
  const [first] = words
  if (!first || kept.length === 0) return ''
  const stays = new Set(kept)
  const last = words.indexOf(kept.at(-1)!)
  let rest = text.slice(0, first.offset)
  for (const [i, word] of words.entries()) {
    if (!stays.has(word)) continue
    const between = text.slice(word.offset + word.text.length, words[i + 1]?.offset ?? text.length)
    const gap = i < last || last === words.length - 1 ? between : between.replace(/ $/, '')
    rest = CONTINUATION.test(word.text) ? rest.replace(/ $/, '') + (gap || (i < last ? ' ' : '')) : rest + word.text + gap
  }
  return rest.trim() === '' ? '' : rest
}

/** A name may be a template, as in `set_fact: "{{ item }}=yes"`. */
const NAME = /^(?:[\w.-]|\{\{.*?\}\})+$/s

/** An escaped `\=` does not part name and value. */
function findEquals(word: string): number {
  for (let at = word.indexOf('='); at >= 0; at = word.indexOf('=', at + 1)) if (word[at - 1] !== '\\') return at
  return -1
}

/** Cutting the named words out, rather than joining the others, keeps a command's own spaces and line breaks. */
function joinKept(text: string, kept: readonly Word[], named: FreeForm['named']): string {
  if (kept.length === 0) return ''
  let rest = ''
  let at = 0
  for (const { offset, length } of named) {
    rest += text.slice(at, offset)
    at = offset + length
    while (/[ \t]/.test(text[at] ?? '')) at++
  }
  return (rest + text.slice(at)).trim()
}

const ESCAPE = /\\(?:U([0-9a-fA-F]{8})|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\\'"abfnrtv]))/g
const CONTROLS: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** Escapes of Python's texts mean in `name=value` what they mean there; what is none of them stays. */
const unescape = (text: string): string =>
  text.replace(ESCAPE, (_all, long?: string, short?: string, byte?: string, sign?: string) => (sign === undefined ? String.fromCodePoint(Number.parseInt((long ?? short ?? byte)!, 16)) : CONTROLS[sign] ?? sign))

function unquote(value: string): string {
  const quoted = value.length >= 2 && (value[0] === '"' || value[0] === "'") && value.at(-1) === value[0] && value.at(-2) !== '\\'
  const text = quoted ? value.slice(1, -1) : value
  return text.replace(/\\(["'=])/g, '$1')
}
