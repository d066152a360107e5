import { isUnknown, type Value } from '../value/value.ts'
import { compileArguments, compileExpression, compileFilter, invoke, type Evaluate } from './compile-expression.ts'
import { Loop } from './loop.ts'
import { Callable, Namespace, Range, isOmit } from './objects.ts'
import { isList, iterate, truthy, tuple } from './python/kind.ts'
import { str } from './python/text.ts'
import { Frame, type Execute, type Run, type Runnable } from './run.ts'
import type { Body, FilterExpression, MacroParameter, Statement, Target } from './syntax-tree.ts'
import { TemplateError, fail, type Origin, type Place } from './template-error.ts'
import { Undefined, orElse } from './undefined.ts'
import { needForAll } from './unknown-reached.ts'
import { usesName } from './walk.ts'

/** What a template is while it is compiled: its blocks are collected here. */
export interface Unit {
  readonly origin: Origin
  readonly blocks: Map<string, Execute>
}

/** What was put out, as one value: alone it stays what it is, several are joined as text; None joins as nothing. */
export function joinOutput(out: readonly Value[], text: boolean): Value {
  if (!text && out.length === 0) return null
  if (!text && out.length === 1) return out[0]!
  let joined = ''
  for (const value of out) {
    if (isUnknown(value)) return value
    joined += value === null || isOmit(value) ? '' : typeof value === 'string' ? value : str(value)
  }
  return joined
}

export function compileBody(body: Body, unit: Unit): Execute {
  const statements = body.map((statement) => compileStatement(statement, unit))
  if (statements.length === 1) return statements[0]!
  return (run, frame, out) => {
    for (const execute of statements) execute(run, frame, out)
  }
}

function compileStatement(node: Statement, unit: Unit): Execute {
  const place: Place = { origin: unit.origin, offset: node.offset }
  switch (node.kind) {
    case 'data': return (_run, _frame, out) => void out.push(node.text)
    case 'output': return compileOutput(compileExpression(node.expression, unit.origin), place)
    case 'if': return compileIf(node, unit, place)
    case 'for': return compileFor(node, unit, place)
    case 'set': return compileSet(node, unit, place)
    case 'set-block': return compileSetBlock(node, unit)
    case 'with': return compileWith(node, unit)
    case 'filter-block': return compileFilterBlock(node, unit)
    case 'macro': return compileMacroStatement(node, unit)
    case 'call-block': return compileCallBlock(node, unit, place)
    case 'include': return compileInclude(node, unit, place)
    case 'import':
    case 'from': return compileImport(node, unit, place)
    case 'extends': return compileExtends(node, unit, place)
    case 'block': return compileBlock(node, unit)
  }
}
type Of<K extends Statement['kind']> = Extract<Statement, { kind: K }>

function compileOutput(evaluate: Evaluate, place: Place): Execute {
  return (run, frame, out) => {
    run.place = place
    const value = evaluate(run, frame)
    run.place = place
    if (value instanceof Undefined) return void out.push(value.lenient ? '' : value.raise())
    refuseUndefined(value)
    out.push(value instanceof Range ? value.items() : value)
  }
}
/** An undefined inside a container is fine until the container is put out. */
export function refuseUndefined(value: Value): void {
  if (typeof value !== 'object' || value === null) return
  if (value instanceof Undefined && !value.lenient) value.raise()
  if (Array.isArray(value) || value instanceof Map) for (const item of value.values()) refuseUndefined(item as Value)
}

const capture = (body: Execute) => (run: Run, frame: Frame): Value => {
  const out: Value[] = []
  body(run, frame, out)
  return out.length ? joinOutput(out, run.text) : ''
}

type Assign = (run: Run, frame: Frame, value: Value) => void
function compileTarget(target: Target, origin: Origin): Assign {
  if (target.kind === 'name') return (_run, frame, value) => frame.set(target.name, value)
  if (target.kind === 'member') {
    const place = { origin, offset: target.offset }
    return (run, frame, value) => {
      const namespace = run.resolve(frame, target.namespace, place)
      if (!(namespace instanceof Namespace)) return fail(`only a namespace can be assigned to, '${target.namespace}' is none`)
      namespace.members.set(target.attribute, value)
    }
  }
  const parts = target.items.map((item) => compileTarget(item, origin))
  return (run, frame, value) => {
    const items = isUnknown(value) ? parts.map(() => value) : iterate(value)
    if (items.length !== parts.length) fail(`cannot unpack ${items.length} values into ${parts.length} names`)
    for (const [index, assign] of parts.entries()) assign(run, frame, items[index]!)
  }
}

function compileIf(node: Of<'if'>, unit: Unit, place: Place): Execute {
  const arms = node.arms.map(([test, body]) => [compileExpression(test, unit.origin), compileBody(body, unit)] as const)
  const otherwise = node.otherwise && compileBody(node.otherwise, unit)
  return (run, frame, out) => {
    for (const [test, body] of arms) {
      const value = needForAll(test(run, frame))
      run.place = place
      if (truthy(value)) return body(run, frame, out)
    }
    otherwise?.(run, frame, out)
  }
}

function compileFor(node: Of<'for'>, unit: Unit, place: Place): Execute {
  const over = compileExpression(node.over, unit.origin)
  const assign = compileTarget(node.target, unit.origin)
  const test = node.test && compileExpression(node.test, unit.origin)
  const body = compileBody(node.body, unit)
  const otherwise = node.otherwise && compileBody(node.otherwise, unit)
  const tellsLoop = node.recursive || usesName(node.body, 'loop')
  const keep = (run: Run, frame: Frame, item: Value): boolean => {
    const inner = new Frame(frame)
    assign(run, inner, item)
    return truthy(needForAll(test!(run, inner)))
  }
  return (run, frame, out) => {
    const pass = (source: Value, depth: number, to: Value[]): void => {
      const all = iterate(needForAll(source))
      const items = test ? Array.from(all).filter((item) => keep(run, frame, item)) : all
      if (!items.length) return otherwise?.(run, frame, to)
      const loop = tellsLoop ? new Loop(items, depth) : undefined
      const again = node.recursive ? recurse(loop!, (inner, into) => pass(inner, depth + 1, into)) : loop
      for (let index = 0; index < items.length; index++) {
        const inner = new Frame(frame)
        if (loop) {
          loop.index = index
          inner.set('loop', again!)
        }
        assign(run, inner, items[index]!)
        body(run, inner, to)
      }
    }
    run.place = place
    const source = over(run, frame)
    run.place = place
    pass(source, 1, out)
  }
}
/** In a recursive loop `loop` can be called with the next level's items. */
function recurse(loop: Loop, pass: (source: Value, out: Value[]) => void): Callable {
  const callable = new Callable('loop', ([source]) => {
    const out: Value[] = []
    pass(orElse(source, () => fail('loop() needs the items to go over')), out)
    return joinOutput(out, true)
  })
  return Object.assign(callable, { attribute: (name: string) => loop.attribute(name) })
}

function compileSet(node: Of<'set'>, unit: Unit, place: Place): Execute {
  const evaluate = compileExpression(node.expression, unit.origin)
  const assign = compileTarget(node.target, unit.origin)
  return (run, frame) => {
    run.place = place
    const value = evaluate(run, frame)
    run.place = place
    assign(run, frame, value)
    if (run.exports?.frame === frame && node.target.kind === 'name') run.exports.names.set(node.target.name, value)
  }
}
function compileSetBlock(node: Of<'set-block'>, unit: Unit): Execute {
  const body = capture(compileBody(node.body, unit))
  const assign = compileTarget(node.target, unit.origin)
  const filter = node.filter && compileFilterChain(node.filter, unit.origin)
  return (run, frame) => {
    const value = body(run, new Frame(frame))
    assign(run, frame, filter ? filter(run, frame, value) : value)
  }
}
function compileWith(node: Of<'with'>, unit: Unit): Execute {
  const items = node.items.map(([target, value]) => [compileTarget(target, unit.origin), compileExpression(value, unit.origin)] as const)
  const body = compileBody(node.body, unit)
  return (run, frame, out) => {
    const inner = new Frame(frame)
    for (const [assign, evaluate] of items) assign(run, inner, evaluate(run, frame))
    body(run, inner, out)
  }
}

/** The filters of `{% filter %}` and `{% set x | … %}`: the innermost takes the block's text. */
function compileFilterChain(node: FilterExpression, origin: Origin): (run: Run, frame: Frame, value: Value) => Value {
  const inner = node.of?.kind === 'filter' ? compileFilterChain(node.of, origin) : undefined
  let input: Value = null
  const filter = compileFilter(node, () => input, origin)
  return (run, frame, value) => {
    input = inner ? inner(run, frame, value) : value
    return filter(run, frame)
  }
}
function compileFilterBlock(node: Of<'filter-block'>, unit: Unit): Execute {
  const body = capture(compileBody(node.body, unit))
  const filter = compileFilterChain(node.filter, unit.origin)
  return (run, frame, out) => void out.push(filter(run, frame, body(run, new Frame(frame))))
}

function compileMacroStatement(node: Of<'macro'>, unit: Unit): Execute {
  const make = compileMacro(node.name, node.params, node.body, unit)
  return (run, frame) => {
    const macro = make(run, frame)
    frame.set(node.name, macro)
    if (run.exports?.frame === frame) run.exports.names.set(node.name, macro)
  }
}
function compileMacro(name: string, params: readonly MacroParameter[], nodes: Body, unit: Unit): (run: Run, frame: Frame) => Callable {
  const body = capture(compileBody(nodes, unit))
  const fallbacks = params.map((param) => param.fallback && compileExpression(param.fallback, unit.origin))
  const uses = { kwargs: usesName(nodes, 'kwargs'), varargs: usesName(nodes, 'varargs'), caller: usesName(nodes, 'caller') }
  const attributes = new Map<string, Value>([['arguments', tuple(params.map((param) => param.name))]])
  return (run, outer) => new Callable(name, (args, keywords) => {
    const frame = new Frame(outer)
    const rest = new Map(Object.entries(keywords))
    for (const [index, param] of params.entries()) {
      const named = rest.get(param.name)
      if (index < args.length && named !== undefined) fail(`the macro '${name}' got two values for '${param.name}'`)
      rest.delete(param.name)
      const given = index < args.length ? args[index] : named
      const missing = (): Value => new Undefined(`the parameter '${param.name}' of the macro '${name}' was not given`, { place: run.place })
      frame.set(param.name, orElse(given, () => orElse(fallbacks[index]?.(run, frame), missing)))
    }
    if (uses.caller) frame.set('caller', rest.get('caller') ?? new Undefined('there is no caller', { place: run.place }))
    if (uses.caller) rest.delete('caller')
    if (uses.kwargs) frame.set('kwargs', new Map<Value, Value>(rest))
    else for (const extra of rest.keys()) fail(`the macro '${name}' takes no keyword argument '${extra}'`)
    if (uses.varargs) frame.set('varargs', tuple(args.slice(params.length)))
    else if (args.length > params.length) fail(`the macro '${name}' takes at most ${params.length} arguments`)
    if (++run.depth > 200) fail('the macros call each other too deeply')
    try {
      return body(run, frame)
    } finally {
      run.depth--
    }
  }, attributes)
}
function compileCallBlock(node: Of<'call-block'>, unit: Unit, place: Place): Execute {
  const caller = compileMacro('caller', node.params, node.body, unit)
  const callee = compileExpression(node.call.callee, unit.origin)
  const args = compileArguments(node.call.args, unit.origin)
  return (run, frame, out) => {
    const target = callee(run, frame)
    const [values, keywords] = args(run, frame)
    run.place = place
    out.push(invoke(target, values, { ...keywords, caller: caller(run, frame) }, run))
  }
}

function nameOf(evaluate: Evaluate, run: Run, frame: Frame, place: Place): readonly string[] {
  const value = needForAll(evaluate(run, frame))
  run.place = place
  return isList(value) ? Array.from(value, (one) => str(one)) : [str(value)]
}
function loadFirst(names: readonly string[], run: Run): Runnable | undefined {
  for (const name of names) {
    const found = run.engine.load(name, run)
    if (found) return found
  }
  return undefined
}
const notFound = (names: readonly string[], place: Place): never => {
  throw new TemplateError('no-template', `there is no template ${names.map((name) => `'${name}'`).join(' or ')}`, { place })
}
function compileInclude(node: Of<'include'>, unit: Unit, place: Place): Execute {
  const name = compileExpression(node.name, unit.origin)
  return (run, frame, out) => {
    const names = nameOf(name, run, frame, place)
    const found = loadFirst(names, run)
    if (found) found.into(run.derive({ blind: !node.withContext }), new Frame(node.withContext ? frame : undefined), out)
    else if (!node.ignoreMissing) notFound(names, place)
  }
}
function compileImport(node: Of<'import'> | Of<'from'>, unit: Unit, place: Place): Execute {
  const name = compileExpression(node.name, unit.origin)
  return (run, frame) => {
    const names = nameOf(name, run, frame, place)
    const found = loadFirst(names, run) ?? notFound(names, place)
    const inner = new Frame(node.withContext ? frame : undefined)
    const exports = new Map<string, Value>()
    found.into(run.derive({ exports: { frame: inner, names: exports }, blind: !node.withContext }), inner, [])
    if (node.kind === 'import') return frame.set(node.as, new Namespace(exports))
    for (const [exported, as] of node.names) {
      frame.set(as, orElse(exports.get(exported), () => new Undefined(`the template '${names[0]}' does not define '${exported}'`, { place })))
    }
  }
}
function compileExtends(node: Of<'extends'>, unit: Unit, place: Place): Execute {
  const name = compileExpression(node.name, unit.origin)
  return (run, frame) => {
    const names = nameOf(name, run, frame, place)
    run.parent = loadFirst(names, run) ?? notFound(names, place)
  }
}
/** A block runs its innermost version; `super()` gives the next outer one, `self.name()` any. */
function compileBlock(node: Of<'block'>, unit: Unit): Execute {
  unit.blocks.set(node.name, compileBody(node.body, unit))
  return (run, frame, out) => {
    if (run.parent) return
    const versions = run.blocks.get(node.name)!
    const execute = (level: number, into: Value[]): void => {
      const inner = new Frame(frame)
      inner.set('super', new Callable('super', () => {
        if (level + 1 >= versions.length) fail(`the block '${node.name}' has no parent`)
        return captured(run, (to) => execute(level + 1, to))
      }))
      inner.set('self', selfOf(run, frame))
      versions[level]!(run, inner, into)
    }
    execute(0, out)
  }
}
function captured(run: Run, execute: (out: Value[]) => void): Value {
  const out: Value[] = []
  execute(out)
  return joinOutput(out, run.text)
}
/** What `self` is: each block as a function. */
export function selfOf(run: Run, frame: Frame): Namespace {
  return new Namespace(Array.from(run.blocks, ([name, [first]]) => [name, new Callable(name, () => captured(run, (to) => first!(run, new Frame(frame), to)))]))
}
