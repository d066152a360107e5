import type { Json } from '../value/json.ts'
import { joined } from './part.ts'

/** Fields as the server keeps them with their owner (FieldsV1): `f:NAME`, `k:{…}` for an item by its keys, `v:…` for one by its value, `.` for the thing itself. */
export interface FieldSet {
  readonly [step: string]: FieldSet
}

export interface JsonObject {
  readonly [key: string]: Json
}

interface Manager {
  readonly manager: string
  readonly operation: string
  readonly fields: FieldSet
}

export const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
export const inside = (value: Json | undefined, ...keys: readonly string[]): Json | undefined => keys.reduce<Json | undefined>((at, key) => (isObject(at) ? at[key] : undefined), value)

/** Who owns what of an object. */
export const managersOf = (object: Json | undefined): readonly Manager[] => {
  const entries = inside(object, 'metadata', 'managedFields')
  return Array.isArray(entries) ? (entries as readonly JsonObject[]).filter(({ subresource }) => !subresource).map(({ manager, operation, fieldsV1 }) => ({ manager: String(manager), operation: String(operation), fields: (fieldsV1 ?? {}) as unknown as FieldSet })) : []
}

/** The fields of a set with their values, by path; a field whose value is one to the server (a list without keys) is one here. What is not there is left out. */
export function fieldsOf(value: Json | undefined, set: FieldSet, path = '', found: Map<string, Json> = new Map()): Map<string, Json> {
  const steps = Object.keys(set).filter((step) => step !== '.')
  if (value === undefined) return found
  if (steps.length === 0) return found.set(path, Object.hasOwn(set, '.') ? emptied(value) : value)
  for (const step of steps) {
    const [at, way] = stepInto(value, step, path)
    if (step.startsWith('v:')) at === undefined || found.set(way, at)
    else fieldsOf(at, set[step]!, way, found)
  }
  return found
}

/** Only that it is there: what is in it belongs to others. */
const emptied = (value: Json): Json => (Array.isArray(value) ? [] : isObject(value) ? {} : value)

/** What a step leads to, and the path of it: `containers[name=web]`. */
function stepInto(value: Json, step: string, path: string): readonly [Json | undefined, string] {
  const name = step.slice(2)
  if (step.startsWith('f:')) return [isObject(value) ? value[name] : undefined, joined(path, name)]
  const items = Array.isArray(value) ? (value as readonly Json[]) : []
  if (step.startsWith('i:')) return [items[Number(name)], `${path}[${name}]`]
  const wanted = JSON.parse(name) as Json
  if (step.startsWith('v:')) return [items.find((item) => sameJson(item, wanted)), `${path}[${String(wanted)}]`]
  const keys = Object.entries(wanted as JsonObject)
  return [items.find((item) => keys.every(([key, one]) => sameJson(inside(item, key), one))), `${path}[${keys.map(([key, one]) => `${key}=${String(one)}`).join(',')}]`]
}

export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => sameJson(item as Json, b[i] as Json))
  if (isObject(a) && isObject(b)) return Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  return a === b
}

/** The fields that an apply of ours speaks about: what we own after it, and what we owned before it. */
export function ownFields(current: Json | undefined, applied: Json, manager: string): { readonly before: ReadonlyMap<string, Json>; readonly after: ReadonlyMap<string, Json> } {
  const ours = [current, applied].flatMap((object) => managersOf(object).filter((one) => one.manager === manager && one.operation === 'Apply'))
  const of = (object: Json | undefined) => new Map(ours.flatMap(({ fields }) => [...fieldsOf(object, fields)]))
  return { before: of(current), after: of(applied) }
}

export interface Conflict {
  readonly path: string
  readonly found: Json | undefined
  readonly wanted: Json | undefined
  readonly manager: string
}

/** Fields that the apply would change and that another manager owns: the server refuses those unless they are forced. */
export function conflictsOf(current: Json | undefined, applied: Json, manager: string): readonly Conflict[] {
  const mine = managersOf(applied).find((one) => one.manager === manager && one.operation === 'Apply')
  if (!mine || current === undefined) return []
  const [wanted, now] = [fieldsOf(applied, mine.fields), fieldsOf(current, mine.fields)]
  const others = managersOf(current).filter((one) => one.manager !== manager || one.operation !== 'Apply')
  return others.flatMap((other) => [...fieldsOf(current, other.fields).keys()].filter((path) => wanted.has(path) && !sameJson(wanted.get(path), now.get(path))).map((path) => ({ path, found: now.get(path), wanted: wanted.get(path), manager: other.manager })))
}
