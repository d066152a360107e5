import { Problem, type Span } from '../problem/problem.ts'
import type { Fields } from '../schema/field.ts'
import type { Rules } from './define-module.ts'

/** The rules between parameters that are broken. `named`: the task says it (a template counts); with a default it is there all the same. */
export function checkRules<F extends Fields>(name: string, rules: Rules<F> | undefined, named: (param: string) => boolean, value: (param: string) => unknown, span?: Span): readonly Problem[] {
  const broken: { readonly detail: string; readonly said: string }[] = []
  // None is as if nothing had been said.
  const said = (param: string) => named(param) && value(param) !== null
  const given = (param: string) => said(param) || (value(param) !== undefined && value(param) !== null)
  const quoted = (params: readonly string[]) => params.map((param) => `'${param}'`).join(', ')
  for (const params of rules?.oneOf ?? []) if (!params.some(given)) broken.push({ detail: `one of ${quoted(params)} must be given`, said: rules?.words?.one ?? `one of the following is required: ${params.join(', ')}` })
  for (const params of rules?.atMostOneOf ?? []) if (params.filter(said).length > 1) broken.push({ detail: `${quoted(params.filter(said))} exclude each other`, said: rules?.words?.exclusive ?? `parameters are mutually exclusive: ${params.join('|')}` })
  for (const params of rules?.together ?? []) if (params.some(given) && !params.every(given)) broken.push({ detail: `${quoted(params)} must be given together`, said: `parameters are required together: ${params.join(', ')}` })
  for (const [param, wanted, needed] of rules?.requiredIf ?? []) if (value(param) === wanted && !needed.every(given)) broken.push({ detail: `with ${param}: ${String(wanted)}, ${quoted(needed.filter((one) => !given(one)))} must be given`, said: `${param} is ${String(wanted)} but all of the following are missing: ${needed.filter((one) => !given(one)).join(', ')}` })
  return broken.map(({ detail, said }) => new Problem({ code: 'parameter-rule', said, summary: 'the parameters do not fit together', detail: `module '${name}': ${detail}`, ...(span ? { span } : {}) }))
}
