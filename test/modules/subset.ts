import type { Json } from '../../src/value/json.ts'

/** What of the found value the wanted one speaks about. */
export function subset(wanted: Json, found: Json): Json {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted) || typeof found !== 'object' || found === null || Array.isArray(found)) return found
  return Object.fromEntries(Object.entries(wanted as Record<string, Json>).map(([key, part]) => [key, subset(part, (found as Record<string, Json>)[key] ?? null)]))
}
