import type { Value } from '../value/value.ts'
import type { Scope } from './scope.ts'

/** A scope with more variables in front of another's; what it renders is remembered apart from the other. */
export function withVariables(scope: Scope, variables: ReadonlyMap<string, Value>): Scope {
  const { environment, lookupContext } = scope
  const layered: Scope = {
    get: (name) => (variables.has(name) ? variables.get(name) : scope.get(name)),
    names: () => new Set([...variables.keys(), ...scope.names()]),
    ...(scope.loadTemplate ? { loadTemplate: (name: string) => scope.loadTemplate!(name) } : {}),
    environment,
    ...(scope.warn ? { warn: (text: string, span?: Parameters<NonNullable<Scope['warn']>>[1]) => scope.warn!(text, span) } : {}),
    ...(lookupContext ? { lookupContext } : {}),
  }
  return layered
}
