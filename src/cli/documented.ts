import type { Module } from '../contract/define-module.ts'
import { controlList } from '../engine/control/controls.ts'
import { modules } from '../modules/registry.ts'
import { languageActions } from '../playbook/language-actions.ts'
import { normaliseAction } from '../playbook/redirects.ts'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import type { Declared } from '../schema/json-schema.ts'

/** What modules, the engine's own actions and those of the language have in common for readers. */
export interface Documented extends Declared {
  readonly aliases?: readonly string[]
  readonly notes?: readonly string[]
  readonly examples?: string
  readonly opaque?: true
  readonly amongPlays?: true
}

const others: readonly Documented[] = [...controlList, ...languageActions]

/** Everything that can stand in a task, and what can stand in place of a play; by name. */
export async function allDocumented(): Promise<readonly Documented[]> {
  const own = await Promise.all([...modules.values()].map(async (load) => (await load()) as Module))
  return [...own, ...others].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** By its short name, its full one, or another that means it. */
export async function getDocumented(written: string): Promise<Documented> {
  const name = normaliseAction(written)
  const found = others.find((one) => one.name === name) ?? ((await modules.get(name)?.()) as Module | undefined)
  if (found) return found
  const hint = didYouMean(written, [...modules.keys(), ...others.map((one) => one.name)]) ?? '`tutti doc --list` shows them all'
  throw new Problem({ code: 'module-not-offered', summary: 'tutti does not have this module', detail: `'${written}'`, hint })
}
