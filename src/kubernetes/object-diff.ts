import type { Json } from '../value/json.ts'
import { isObject } from './field-set.ts'
import { joined } from './part.ts'

/** Fields as lines, sorted by path: `spec.replicas: 3`; a text of several lines stands below its path, so that a difference shows the line. */
export function fieldLines(fields: ReadonlyMap<string, Json>, hidden: (path: string) => boolean = () => false): string {
  return [...fields].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([path, value]) => linesOf(path, value, hidden)).map((line) => `${line}\n`).join('')
}

function linesOf(path: string, value: Json, hidden: (path: string) => boolean): readonly string[] {
  if (hidden(path)) return [`${path}: (hidden)`]
  if (Array.isArray(value) && value.length > 0) return (value as readonly Json[]).flatMap((item, i) => linesOf(`${path}[${i}]`, item, hidden))
  if (isObject(value) && Object.keys(value).length > 0) return Object.entries(value).flatMap(([key, item]) => linesOf(joined(path, key), item, hidden))
  if (typeof value === 'string' && /\n./.test(value)) return [`${path}: ${value.endsWith('\n') ? '|' : '|-'}`, ...value.replace(/\n$/, '').split('\n').map((line) => `  ${line}`)]
  return [`${path}: ${typeof value === 'string' && /^[\w./:@ -]+$/.test(value) && !/^(?:true|false|null|-?[\d.]+)$/.test(value) ? value : JSON.stringify(value)}`]
}

/** Two sides of fields that differ; those that are equal on both are left out. */
export function differing(before: ReadonlyMap<string, Json>, after: ReadonlyMap<string, Json>, same: (a: Json, b: Json) => boolean): readonly [ReadonlyMap<string, Json>, ReadonlyMap<string, Json>] {
  const unequal = (one: ReadonlyMap<string, Json>, other: ReadonlyMap<string, Json>) => new Map([...one].filter(([path, value]) => !other.has(path) || !same(value, other.get(path)!)))
  return [unequal(before, after), unequal(after, before)]
}
