import { toJson } from '../value/json.ts'
import { type Value, isDict } from '../value/value.ts'
import type { Reporter, ReportOptions } from './reporter.ts'

/** One event a line, as JSON with its version, for programs. Fields are only ever added. */
export function json({ out, secrets }: Pick<ReportOptions, 'out' | 'secrets'>): Reporter {
  return {
    onEvent: (event) => out(`${JSON.stringify(redacted(plain({ version: 1, ...event }), secrets.redact.bind(secrets)))}\n`),
    end: () => undefined,
  }
}

/** Maps of hosts become objects, values what JSON can hold. */
function plain(value: unknown): unknown {
  if (isDict(value)) return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]))
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype && !('opaque' in value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
  }
  return typeof value === 'object' && value !== null ? toJson(value as Value) : value
}

/** Texts are masked before they are quoted: a mask must not tear an escape apart. */
function redacted(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value)
  if (Array.isArray(value)) return value.map((item) => redacted(item, redact))
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, item]) => [redact(key), redacted(item, redact)]))
  return value
}
