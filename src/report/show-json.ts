import { Float, TemplateString, Unknown, type Value, VaultString, isDict } from '../value/value.ts'

/**
 * A value as JSON in the form Ansible prints: keys sorted, a space after commas and colons, characters beyond ASCII as they are.
 * With `indent` one entry a line. What a dry run cannot know is written as `"<unknown: reason>"`.
 */
export function showJson(value: Value, indent = 0, level = 0): string {
  if (Array.isArray(value)) return bracket('[', ']', value.map((item) => showJson(item, indent, level + 1)), indent, level)
  if (isDict(value)) {
    const entries = [...value].map(([key, item]) => [keyText(key), item] as const).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return bracket('{', '}', entries.map(([key, item]) => `${JSON.stringify(key)}: ${showJson(item, indent, level + 1)}`), indent, level)
  }
  return scalar(value)
}

function bracket(open: string, close: string, items: readonly string[], indent: number, level: number): string {
  if (items.length === 0) return open + close
  if (!indent) return open + items.join(', ') + close
  const inner = ' '.repeat(indent * (level + 1))
  return `${open}\n${items.map((item) => inner + item).join(',\n')}\n${' '.repeat(indent * level)}${close}`
}

const keyText = (key: Value): string => (typeof key === 'string' ? key : key === null ? 'null' : scalar(key))

function scalar(value: Value): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (value instanceof Float) return Number.isInteger(value.value) ? `${value.value}.0` : String(value.value)
  if (value instanceof Unknown) return JSON.stringify(`<unknown: ${value.reason}>`)
  if (value instanceof TemplateString) return JSON.stringify(value.source)
  if (value instanceof VaultString) return '"<vault>"'
  return JSON.stringify(`<${(value as { readonly opaque: string }).opaque}>`)
}
