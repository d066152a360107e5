import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem, type Span } from '../problem/problem.ts'
import { spanOf } from './place.ts'
import type { Scope } from './scope.ts'
import { TemplateError, type ErrorKind } from './template-error.ts'

const CODES: Readonly<Record<ErrorKind, readonly [code: string, summary: string]>> = {
  'syntax': ['template-syntax', 'A template cannot be read'],
  'undefined': ['undefined-variable', 'A variable is not defined'],
  'failed': ['template-failed', 'A template cannot be rendered'],
  'loop': ['template-loop', 'Templates go in a circle'],
  'no-filter': ['unknown-filter', 'There is no such filter'],
  'no-test': ['unknown-test', 'There is no such test'],
  'no-lookup': ['unknown-lookup', 'There is no such lookup'],
  'no-template': ['template-not-found', 'A template is not there'],
}

/** The problem an error of the engine is for a user, with its place and the nearest known name. */
export function toProblem(error: TemplateError, scope?: Scope, fallback?: Span): Problem {
  const [code, summary] = CODES[error.kind]
  const span = (error.place && spanOf(error.place)) ?? fallback
  const hint = scope && hintFor(error, scope)
  return new Problem({ code, summary, detail: error.message, ...(hint ? { hint } : {}), ...(span ? { span } : {}) })
}

function hintFor({ kind, subject }: TemplateError, scope: Scope): string | undefined {
  const { environment } = scope
  if (subject === undefined) return undefined
  switch (kind) {
    case 'no-filter': return didYouMean(subject, environment.filters.keys())
    case 'no-test': return didYouMean(subject, environment.tests.keys())
    case 'no-lookup': return didYouMean(subject, environment.lookups.keys())
    case 'undefined': return didYouMean(subject, scope.names()) ?? "give it a value, or a default with '| default(…)'"
  }
  return undefined
}

/** Runs the engine's work; what it throws for users leaves as a `Problem`. */
export function withProblems<T>(scope: Scope, span: Span | undefined, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof TemplateError ? toProblem(error, scope, span) : error
  }
}
