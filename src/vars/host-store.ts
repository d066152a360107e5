import { type Dict, type Value, isDict } from '../value/value.ts'
import type { HostVars } from './vars.ts'

/** What one host gathers on its way: facts, registered results, `set_fact`, `include_vars`. */
export class HostStore implements HostVars {
  /** As `ansible_facts` has them: without the `ansible_` prefix. */
  facts: Map<Value, Value> = new Map()
  /** As they are injected beside all other variables: with the prefix, or under their own name (`packages`). */
  injected: Map<Value, Value> = new Map()
  /** `set_fact` and `register`: one level, the last one counts. */
  readonly set: Map<Value, Value> = new Map()
  readonly included: Map<Value, Value> = new Map()

  get hasFacts(): boolean {
    return this.facts.size > 0
  }

  addFacts(found: Dict): void {
    // New maps: a scope that was made before keeps what it saw.
    this.facts = new Map(this.facts)
    this.injected = new Map(this.injected)
    for (const [key, value] of found) {
      const name = String(key)
      this.injected.set(name, merged(this.injected.get(name), value, name))
      this.facts.set(name.replace(/^ansible_/, ''), merged(this.facts.get(name.replace(/^ansible_/, '')), value, name))
    }
  }

  clearFacts(): void {
    this.facts = new Map()
    this.injected = new Map()
  }

  setFacts(facts: Dict): void {
    for (const [name, value] of facts) this.set.set(name, value)
  }

  register(name: string, value: Value): void {
    this.set.set(name, value)
  }

  includeVars(vars: Dict): void {
    for (const [name, value] of vars) this.included.set(name, value)
  }
}

/** `ansible_local` grows by what other tasks add to it; everything else is replaced. */
const merged = (old: Value | undefined, value: Value, name: string): Value => (name === 'ansible_local' && isDict(old) && isDict(value) ? new Map([...old, ...value]) : value)
