import { type Dict, type Value, isDict } from '../value/value.ts'
import type { HostVars } from './vars.ts'

/** The facts of one host beyond the run. */
export interface HostCache {
  load(): Dict
  save(facts: Dict): void
  forget(): void
}

/** What one host gathers on its way: facts, registered results, `set_fact`, `include_vars`. `revision` counts the changes. */
export class HostStore implements HostVars {
  revision = 0
  /** As `ansible_facts` has them: without the `ansible_` prefix. */
  facts: ReadonlyMap<Value, Value> = new Map()
  /** As they are injected beside all other variables: under the name they came with. */
  injected: ReadonlyMap<Value, Value> = new Map()
  /** `set_fact` and `register`: one level, the last one counts. */
  readonly set: Map<Value, Value> = new Map()
  readonly included: Map<Value, Value> = new Map()
  readonly #cache: HostCache | undefined

  /** `cache`: what is known of the host from earlier runs, and where its facts are kept for later ones. */
  constructor(cache?: HostCache) {
    this.#cache = cache
    const known = cache?.load()
    if (known && known.size > 0) this.#take(known)
  }

  get hasFacts(): boolean {
    return this.facts.size > 0
  }

  /** Its facts were gathered, now or in an earlier run: `set_fact` with `cacheable` does not count. */
  get gathered(): boolean {
    return this.facts.has('module_setup')
  }

  addFacts(found: Dict): void {
    this.#take(found)
    this.#cache?.save(this.injected)
  }

  #take(found: Dict): void {
    this.revision++
    // New maps: a scope that was made before keeps what it saw.
    const facts = new Map(this.facts)
    const injected = new Map(this.injected)
    for (const [key, value] of found) {
      const name = String(key)
      // `ansible_facts.ansible_local` keeps its prefix, as the documentation of local facts writes it.
      const short = name === 'ansible_local' ? name : name.replace(/^ansible_(?=.)/, '')
      injected.set(name, merged(injected.get(name), value, name))
      facts.set(short, merged(facts.get(short), value, name))
    }
    this.facts = facts
    this.injected = injected
  }

  clearFacts(): void {
    this.revision++
    this.facts = new Map()
    this.injected = new Map()
    this.#cache?.forget()
  }

  setFacts(facts: Dict): void {
    this.revision++
    for (const [name, value] of facts) this.set.set(name, value)
  }

  register(name: string, value: Value): void {
    this.revision++
    this.set.set(name, value)
  }

  includeVars(vars: Dict): void {
    this.revision++
    for (const [name, value] of vars) this.included.set(name, value)
  }
}

/** `ansible_local` grows by what other tasks add to it; everything else is replaced. */
const merged = (old: Value | undefined, value: Value, name: string): Value => (name === 'ansible_local' && isDict(old) && isDict(value) ? new Map([...old, ...value]) : value)
