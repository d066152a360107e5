import type { Value } from '../value/value.ts'
import type { Span } from '../problem/problem.ts'
import { compileExpression, type Evaluate } from './compile-expression.ts'
import { compileBody, joinOutput, selfOf, type Unit } from './compile-statement.ts'
import { lex, lexExpression, type Syntax } from './lexer.ts'
import { own } from './own.ts'
import { parseBareExpression, parseTemplate } from './parse-template.ts'
import { MUTATING } from './python/container-methods.ts'
import { Frame, type Execute, type Run, type Runnable } from './run.ts'
import type { Body, Expression } from './syntax-tree.ts'
import { TemplateError, type Origin } from './template-error.ts'
import { isUnknown } from '../value/value.ts'
import { UnknownReached } from './unknown-reached.ts'
import { walk } from './walk.ts'

export interface SourceOf {
  readonly file?: string | undefined
  readonly span?: Span | undefined
  /** Templates in quoted strings are rendered, too. */
  readonly embedded?: boolean
}

/** A template as a tree, with the options its header may have changed. */
export interface Parsed {
  readonly origin: Origin
  readonly body: Body
  readonly syntax: Syntax
}

/** Parses a template. Throws a `TemplateError` with its place. */
export function parseSource(text: string, given: Syntax, from: SourceOf = {}): Parsed {
  const source = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
  const origin: Origin = { source, file: from.file, span: from.span, skipped: 0 }
  const { syntax, skipped } = placed(origin, () => readHeader(source, given))
  const inner: Origin = { ...origin, skipped }
  return { origin: inner, syntax, body: placed(inner, () => parseTemplate(lex(source.slice(skipped), syntax))) }
}
/** Parses a bare expression, as in `when`. */
export function parseExpressionSource(text: string, from: SourceOf = {}): { origin: Origin; expression: Expression } {
  const origin: Origin = { source: text, file: from.file, span: from.span, skipped: 0, ...(from.embedded ? { embedded: true } : {}) }
  return { origin, expression: placed(origin, () => parseBareExpression(lexExpression(text))) }
}

/** A template as closures. */
export interface Template extends Runnable {
  readonly syntax: Syntax
}
export function compileTemplate(text: string, syntax: Syntax, from: SourceOf = {}): Template {
  const parsed = parseSource(text, syntax, from)
  const unit: Unit = { origin: parsed.origin, blocks: new Map() }
  const body = compileBody(parsed.body, unit)
  const mutates = callsMutating(parsed.body)
  return { syntax: parsed.syntax, mutates, into: (run, frame, out) => located(run, () => runBody(run, frame, out, body, unit, mutates)) }
}
export interface CompiledExpression {
  readonly evaluate: Evaluate
  readonly mutates: boolean
}
export function compileExpressionSource(text: string, from: SourceOf = {}): CompiledExpression {
  const { origin, expression } = parseExpressionSource(text, from)
  const evaluate = compileExpression(expression, origin)
  return { mutates: callsMutating(expression), evaluate: (run, frame) => located(run, () => evaluate(run, frame)) }
}

/** Runs a template by itself; an unknown that a statement hangs on is the result. */
export function execute(template: Template, run: Run, frame = new Frame()): Value {
  return whole(() => {
    const out: Value[] = []
    template.into(run, frame, out)
    return joinOutput(out, run.text)
  })
}
export function whole(evaluate: () => Value): Value {
  try {
    return evaluate()
  } catch (error) {
    if (error instanceof UnknownReached && isUnknown(error.unknown)) return error.unknown
    throw error
  }
}

function runBody(run: Run, frame: Frame, out: Value[], body: Execute, unit: Unit, mutates: boolean): void {
  if (mutates) run.copies ??= new Map()
  for (const [name, block] of unit.blocks) run.blocks.set(name, [...(run.blocks.get(name) ?? []), block])
  if (unit.blocks.size && frame.get('self') === undefined) frame.set('self', selfOf(run, frame))
  const mark = out.length
  body(run, frame, out)
  const { parent } = run
  if (!parent) return
  // The child's own output does not count: its blocks are run by the parent.
  run.parent = undefined
  out.length = mark
  parent.into(run, frame, out)
}
const callsMutating = (tree: unknown): boolean =>
  walk(tree).some((node) => {
    if (node.kind === 'item') return node.key.kind === 'constant' && MUTATING.has(String(node.key.value))
    return node.kind === 'attribute' && MUTATING.has(node.name)
  })

/** Gives errors that have no place yet the one where evaluation stood. */
function located<T>(run: Run, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof TemplateError) error.place ??= run.place
    if (error instanceof RangeError && /call stack/.test(error.message)) throw new TemplateError('failed', 'the templates are nested too deeply', { place: run.place })
    if (error instanceof RangeError) throw new TemplateError('failed', `a number is out of range: ${error.message}`, { place: run.place })
    throw error
  }
}
function placed<T>(origin: Origin, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof TemplateError) error.place ??= { origin, offset: error.offset ?? 0 }
    throw error
  }
}

const HEADER = '#jinja2:'
const HEADER_OPTIONS: Readonly<Record<string, keyof Syntax>> = {
  trim_blocks: 'trimBlocks', lstrip_blocks: 'lstripBlocks', keep_trailing_newline: 'keepTrailingNewline',
  block_start_string: 'blockStart', block_end_string: 'blockEnd', variable_start_string: 'variableStart', variable_end_string: 'variableEnd',
  comment_start_string: 'commentStart', comment_end_string: 'commentEnd', line_statement_prefix: 'lineStatement', line_comment_prefix: 'lineComment',
}
/** Ansible's first line `#jinja2: trim_blocks: False, lstrip_blocks: True`. */
function readHeader(source: string, given: Syntax): { syntax: Syntax; skipped: number } {
  if (!source.startsWith(HEADER)) return { syntax: given, skipped: 0 }
  const end = source.indexOf('\n')
  const options: Partial<Record<keyof Syntax, boolean | string>> = {}
  for (const part of source.slice(HEADER.length, end < 0 ? undefined : end).split(',')) {
    const [, name = '', value = ''] = /^\s*(\w+)\s*:\s*(.*?)\s*$/.exec(part) ?? []
    if (name === '') headerError(`failed to parse jinja2 override '${part.trim()}': name and value of an option stand on two sides of a colon`)
    const option = own(HEADER_OPTIONS, name) ?? headerError(`'${part.trim()}' is not an option of a template's header`)
    options[option] = /^(true|yes)$/i.test(value) ? true : /^(false|no)$/i.test(value) ? false : value.replace(/^(['"])(.*)\1$/, '$2')
  }
  return { syntax: { ...given, ...options } as Syntax, skipped: end < 0 ? source.length : end + 1 }
}
const headerError = (message: string): never => {
  throw new TemplateError('syntax', message, { offset: 0 })
}
