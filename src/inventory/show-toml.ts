import { Problem } from '../problem/problem.ts'
import { Float, type Dict, type Value, isDict } from '../value/value.ts'

/** A dict as TOML, laid out as Ansible's output has it: a header for each table that has values or nothing, lists one item a line. */
export function showToml(table: Dict, path: readonly string[] = []): string {
  const [values, tables]: [[string, Value][], [string, Value][]] = [[], []]
  for (const [key, value] of table) (isDict(value) || isTableList(value) ? tables : values).push([String(key), value])
  const head = path.length > 0 && (values.length > 0 || tables.length === 0) ? `[${path.map(keyText).join('.')}]\n` : ''
  const own = head + values.map(([key, value]) => `${keyText(key)} = ${literal(value, 0)}\n`).join('')
  const below = tables.flatMap(([key, value]) => (isDict(value) ? [showToml(value, [...path, key])] : (value as readonly Dict[]).map((item) => listItem(item, [...path, key]))))
  return [own, ...below].filter((part) => part !== '').join('\n')
}

/** Tables of a list that would not fit on a line each get a header. */
const isTableList = (value: Value): value is readonly Dict[] => Array.isArray(value) && value.length > 0 && value.every(isDict) && value.some((item) => inline(item as Dict, 0).length + 5 > 100 || inline(item as Dict, 0).includes('\n'))

function listItem(item: Dict, path: readonly string[]): string {
  const body = showToml(item, path)
  const header = `[${path.map(keyText).join('.')}]`
  return body.startsWith(`${header}\n`) ? `[${header}]${body.slice(header.length)}` : `[${header}]\n\n${body}`
}

const keyText = (key: string): string => (/^[A-Za-z0-9_-]+$/.test(key) ? key : quoted(key))

function literal(value: Value, level: number): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (value instanceof Float) return Number.isFinite(value.value) ? `${value.value}.0` : String(value.value).replace('Infinity', 'inf').toLowerCase()
  if (isDict(value)) return inline(value, level)
  if (!Array.isArray(value)) throw new Problem({ code: 'toml-value', summary: 'TOML has no way to write this', detail: value === null ? 'a value that is null' : String(value), hint: 'use --yaml, or JSON' })
  const margin = ' '.repeat(4 * (level + 1))
  return value.length === 0 ? '[]' : `[\n${value.map((item: Value) => `${margin}${literal(item, level + 1)},\n`).join('')}${' '.repeat(4 * level)}]`
}

const inline = (table: Dict, level: number): string => (table.size === 0 ? '{}' : `{ ${[...table].map(([key, value]) => `${keyText(String(key))} = ${literal(value, level)}`).join(', ')} }`)

const SHORT: Readonly<Record<string, string>> = { '\b': '\\b', '\n': '\\n', '\f': '\\f', '\r': '\\r', '"': '\\"', '\\': '\\\\' }
const quoted = (text: string): string => `"${text.replace(/[\x00-\x08\x0a-\x1f\x7f"\\]/g, (char) => SHORT[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
