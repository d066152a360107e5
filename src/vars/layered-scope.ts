import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Span } from '../problem/problem.ts'
import type { Environment, LookupContext, Scope, TemplateFile } from '../template/scope.ts'
import { type Dict, type Value, isDict } from '../value/value.ts'

export interface LayeredParts {
  /** Dicts of variables, lowest first; asked for once, when the first name is looked up. */
  readonly layers: () => readonly Dict[]
  /** Names of a loop: above everything. */
  readonly item: Dict | undefined
  readonly extraVars: Dict
  /** Names that the run itself makes, each when it is asked for. */
  readonly magic: (name: string) => Value | undefined
  readonly magicNames: readonly string[]
  /** Answers for a name that no layer has; it is not listed among the names. */
  readonly fallback?: ((name: string, defined: (name: string) => Value | undefined) => Value | undefined) | undefined
  readonly merge: boolean
  readonly environment: Environment
  readonly warn: (text: string, span?: Span) => void
  readonly lookupContext: () => LookupContext
  readonly templates: (subdirectory: string) => readonly string[]
}

/** A scope that looks names up through layers, highest first, and remembers what it found. Nothing is merged ahead of time. */
export class LayeredScope implements Scope {
  readonly #parts: LayeredParts
  readonly #found = new Map<string, Value | undefined>()
  #layers: readonly Dict[] | undefined
  #lookups: LookupContext | undefined
  readonly environment: Environment
  readonly warn: (text: string, span?: Span) => void
  /** Own properties, so that a scope can be spread into one that overrides some of it. */
  readonly get: (name: string) => Value | undefined
  readonly names: () => Iterable<string>
  readonly loadTemplate: (name: string) => TemplateFile | undefined

  constructor(parts: LayeredParts) {
    this.#parts = parts
    this.environment = parts.environment
    this.warn = parts.warn
    this.get = (name) => this.#get(name)
    this.names = () => this.#names()
    this.loadTemplate = (name) => this.#loadTemplate(name)
  }

  get lookupContext(): LookupContext {
    return (this.#lookups ??= this.#parts.lookupContext())
  }

  #get(name: string): Value | undefined {
    const known = this.#found.get(name)
    if (known !== undefined || this.#found.has(name)) return known
    const found = this.#look(name)
    // A variable that is null is there.
    const value = found === undefined ? this.#parts.fallback?.(name, (other) => this.#look(other)) : found
    this.#found.set(name, value)
    return value
  }

  *#names(): Iterable<string> {
    const { magic, magicNames, item, extraVars } = this.#parts
    const seen = new Set(magicNames.filter((name) => magic(name) !== undefined))
    for (const layer of [...this.#all(), extraVars, ...(item ? [item] : [])]) for (const key of layer.keys()) seen.add(String(key))
    yield* seen
  }

  #loadTemplate(name: string): TemplateFile | undefined {
    const places = isAbsolute(name) ? [name] : this.#parts.templates('templates').map((place) => join(place, name))
    const file = places.find((place) => existsSync(place))
    return file === undefined ? undefined : { source: readFileSync(file, 'utf8'), file }
  }

  #look(name: string): Value | undefined {
    const { item, extraVars, magic, merge } = this.#parts
    const made = item?.get(name) ?? magic(name)
    if (made !== undefined || item?.has(name)) return made
    const extra = extraVars.get(name)
    if (extra !== undefined && !(merge && isDict(extra))) return extra
    const layers = extra === undefined ? this.#all() : [...this.#all(), extraVars]
    for (let i = layers.length - 1; i >= 0; i--) {
      const value = layers[i]!.get(name)
      if (value !== undefined) return merge && isDict(value) ? mergedBelow(layers, i, name, value) : value
    }
    return undefined
  }

  #all(): readonly Dict[] {
    return (this.#layers ??= this.#parts.layers())
  }
}

/** `hash_behaviour = merge`: dicts of lower levels shine through, down to the first value that is none. */
function mergedBelow(layers: readonly Dict[], top: number, name: string, value: Dict): Dict {
  let result = value
  for (let i = top - 1; i >= 0; i--) {
    const lower = layers[i]!.get(name)
    if (lower === undefined) continue
    if (!isDict(lower)) break
    result = deep(lower, result)
  }
  return result
}

function deep(under: Dict, over: Dict): Dict {
  const all = new Map<Value, Value>(under)
  for (const [key, value] of over) {
    const old = all.get(key)
    all.set(key, isDict(old) && isDict(value) ? deep(old, value) : value)
  }
  return all
}
