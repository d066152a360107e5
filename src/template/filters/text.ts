import { isDict, type Value } from '../../value/value.ts'
import { filter } from '../define.ts'
import { own } from '../own.ts'
import { countOf, flag, intOf, isText, numberOf, tuple } from '../python/kind.ts'
import { pairsOf } from '../python/container-methods.ts'
import { fixed } from '../python/number-text.ts'
import { printf } from '../python/printf.ts'
import { capitalize, justify, replaceText, split, strip } from '../python/string-methods.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' }
const escapeHtml = (text: string): string => text.replace(/[&<>'"]/g, (char) => HTML[char]!)

function indent(text: string, width: Value | undefined, first: boolean, blank: boolean): string {
  const margin = typeof width === 'string' ? width : ' '.repeat(countOf(width, 4))
  const [head = '', ...rest] = text.split('\n')
  return [first ? margin + head : head, ...rest.map((line) => (line || blank ? margin + line : line))].join('\n')
}
function truncate(text: string, length: number, kill: boolean, end: string, leeway: number): string {
  if (text.length <= length + leeway) return text
  const cut = text.slice(0, length - end.length)
  const space = cut.lastIndexOf(' ')
  return (kill || space < 0 ? cut : cut.slice(0, space)) + end
}
function wrapLine(line: string, width: number, breakLong: boolean): string[] {
  const lines: string[] = []
  let current = ''
  const flush = (): void => {
    if (current) lines.push(current)
    current = ''
  }
  for (let word of line.split(' ')) {
    for (; breakLong && word.length > width; word = word.slice(width)) {
      flush()
      lines.push(word.slice(0, width))
    }
    if (current && current.length + 1 + word.length > width) flush()
    current = current ? `${current} ${word}` : word
  }
  flush()
  return lines
}
function urlQuote(text: string, form: boolean): string {
  const quoted = encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  return form ? quoted.replaceAll('%20', '+') : quoted.replaceAll('%2F', '/')
}
const urlEncode = (value: Value): string => isText(value)
  ? urlQuote(value, false)
  : isDict(value) || Array.isArray(value) ? pairsOf(value).map(([key, item]) => `${urlQuote(str(key), true)}=${urlQuote(str(item), true)}`).join('&') : urlQuote(str(value), false)

function fileSize(value: number, binary: boolean): string {
  const base = binary ? 1024 : 1000
  const units = binary ? ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'] : ['kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB']
  if (value === 1) return '1 Byte'
  if (value < base) return `${Math.trunc(value)} Bytes`
  let power = 1
  while (power < units.length && value >= base ** (power + 1)) power++
  return `${fixed(value / base ** power, 1)} ${units[power - 1]}`
}

const STYLES: Readonly<Record<string, readonly [begin: string, decoration: string, end: string]>> = {
  plain: ['', '# ', ''], erlang: ['', '% ', ''], c: ['', '// ', ''], cblock: ['/*', ' * ', ' */'], xml: ['<!--', ' - ', '-->'],
}
/** Text as a comment: `prefix` and `postfix` are lines (with their count) around it, drawn with the decoration. */
function comment(text: string, style: string, options: Readonly<Record<string, Value>>): string {
  const [begin0, decoration0, end0] = own(STYLES, style) ?? fail(`there is no comment style '${style}'; known are ${Object.keys(STYLES).join(', ')}`)
  const option = (name: string, fallback: string): string => (options[name] === undefined ? fallback : str(options[name]))
  const decoration = option('decoration', decoration0)
  const newline = option('newline', '\n')
  const [begin, end] = [option('beginning', begin0), option('end', end0)]
  const mark = (name: string): string => option(name, decoration.trimEnd())
  const count = (name: string): number => countOf(options[`${name}_count`], 1)
  // A prefix that is empty is no line, one that is a line feed is an empty line; the text ends its line before an empty postfix, too.
  const prefix = mark('prefix') === newline ? newline : mark('prefix') && mark('prefix') + newline
  const front = prefix.repeat(count('prefix'))
  const back = (newline + mark('postfix')).repeat(count('postfix'))
  const lines = text.split(newline)
  const drawn = lines.map((line, index) => (line === '' && index < lines.length - 1 ? decoration.trimEnd() : decoration + line)).join(newline)
  return (begin && begin + newline) + front + drawn + back + (end && newline + end)
}

export const textFilters = [
  filter('upper', '', (value) => str(value).toUpperCase()),
  filter('lower', '', (value) => str(value).toLowerCase()),
  filter('capitalize', '', (value) => capitalize(str(value))),
  filter('title', '', (value) => str(value).replace(/[^\s\-(){}[\]<]+/g, (word) => word[0]!.toUpperCase() + word.slice(1).toLowerCase())),
  filter('trim', 'chars?', (value, [chars]) => strip(str(value), chars, 'both')),
  filter('string', '', (value) => str(value)),
  filter('safe mark_safe', '', (value) => value),
  filter('replace', 'old new count?', (value, [old, fresh, count]) => replaceText(str(value), str(old!), str(fresh!), count === undefined || count === null ? undefined : intOf(count))),
  filter('center', 'width?', (value, [width]) => justify(str(value), countOf(width, 80), undefined, 'center')),
  filter('escape e forceescape', '', (value) => escapeHtml(str(value))),
  filter('striptags', '', (value) => str(value).replace(/<!--[^]*?-->|<[^>]*>/g, '').split(/\s+/).filter(Boolean).join(' ')),
  filter('format', '* **', (value, _args, { rest, keywords }) => printf(str(value), Object.keys(keywords).length ? new Map(Object.entries(keywords)) : tuple(rest))),
  filter('indent', 'width? first? blank?', (value, [width, first, blank]) => indent(str(value), width, flag(first), flag(blank))),
  filter('wordcount', '', (value) => (str(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length),
  filter('truncate', 'length? killwords? end? leeway?', (value, [length, kill, end, leeway]) => truncate(str(value), countOf(length, 255), flag(kill), end === undefined ? '...' : str(end), intOf(leeway, 5))),
  filter('wordwrap', 'width? break_long_words? wrapstring? break_on_hyphens?', (value, [width, breakLong, wrap]) => {
    const between = wrap === undefined || wrap === null ? '\n' : str(wrap)
    return str(value).split('\n').map((line) => wrapLine(line, Math.max(1, countOf(width, 79)), flag(breakLong, true)).join(between)).join(between)
  }),
  filter('urlencode', '', (value) => urlEncode(value)),
  filter('urldecode', '', (value) => decodeURIComponent(str(value).replaceAll('+', ' '))),
  filter('xmlattr', 'autospace?', (value, [space]) => {
    const attributes = pairsOf(value).filter(([, item]) => item !== null).map(([key, item]) => `${escapeHtml(str(key))}="${escapeHtml(str(item))}"`).join(' ')
    return attributes && flag(space, true) ? ` ${attributes}` : attributes
  }),
  filter('filesizeformat', 'binary?', (value, [binary]) => fileSize(numberOf(typeof value === 'string' ? Number(value) : value), flag(binary))),
  filter('quote', '', (value) => {
    const text = str(value === null ? '' : value)
    return text && !/[^\w@%+=:,./-]/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`
  }),
  filter('split', 'sep? maxsplit?', (value, [separator, limit]) => split(str(value), separator, intOf(limit, -1))),
  filter('comment', 'style? **', (value, [style], { keywords }) => comment(str(value), style === undefined ? 'plain' : str(style), keywords)),
]
