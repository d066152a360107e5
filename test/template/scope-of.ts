import { fromJson } from '../../src/value/json.ts'
import { asTemplate, dict, isDict, type Value } from '../../src/value/value.ts'
import { defaultEnvironment } from '../../src/template/environment.ts'
import type { LookupContext, Scope } from '../../src/template/scope.ts'
import { render } from '../../src/template/template.ts'
import { Secrets } from '../../src/text/secrets.ts'

/** Marks templates in loaded values, as reading YAML does. */
export function loaded(value: Value): Value {
  if (typeof value === 'string') return asTemplate(value)
  if (Array.isArray(value)) return value.map((item: Value) => loaded(item))
  return isDict(value) ? new Map(Array.from(value, ([key, item]) => [key, loaded(item)])) : value
}

export interface ScopeParts {
  readonly files?: Readonly<Record<string, string>>
  readonly warnings?: string[]
  readonly searchPaths?: (subdir: string) => readonly string[]
}
/** A scope over plain JSON variables, or over values as they are. */
export function scopeOf(variables: Readonly<Record<string, unknown>> | ReadonlyMap<string, Value> = {}, { files = {}, warnings, searchPaths }: ScopeParts = {}): Scope {
  const values = variables instanceof Map ? (variables as ReadonlyMap<string, Value>) : new Map(Object.entries(variables).map(([name, value]) => [name, loaded(fromJson(value))]))
  const scope: Scope = {
    get: (name) => values.get(name),
    names: () => values.keys(),
    loadTemplate: (name) => (files[name] === undefined ? undefined : { source: files[name], file: name }),
    environment: defaultEnvironment,
    warn: (text) => void warnings?.push(text),
    get lookupContext(): LookupContext {
      return { searchPaths: searchPaths ?? (() => ['.']), playbookDir: '.', scope, render: (value) => render(value, scope), secrets: new Secrets() }
    },
  }
  return scope
}
export { dict }
