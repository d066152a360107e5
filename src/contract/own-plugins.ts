import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { filter, test } from '../template/define.ts'
import { lookup } from '../template/lookups/define-lookup.ts'
import type { Environment, Filter, Lookup, Test } from '../template/scope.ts'
import { type Json, fromJson, toJson } from '../value/json.ts'
import { Float, type Value } from '../value/value.ts'
import { importOwn } from './own-module.ts'

/** A filter, test or lookup of a user, marked so that it is found among what a file exports. */
export interface OwnPlugin {
  readonly plugin: { readonly filter: Filter } | { readonly test: Test } | { readonly lookup: Lookup }
}

/**
 * A filter of your own. `params`: its parameters besides the value, as `'pattern replacement?'` (`?` may be left out). Values are
 * plain: dicts come as objects, integers and floats as numbers. What throws an Error fails the task with its message.
 */
export const defineFilter = (name: string, params: string, apply: (value: Json, ...args: (Json | undefined)[]) => Json): OwnPlugin => ({
  plugin: { filter: filter(name, params, (value, args) => fromPlain(apply(plain(value), ...args.map((one) => (one === undefined ? undefined : plain(one)))))) },
})

/** A test of your own, for `is` and `is not`; declared like a filter. */
export const defineTest = (name: string, params: string, holds: (value: Json, ...args: (Json | undefined)[]) => boolean): OwnPlugin => ({
  plugin: { test: test(name, params, (value, args) => holds(plain(value), ...args.map((one) => (one === undefined ? undefined : plain(one))))) },
})

/** A lookup of your own: `options` are the keywords it knows; it answers with a list. It runs on the controller while templates are rendered, so it cannot wait. */
export const defineLookup = (name: string, options: string, find: (terms: readonly Json[], options: Readonly<Record<string, Json>>) => readonly Json[]): OwnPlugin => ({
  plugin: { lookup: lookup(name, options, (terms, given) => find(terms.map(plain), Object.fromEntries(Object.entries(given).map(([key, value]) => [key, plain(value)]))).map(fromPlain)) },
})

const plain = (value: Value): Json => toJson(value)
/** A whole number is an integer, as in JSON. */
const fromPlain = (value: Json): Value => {
  if (typeof value === 'number' && !Number.isInteger(value)) return new Float(value)
  if (Array.isArray(value)) return value.map(fromPlain)
  return fromJson(value)
}

const KINDS = ['filter', 'test', 'lookup'] as const

/** An environment with the plugins of `filter_plugins/`, `test_plugins/` and `lookup_plugins/` in these folders on top; their own where two have one name. */
export async function withOwnPlugins(environment: Environment, folders: readonly string[]): Promise<Environment> {
  const files = folders.flatMap((folder) => KINDS.flatMap((kind) => listSources(join(folder, `${kind}_plugins`))))
  if (files.length === 0) return environment
  const [filters, tests, lookups] = [new Map(environment.filters), new Map(environment.tests), new Map(environment.lookups)]
  for (const file of files) {
    for (const { plugin } of (await importOwn(file)).filter(isPlugin)) {
      if ('filter' in plugin) for (const name of plugin.filter.names) filters.set(name, plugin.filter)
      else if ('test' in plugin) for (const name of plugin.test.names) tests.set(name, plugin.test)
      else for (const name of plugin.lookup.names) lookups.set(name, plugin.lookup)
    }
  }
  return { ...environment, filters, tests, lookups }
}

const isPlugin = (value: unknown): value is OwnPlugin => typeof value === 'object' && value !== null && 'plugin' in value

const listSources = (folder: string): readonly string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => /\.m?[jt]s$/.test(name) && !name.endsWith('.d.ts')).sort().map((name) => join(folder, name)) : []
