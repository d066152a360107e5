import type { Span } from '../problem/problem.ts'
import { TemplateString, Tuple, isDict, isUnknown, type Unknown, type Value } from '../value/value.ts'
import { compileExpressionSource, compileTemplate, execute, whole, type CompiledExpression, type Template } from './compiled.ts'
import { refuseUndefined } from './compile-statement.ts'
import { engine, lookUp, valueSyntax } from './engine.ts'
import { defaultSyntax, type Syntax } from './lexer.ts'
import { Range, isOmit } from './objects.ts'
import { truthy, typeName } from './python/kind.ts'
import { str } from './python/text.ts'
import { Frame, Run } from './run.ts'
import type { Keywords, Scope } from './scope.ts'
import { withProblems } from './to-problem.ts'
import { Undefined } from './undefined.ts'

export { check } from './check.ts'
export { references, type References, type Use } from './references.ts'
export { provenBy, variableUses, type VariableUse } from './uses.ts'

/**
 * Renders a value, containers deeply: a template string gives the value of its expression, or text where it has several parts;
 * plain strings are what they are. An unknown that is reached makes the string unknown; containers keep unknown members. Members
 * that are `omit` are left out. Throws a `Problem` for a user's mistake, with the place inside the template.
 */
export function render(value: Value, scope: Scope): Value {
  if (typeof value !== 'object' || value === null) return value
  return withProblems(scope, spanOfValue(value), () => finished(whole(() => nativeRun(scope).ready(value))))
}
/** The same for a loop over `first_found`: members that would be undefined stay so, for the lookup to pass over. */
export const renderCandidates = (value: Value, scope: Scope): Value => withProblems(scope, spanOfValue(value), () => whole(() => nativeRun(scope).ready(value)))
const spanOfValue = (value: Value): Span | undefined => (value instanceof TemplateString ? value.span : undefined)
const nativeRun = (scope: Scope): Run => new Run(scope, engine, { text: false, syntax: valueSyntax })

function finished(value: Value): Value {
  if (value instanceof Undefined) return value.lenient ? '' : value.raise()
  refuseUndefined(value)
  return value instanceof Range ? value.items() : withoutOmitted(value)
}
function withoutOmitted(value: Value): Value {
  if (Array.isArray(value) && holdsOmit(value)) return value.filter((item) => !isOmit(item)).map(withoutOmitted)
  if (isDict(value) && holdsOmit(value)) return new Map([...value].filter(([, item]) => !isOmit(item)).map(([key, item]) => [key, withoutOmitted(item)]))
  return value
}
function holdsOmit(value: unknown): boolean {
  if (isOmit(value)) return true
  return (Array.isArray(value) || value instanceof Map) && Iterator.from(value.values()).some(holdsOmit)
}

/** Options of the `template` module and lookup; what is missing is as in Ansible (`trimBlocks` is on). */
export interface TextOptions {
  readonly file?: string
  readonly span?: Span
  readonly trimBlocks?: boolean
  readonly lstripBlocks?: boolean
  readonly keepTrailingNewline?: boolean
  readonly newlineSequence?: '\n' | '\r\n' | '\r'
  readonly variableStart?: string
  readonly variableEnd?: string
  readonly blockStart?: string
  readonly blockEnd?: string
  readonly commentStart?: string
  readonly commentEnd?: string
}

/** Renders the text of a template file. Everything is text; the file's last newline stays unless `keepTrailingNewline` is off. */
export function renderText(source: string, scope: Scope, options: TextOptions = {}): string | Unknown {
  const { file, span, newlineSequence, keepTrailingNewline = true, ...given } = options
  const syntax: Syntax = { ...defaultSyntax, ...given }
  const value = withProblems(scope, span, () => {
    const template = compiledText(source, syntax, file, span)
    return execute(template, new Run(scope, engine, { text: true, syntax: template.syntax }))
  })
  if (isUnknown(value)) return value
  const text = keepTrailingNewline ? withLastNewlines(str(value), source) : str(value)
  return newlineSequence === undefined || newlineSequence === '\n' ? text : text.replaceAll('\n', newlineSequence)
}
/** Ansible's rule: the result ends with at least as many newlines as the source. */
function withLastNewlines(text: string, source: string): string {
  const count = (of: string): number => /\n*$/.exec(of)![0].length
  return text + '\n'.repeat(Math.max(0, count(source.replace(/\r\n?/g, '\n')) - count(text)))
}
const texts = new Map<string, { source: string; template: Template }>()
/** A file is rendered for every host: it is compiled once for all of them. */
function compiledText(source: string, syntax: Syntax, file: string | undefined, span: Span | undefined): Template {
  if (file === undefined) return compileTemplate(source, syntax, { span })
  const key = `${file}\n${Object.values(syntax).join('\n')}`
  const known = texts.get(key)
  if (known?.source === source) return known.template
  const template = compileTemplate(source, syntax, { file })
  if (texts.size > 1000) texts.clear()
  texts.set(key, { source, template })
  return template
}

const expressions = new Map<string, CompiledExpression>()
function compiledExpression(source: string, span: Span | undefined, embedded: boolean): CompiledExpression {
  const key = `${embedded ? 'c' : 'e'}${span ? `${span.file}:${span.line}:${span.column}:` : ''}${source}`
  let known = expressions.get(key)
  if (!known) {
    if (expressions.size > 10_000) expressions.clear()
    expressions.set(key, (known = compileExpressionSource(source, { span, embedded })))
  }
  return known
}

/** The value of a bare expression, as in `when` and `until`. An undefined result is a problem. */
export const evaluate = (expression: string, scope: Scope, span?: Span): Value => evaluated(expression, scope, span, false)
function evaluated(expression: string, scope: Scope, span: Span | undefined, embedded: boolean): Value {
  return withProblems(scope, span, () => {
    const compiled = compiledExpression(expression, span, embedded)
    const run = nativeRun(scope)
    if (compiled.mutates) run.copies = new Map()
    return finished(whole(() => compiled.evaluate(run, new Frame())))
  })
}

/** Python truth: empty text and containers, zero and None are false. */
export const truth = (value: Value): boolean | Unknown => (isUnknown(value) ? value : truthy(value))

/**
 * A condition, as in `when`, `failed_when` and `until`. What is not true or false is taken by Python truth and reported through
 * `scope.warn`: core 2.19 refuses it, 2.14 to 2.18 take it. So is an expression inside `{{ }}`.
 */
export function condition(expression: Value, scope: Scope, span?: Span): boolean | Unknown {
  if (typeof expression === 'boolean') return expression
  const at = span ?? spanOfValue(expression)
  const source = expression instanceof TemplateString ? expression.source : expression
  if (typeof source === 'string' && source.trim() === '') return true
  const value = typeof source !== 'string' ? render(source, scope)
    : /\{\{|\{%/.test(source) ? delimited(source, scope, at)
      : evaluated(source, scope, at, true)
  if (typeof value === 'boolean' || isUnknown(value)) return value
  scope.warn?.(`the condition '${typeof source === 'string' ? source : str(source)}' gives a ${typeName(value)}, not true or false`, at)
  return withProblems(scope, at, () => truthy(value))
}
function delimited(source: string, scope: Scope, span: Span | undefined): Value {
  // Braces inside a string of an expression are no template: `x == '{{'`.
  const isTemplate = /^\s*\{\{/.test(source) || !isExpression(source, span)
  if (!isTemplate) return evaluated(source, scope, span, true)
  // Braces around a part of it stand for a part of the expression: a habit that has its uses.
  if (/^\s*\{\{.*\}\}\s*$/s.test(source)) scope.warn?.(`the condition '${source}' needs no '{{ }}'`, span)
  const value = render(new TemplateString(source, span), scope)
  return typeof value === 'string' && value.trim() !== '' ? evaluated(value, scope, span, false) : value
}
function isExpression(source: string, span: Span | undefined): boolean {
  try {
    compiledExpression(source, span, true)
    return true
  } catch {
    return false
  }
}

/** Runs a lookup for a `with_` loop: its list of items (pairs are lists, as core 2.19 has them), or the unknown its terms hang on. */
export function runLookup(name: string, terms: readonly Value[], options: Keywords, scope: Scope): readonly Value[] | Unknown {
  const { errors, wantlist: _whole, ...rest } = options
  const items = withProblems(scope, undefined, () => whole(() => lookUp(name, terms, rest, errors === undefined ? 'strict' : str(errors), nativeRun(scope))))
  return Array.isArray(items) ? items.map((item: Value) => (item instanceof Tuple ? Array.from(item) : item)) : items as Unknown
}
