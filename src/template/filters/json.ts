import { Float, Tuple, isDict, type Value } from '../../value/value.ts'
import { filter } from '../define.ts'
import { compareText } from '../python/compare.ts'
import { countOf, flag, float, int, isList, isNumber, typeName } from '../python/kind.ts'
import { repr, str } from '../python/text.ts'
import { Range, isAttributed, isView, unfold } from '../objects.ts'
import { DateTime } from '../python/date-time.ts'
import { fail } from '../template-error.ts'
import { need } from '../unknown-reached.ts'

interface Layout {
  readonly indent: number
  readonly sort: boolean
  readonly ascii: boolean
  readonly separators?: readonly [item: string, key: string]
}
const quoted = (text: string, ascii: boolean): string =>
  ascii ? JSON.stringify(text).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`) : JSON.stringify(text)

/** JSON as Python's `json.dumps` lays it out. */
export function dumpJson(value: Value, layout: Layout, level = 0): string {
  need(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quoted(value, layout.ascii)
  if (isNumber(value)) return value instanceof Float && !Number.isFinite(value.value) ? String(value.value) : repr(value)
  if (isList(value)) return enclose('[', value.map((item) => dumpJson(item, layout, level + 1)), ']', layout, level)
  if (value instanceof Range) return dumpJson(value.items(), layout, level)
  if (isDict(value)) return enclose('{', members(value, layout, level), '}', layout, level)
  if (isView(value)) return dumpJson(unfold(value), layout, level)
  if (value instanceof DateTime) return quoted(value.text().replace(' ', 'T'), layout.ascii)
  if (isAttributed(value) || 'opaque' in value) return fail(`a ${typeName(value)} cannot be written as JSON`)
  return quoted(str(value), layout.ascii)
}
function members(dict: ReadonlyMap<Value, Value>, layout: Layout, level: number): string[] {
  const colon = layout.separators?.[1] ?? ': '
  const entries = [...dict].map(([key, item]) => [keyText(key), item] as const)
  if (layout.sort) entries.sort(([a], [b]) => compareText(a, b))
  return entries.map(([key, item]) => `${quoted(key, layout.ascii)}${colon}${dumpJson(item, layout, level + 1)}`)
}
const keyText = (key: Value): string => (key === null || typeof key === 'boolean' ? String(key) : str(key))
function enclose(open: string, parts: readonly string[], close: string, { indent, separators }: Layout, level: number): string {
  if (!parts.length) return open + close
  if (!indent) return open + parts.join(separators?.[0] ?? ', ') + close
  const margin = `\n${' '.repeat(indent * (level + 1))}`
  return `${open}${margin}${parts.join(`${separators?.[0] ?? ','}${margin}`)}\n${' '.repeat(indent * level)}${close}`
}

/** JSON text as a value: `1.0` is a float, long integers keep their digits. */
export function parseJson(text: string): Value {
  try {
    return fromParsed(JSON.parse(text, ((_key: string, value: unknown, context?: { source?: string }) => numeric(value, context?.source)) as (key: string, value: unknown) => unknown))
  } catch (error) {
    return fail(`not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}
function numeric(value: unknown, source: string | undefined): unknown {
  if (typeof value !== 'number' || source === undefined) return value
  return /[.eE]/.test(source) ? float(value) : Number.isSafeInteger(value) ? value : int(BigInt(source))
}
function fromParsed(value: unknown): Value {
  if (typeof value !== 'object' || value === null || value instanceof Float) return value as Value
  return Array.isArray(value) ? value.map(fromParsed) : new Map(Object.entries(value).map(([key, item]) => [key, fromParsed(item)]))
}
function separatorsOf(value: Value | undefined): Partial<Layout> {
  return isList(value) && value.length === 2 ? { separators: [str(value[0]!), str(value[1]!)] } : {}
}

export const jsonFilters = [
  filter('to_json', 'vault_to_text? preprocess_unsafe? **', (value, _args, { keywords: { indent, sort_keys, ensure_ascii, separators } }) =>
    dumpJson(value, { indent: countOf(indent, 0), sort: flag(sort_keys), ascii: flag(ensure_ascii, true), ...separatorsOf(separators) })),
  filter('to_nice_json', 'indent? sort_keys? **', (value, [indent, sort], { keywords: { ensure_ascii, separators } }) =>
    dumpJson(value, { indent: countOf(indent, 4), sort: flag(sort, true), ascii: flag(ensure_ascii, true), ...separatorsOf(separators) })),
  filter('tojson', 'indent?', (value, [indent]) =>
    dumpJson(value, { indent: countOf(indent, 0), sort: true, ascii: true }).replace(/[<>&']/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)),
  filter('from_json', '', (value) => parseJson(str(value))),
  filter('pprint', '', (value) => repr(sorted(value))),
]
function sorted(value: Value): Value {
  if (isDict(value)) return new Map([...value].sort(([a], [b]) => compareText(str(a), str(b))).map(([key, item]) => [key, sorted(item)]))
  return isList(value) && !(value instanceof Tuple) ? value.map(sorted) : value
}
