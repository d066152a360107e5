import { readFileSync } from 'node:fs'
import { valuesOf } from '../playbook/check-task.ts'
import { fullName } from '../playbook/redirects.ts'
import type { Task } from '../playbook/tree.ts'
import type { Span } from '../problem/problem.ts'
import type { Environment } from '../template/scope.ts'
import { type References, references } from '../template/template.ts'
import type { ProjectSurvey } from './survey-project.ts'

/** A module, filter, test or lookup that a project uses: how often, whether it is here, and where it stands where it is not. */
export interface Feature {
  readonly name: string
  readonly count: number
  readonly runs: boolean
  readonly places: readonly string[]
}
export interface Features {
  readonly modules: readonly Feature[]
  readonly filters: readonly Feature[]
  readonly tests: readonly Feature[]
  readonly lookups: readonly Feature[]
}

/** Actions that reading or the engine itself carries out. */
const OWN = new Set(['meta', 'import_tasks', 'import_role', 'include'])

/** What a project uses, the most used first. */
export function countFeatures({ tasks, vars, files, catalog }: ProjectSurvey, environment: Environment): Features {
  const [modules, filters, tests, lookups] = [new Count(), new Count(), new Count(), new Count()]
  const add = (found: References, where: Span | undefined): void => {
    for (const { name, span } of found.filters) filters.add(name, environment.filters.has(name), span ?? where)
    for (const { name, span } of found.tests) tests.add(name, environment.tests.has(name), span ?? where)
    for (const { name, span } of found.lookups) lookups.add(name, environment.lookups.has(name), span ?? where)
  }
  for (const task of tasks) {
    modules.add(task.own ? task.actionAsWritten : (fullName(task.action) ?? task.action), OWN.has(task.action) || catalog.find(task.action, task.own) !== undefined, task.span)
    if (task.loop && task.loop.lookup !== 'loop') lookups.add(task.loop.lookup, environment.lookups.has(task.loop.lookup), task.loop.span)
    for (const found of referencesOf(task)) add(found, task.span)
  }
  for (const dict of vars) add(references(dict), undefined)
  for (const file of files.templates) add(references(readFileSync(file, 'utf8'), { as: 'file', file }), { file, line: 1, column: 1 })
  return { modules: modules.all(), filters: filters.all(), tests: tests.all(), lookups: lookups.all() }
}

function referencesOf(task: Task): readonly References[] {
  const conditions = [...task.when, ...task.until, ...(task.changedWhen ?? []), ...(task.failedWhen ?? [])]
  const values = [...valuesOf(task), task.loop?.over ?? null].map((value) => references(value))
  return [...values, ...conditions.flatMap(({ expression, span }) => (typeof expression === 'string' ? [references(expression, { as: 'expression', span })] : []))]
}

class Count {
  readonly #features = new Map<string, { name: string; count: number; runs: boolean; places: Set<string> }>()

  add(name: string, runs: boolean, span: Span | undefined): void {
    const feature = this.#features.get(name) ?? { name, count: 0, runs, places: new Set<string>() }
    this.#features.set(name, feature)
    feature.count++
    if (!runs && span) feature.places.add(`${span.file}:${span.line}`)
  }

  all(): readonly Feature[] {
    return [...this.#features.values()].map((feature) => ({ ...feature, places: [...feature.places] })).sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
  }
}
