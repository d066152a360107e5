import type { TemplateString, Value } from '../value/value.ts'
import { findUnknown, isUnknown } from '../value/value.ts'
import { problemsOf } from '../problem/problem.ts'
import { compileTemplate, execute, type Template } from './compiled.ts'
import { defaultSyntax, type Syntax } from './lexer.ts'
import { isView, unfold } from './objects.ts'
import { truthy } from './python/kind.ts'
import { str } from './python/text.ts'
import { Run, memoOf, type Engine, type Runnable } from './run.ts'
import type { Call, Keywords, LookupContext, Scope } from './scope.ts'
import { TemplateError, fail } from './template-error.ts'
import { Undefined } from './undefined.ts'
import { spanOf } from './place.ts'

/** Strings of playbooks keep their backslashes; `trim_blocks` holds for them as for files. */
export const valueSyntax: Syntax = { ...defaultSyntax, keepBackslashes: true }

/** A template string's value. One that hits an undefined is undefined itself, so that `default` works on it. */
function renderNested(template: TemplateString, run: Run): Value {
  const { values, busy } = memoOf(run.scope)
  const known = values.get(template)
  if (known !== undefined) return known
  if (busy.has(template)) throw loopError(template, busy)
  busy.add(template)
  try {
    const compiled = (template.compiled ??= compileTemplate(template.source, valueSyntax, { span: template.span })) as Template
    const value = withFinalNewlines(template.source, attempt(() => execute(compiled, new Run(run.scope, engine, { text: false, syntax: compiled.syntax }))))
    values.set(template, value)
    return value
  } finally {
    busy.delete(template)
  }
}
/** Text keeps the line feeds at its template's end, as `content: "{{ x }}\n"` means it; Jinja2 itself drops the last one. */
function withFinalNewlines(source: string, value: Value): Value {
  if (typeof value !== 'string' || !source.endsWith('\n')) return value
  const missing = /\n*$/.exec(source)![0].length - /\n*$/.exec(value)![0].length
  return missing > 0 ? value + '\n'.repeat(missing) : value
}
function attempt(render: () => Value): Value {
  try {
    return render()
  } catch (error) {
    if (error instanceof TemplateError && error.kind === 'undefined') return new Undefined(error.message, { subject: error.subject, place: error.place })
    throw error
  }
}
function loopError(template: TemplateString, busy: ReadonlySet<TemplateString>): TemplateError {
  const circle = [...busy].slice([...busy].indexOf(template)).map((one) => one.source.trim())
  const place = { origin: { source: template.source, file: undefined, span: template.span, skipped: 0 }, offset: 0 }
  return new TemplateError('loop', [...circle, template.source.trim()].join(' -> '), { place })
}

const files = new WeakMap<Scope['environment'], Map<string, { source: string; syntax: Syntax; template: Template }>>()
/** Template files stay compiled as long as neither their text nor the options change. */
function load(name: string, run: Run): Runnable | undefined {
  const found = run.scope.loadTemplate?.(name)
  if (!found) return undefined
  let known = files.get(run.scope.environment)
  if (!known) files.set(run.scope.environment, (known = new Map()))
  const cached = known.get(found.file)
  if (cached?.source === found.source && cached.syntax === run.syntax) return cached.template
  const template = compileTemplate(found.source, run.syntax, { file: found.file })
  known.set(found.file, { source: found.source, syntax: run.syntax, template })
  return template
}

/** Runs a lookup and shapes its answer: a list, or text joined with commas, or the only item; an empty list stays one. */
function runLookup(name: string, args: readonly Value[], keywords: Keywords, wantList: boolean, call: Call): Value {
  const { wantlist, errors, ...options } = keywords
  const items = lookUp(name, args, options, errors === undefined ? 'strict' : str(errors), call)
  if (!Array.isArray(items)) return items
  if (wantList || (wantlist !== undefined && truthy(wantlist))) return items
  if (items === FAILED) return ''
  if (items.length && items.every((item: Value) => typeof item === 'string')) return items.join(',')
  return items.length === 1 ? (items[0] as Value) : items
}

/** The answer of a lookup that failed and may. */
const FAILED: readonly Value[] = []
/** A lookup's list; with `errors: ignore` or `warn` an empty one (empty text for `lookup`) where it fails. */
export function lookUp(name: string, terms: readonly Value[], options: Keywords, errors: string, call: Call): Value {
  const { scope } = call
  const lookup = scope.environment.lookups.get(name)
  if (!lookup) throw new TemplateError('no-lookup', `there is no lookup '${name}'`, { subject: name })
  const known = terms.map((term) => (isView(term) ? unfold(term) : term))
  const unknown = lookup.passesUnknown ? known.find(isUnknown) : findUnknown(known) ?? findUnknown(Object.values(options))
  if (unknown) return unknown
  for (const term of known) if (term instanceof Undefined) term.raise()
  for (const option of Object.keys(options)) {
    if (!lookup.options.includes(option) && !lookup.options.includes('*')) fail(`the lookup '${lookup.names[0]}' takes no option '${option}'`)
  }
  try {
    return Array.from(lookup.run(known, options, scope.lookupContext ?? bareContext(scope), call))
  } catch (error) {
    const message = error instanceof TemplateError ? error.message : problemsOf(error)?.[0]?.message
    if (errors === 'strict' || message === undefined) throw error
    if (errors === 'warn') scope.warn?.(`the lookup '${name}' failed: ${message}`, error instanceof TemplateError && error.place ? spanOf(error.place) : undefined)
    return FAILED
  }
}
function bareContext(scope: Scope): LookupContext {
  return {
    searchPaths: () => fail('this scope has no files to look for'),
    get playbookDir() {
      return fail('this scope has no playbook')
    },
    scope,
    render: (value) => new Run(scope, engine, { text: false, syntax: valueSyntax }).ready(value),
    secrets: { add: () => {}, redact: (text: string) => text } as unknown as LookupContext['secrets'],
  }
}

export const engine: Engine = { renderNested, load, runLookup }
