import { type Unknown, unknown } from '../value/value.ts'
import type { Foresight, Planned, PlannedPackage, Resource } from './resource.ts'

/** What packages of the plan do to a thing; unknown where they cannot be asked. */
export async function broughtByPackages<T>(planned: Planned, ask: (foresight: Foresight) => Promise<T | Unknown | undefined>, thing: string): Promise<T | Unknown | undefined> {
  const installing = planned.packages.findLast(({ action }) => action === 'install')
  if (!installing) return undefined
  return planned.foresight ? ask(planned.foresight) : unknown(`packages of ${installing.by} may bring ${thing}`)
}

/** The packages of the plan, in its order; nothing outside a dry run. Key: ''. */
export const plannedPackagesResource: Resource<readonly PlannedPackage[]> = { kind: 'planned-packages', load: async (_shell, keys) => keys.map(() => []), foresee: (_key, _found, planned) => planned.packages }
