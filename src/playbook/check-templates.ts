import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem, type Span } from '../problem/problem.ts'
import { defaultEnvironment } from '../template/environment.ts'
import { check, references } from '../template/template.ts'
import type { Environment } from '../template/scope.ts'
import type { Value } from '../value/value.ts'
import type { Condition, Loop } from './tree.ts'

/** What is wrong with the templates in a value whatever the variables are: their syntax, and filters, tests and lookups that do not exist. */
export function checkValue(value: Value, environment: Environment = defaultEnvironment): readonly Problem[] {
  return [...check(value), ...pluginProblems(references(value), environment)]
}

export function checkConditions(conditions: readonly Condition[], environment: Environment = defaultEnvironment): readonly Problem[] {
  return conditions.flatMap(({ expression, span }) => {
    if (typeof expression !== 'string') return []
    const how = { as: 'expression', span } as const
    return [...check(expression, how).map((problem) => withoutBraces(problem, expression)), ...pluginProblems(references(expression, how), environment)].map((problem) => problem.at(span))
  })
}

const withoutBraces = (problem: Problem, expression: string): Problem => (/\{\{|\}\}/.test(expression) && !problem.hint ? new Problem({ ...problem.parts(), hint: 'a condition is an expression by itself: write it without {{ and }}' }) : problem)

/** Conditions that decide nothing: a text in quotes inside the quotes of YAML holds whatever it says. */
export const deadConditions = (conditions: readonly Condition[]): readonly Problem[] => conditions.flatMap(({ expression, span }) =>
  typeof expression === 'string' && /^\s*(?:'[^']+'|"[^"]+")\s*$/.test(expression) ? [new Problem({ code: 'dead-condition', summary: 'The condition is a text, which holds whatever it says', detail: expression.trim(), hint: 'take one pair of quotes away', span })] : [])

/** A loop by a lookup (`with_*`) needs one of that name. */
export function checkLoop(loop: Loop, environment: Environment = defaultEnvironment): readonly Problem[] {
  const name = loop.lookup
  if (name === 'loop' || environment.lookups.has(name)) return checkValue(loop.over, environment)
  return [missing('lookup', name, environment.lookups.keys(), loop.span, `'with_${name}'`)]
}

export function pluginProblems({ filters, tests, lookups }: ReturnType<typeof references>, environment: Environment = defaultEnvironment): readonly Problem[] {
  return (['filter', 'test', 'lookup'] as const).flatMap((kind) => {
    const known = environment[`${kind}s`]
    const used = { filter: filters, test: tests, lookup: lookups }[kind]
    return used.filter(({ name }) => !known.has(name)).map(({ name, span }) => missing(kind, name, known.keys(), span))
  })
}

function missing(kind: 'filter' | 'test' | 'lookup', name: string, known: Iterable<string>, span: Span | undefined, detail = `'${name}'`): Problem {
  const hint = didYouMean(name, known)
  return new Problem({ code: `unknown-${kind}`, summary: `There is no such ${kind}`, detail, ...(hint ? { hint } : {}), ...(span ? { span } : {}) })
}
