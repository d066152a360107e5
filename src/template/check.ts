import type { Problem, Span } from '../problem/problem.ts'
import { TemplateString, isDict, type Value } from '../value/value.ts'
import { parseExpressionSource, parseSource } from './compiled.ts'
import { valueSyntax } from './engine.ts'
import { defaultSyntax } from './lexer.ts'
import type { ReadAs } from './references.ts'
import { TemplateError } from './template-error.ts'
import { toProblem } from './to-problem.ts'

/** Syntax problems of a value's templates, of an expression or of a template file, without evaluating anything. */
export function check(value: Value, how?: ReadAs): Problem[] {
  if (typeof value === 'string' && how) return attempt(() => parseText(value, how), how.span)
  if (value instanceof TemplateString) return attempt(() => parseSource(value.source, valueSyntax, { span: value.span }), value.span)
  if (Array.isArray(value)) return value.flatMap((item: Value) => check(item, how))
  return isDict(value) ? [...value].flatMap(([key, item]) => [...check(key), ...check(item, how)]) : []
}
function parseText(text: string, how: ReadAs): unknown {
  if (how.as === 'file') return parseSource(text, defaultSyntax, how)
  if (text.trim() === '') return undefined
  return /^\s*\{\{/.test(text) ? parseSource(text, valueSyntax, how) : parseExpressionSource(text, how)
}
function attempt(parse: () => unknown, span: Span | undefined): Problem[] {
  try {
    parse()
    return []
  } catch (error) {
    if (error instanceof TemplateError) return [toProblem(error, undefined, span)]
    throw error
  }
}
