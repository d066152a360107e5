import { existsSync, readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Span } from '../problem/problem.ts'
import type { Environment, LookupContext, Scope, TemplateFile } from '../template/scope.ts'
import { type Dict, type Value, isDict } from '../value/value.ts'

export interface LayeredParts {
  /** Dicts of variables, lowest first; asked for once, when the first name is looked up. */
  readonly layers: () => readonly Dict[]
  /** Names above all layers, lowest first: loop names, extra vars. */
  readonly overrides: readonly Dict[]
  /** Names that the run itself makes, each when it is asked for. */
  readonly magic: Readonly<Record<string, () => Value | undefined>>
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

  constructor(parts: LayeredParts) {
    this.#parts = parts
    this.environment = parts.environment
    this.warn = parts.warn
  }

  get lookupContext(): LookupContext {
    return (this.#lookups ??= this.#parts.lookupContext())
  }

  get(name: string): Value | undefined {
    if (this.#found.has(name)) return this.#found.get(name)
    const value = this.#look(name)
    // While the layers are being made (names of vars_files), nothing is remembered: it may be there afterwards.
    if (this.#layers) this.#found.set(name, value)
    return value
  }

  *names(): Iterable<string> {
    const seen = new Set<string>(Object.keys(this.#parts.magic))
    for (const layer of [...this.#all(), ...this.#parts.overrides]) for (const key of layer.keys()) seen.add(String(key))
    yield* seen
  }

  loadTemplate(name: string): TemplateFile | undefined {
    const places = isAbsolute(name) ? [name] : this.#parts.templates('templates').map((place) => join(place, name))
    const file = places.find((place) => existsSync(place))
    return file === undefined ? undefined : { source: readFileSync(file, 'utf8'), file }
  }

  #look(name: string): Value | undefined {
    const { overrides, magic, merge } = this.#parts
    for (let i = overrides.length - 1; i >= 0; i--) if (overrides[i]!.has(name)) return overrides[i]!.get(name)
    const made = Object.hasOwn(magic, name) ? magic[name]!() : undefined
    if (made !== undefined) return made
    const layers = this.#all()
    for (let i = layers.length - 1; i >= 0; i--) {
      if (!layers[i]!.has(name)) continue
      const value = layers[i]!.get(name)!
      return merge && isDict(value) ? mergedBelow(layers, i, name, value) : value
    }
    return undefined
  }

  #making = false
  #all(): readonly Dict[] {
    if (this.#layers) return this.#layers
    // Asked for from within: only the overrides and magic names are there yet.
    if (this.#making) return []
    this.#making = true
    try {
      return (this.#layers = this.#parts.layers())
    } finally {
      this.#making = false
    }
  }
}

/** `hash_behaviour = merge`: dicts of lower levels shine through. */
function mergedBelow(layers: readonly Dict[], top: number, name: string, value: Dict): Dict {
  let result = value
  for (let i = top - 1; i >= 0; i--) {
    const lower = layers[i]!.get(name)
    if (isDict(lower)) result = deep(lower, result)
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
