import { Aside } from '../value/aside.ts'
import { Unknown } from '../value/value.ts'
import type { TextDiff } from './define-module.ts'

/** The parts of a state that differ, one line each: the diff of a module that declares none. */
export function showState(name: string, before: unknown, after: unknown): readonly TextDiff[] {
  const [old, wanted] = [flatten(before), flatten(after)]
  const differing = [...new Set([...old.keys(), ...wanted.keys()])].filter((key) => old.get(key) !== wanted.get(key))
  const lines = (side: ReadonlyMap<string, string>) => differing.filter((key) => side.has(key)).map((key) => `${key ? `${key}: ` : ''}${side.get(key)}\n`).join('')
  return differing.length === 0 ? [] : [{ header: { before: name, after: name }, before: lines(old), after: lines(wanted) }]
}

function flatten(value: unknown, prefix = '', lines = new Map<string, string>()): Map<string, string> {
  if (value instanceof Aside) return lines
  if (value instanceof Unknown) lines.set(prefix, `(unknown: ${value.reason})`)
  else if (value instanceof Uint8Array) lines.set(prefix, `(${value.length} bytes)`)
  else if (value instanceof Map) for (const [key, part] of value) flatten(part, join(prefix, String(key)), lines)
  else if (value instanceof Date) lines.set(prefix, value.toISOString())
  else if (Array.isArray(value)) lines.set(prefix, JSON.stringify(value.map((part) => (part instanceof Unknown ? `(unknown: ${part.reason})` : part))))
  else if (typeof value === 'object' && value !== null) for (const [key, part] of Object.entries(value)) flatten(part, join(prefix, key), lines)
  else if (value !== undefined) lines.set(prefix, String(value))
  return lines
}

const join = (prefix: string, key: string): string => (prefix ? `${prefix}.${key}` : key)
