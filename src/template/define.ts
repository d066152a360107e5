import { isUnknown, type Value } from '../value/value.ts'
import { isView, unfold } from './objects.ts'
import type { Accepted, Bound, Call, Extra, Filter, Keywords, Signature, Test } from './scope.ts'
import { fail } from './template-error.ts'
import { defined } from './undefined.ts'

type Apply = (value: Value, args: Bound, extra: Extra) => Value

/**
 * A filter: its names (the first is the usual one), its parameters as `'pattern replacement? *'` (`?` may be left out, `*` takes
 * more positions, `**` any keyword), and what it does.
 */
export const filter = (names: string, params: string, apply: Apply, ...accepts: Accepted[]): Filter => ({
  names: names.split(' '), signature: signature(params), accepts: new Set(accepts), apply,
})
/** A test, declared like a filter. */
export const test = (names: string, params: string, apply: (value: Value, args: Bound, extra: Extra) => boolean | Value, ...accepts: Accepted[]): Test => ({
  names: names.split(' '), signature: signature(params), accepts: new Set(accepts), apply,
})

function signature(params: string): Signature {
  const words = params.split(' ').filter(Boolean)
  const named = words.filter((word) => !word.startsWith('*'))
  return {
    params: named.map((word) => word.replace('?', '')),
    required: named.filter((word) => !word.endsWith('?')).length,
    rest: words.includes('*'),
    open: words.includes('**'),
  }
}

/** Binds arguments by Python's rules and applies the plugin; undefined values raise and unknown ones are the answer, unless it takes them. */
export function applyPlugin(kind: 'filter' | 'test', plugin: Filter | Test, value: Value, args: readonly Value[], keywords: Keywords, call: Call): Value {
  const { signature, accepts } = plugin
  const what = `the ${kind} '${plugin.names[0]}'`
  const { params, required } = signature
  if (args.length > params.length && !signature.rest) fail(`${what} takes at most ${params.length} argument${params.length === 1 ? '' : 's'}, got ${args.length}`)
  const bound: (Value | undefined)[] = args.slice(0, params.length)
  let open: Record<string, Value> | undefined
  for (const name in keywords) {
    const index = params.indexOf(name)
    if (index < 0 && !signature.open) fail(`${what} takes no argument '${name}'`)
    if (index >= 0 && bound[index] !== undefined) fail(`${what} got two values for '${name}'`)
    if (index >= 0) bound[index] = keywords[name]
    else (open ??= Object.create(null) as Record<string, Value>)[name] = keywords[name]!
  }
  for (let i = 0; i < required; i++) if (bound[i] === undefined) fail(`${what} needs its argument '${params[i]}'`)
  const rest = args.length > params.length ? args.slice(params.length) : NONE
  if (!accepts.has('undefined')) for (const one of [value, ...bound, ...rest]) if (one !== undefined) defined(one)
  if (!accepts.has('unknown')) for (const one of [value, ...bound, ...rest, ...Object.values(open ?? NO_KEYWORDS)]) if (isUnknown(one)) return one
  const seen = (one: Value): Value => (isView(one) && !accepts.has('view') ? unfold(one) : one)
  return plugin.apply(seen(value), bound.map((one) => (one === undefined ? one : seen(one))), { rest: rest.map(seen), keywords: open ?? NO_KEYWORDS, call })
}
const NONE: readonly Value[] = []
export const NO_KEYWORDS: Keywords = Object.freeze(Object.create(null) as Record<string, Value>)
