import { isDict, type Value } from '../value/value.ts'
import { Callable, Namespace, OMIT, Range } from './objects.ts'
import { dateTimeAt, strftime } from './python/date-time.ts'
import { flag, intOf } from './python/kind.ts'
import { pairsOf } from './python/container-methods.ts'
import { str } from './python/text.ts'
import type { Call, Keywords } from './scope.ts'
import { fail } from './template-error.ts'
import { Undefined, defined, orElse } from './undefined.ts'
import { need } from './unknown-reached.ts'

type Global = (args: readonly Value[], keywords: Keywords, call: Call) => Value

function range(args: readonly Value[]): Value {
  const numbers = args.map((arg) => intOf(need(arg)))
  const [start, stop, step] = numbers.length === 1 ? [0, numbers[0]!, 1] : [numbers[0] ?? fail('range needs a number'), numbers[1] ?? 0, numbers[2] ?? 1]
  if (step === 0) fail('the step of range cannot be zero')
  const made = new Range(start, stop, step)
  return made.length > 10_000_000 ? fail(`range would have ${made.length} numbers`) : made
}
function joiner([separator]: readonly Value[]): Value {
  let used = false
  return new Callable('joiner', () => {
    const first = !used
    used = true
    return first ? '' : separator ?? ', '
  })
}
function cycler(items: readonly Value[]): Value {
  let index = 0
  const current = (): Value => orElse(items[index % items.length], () => fail('there are no items to cycle'))
  const next = new Callable('next', () => {
    const item = current()
    index++
    return item
  })
  const reset = new Callable('reset', () => {
    index = 0
    return null
  })
  return Object.assign(new Namespace([]), { attribute: (name: string) => (name === 'current' ? current() : name === 'next' ? next : name === 'reset' ? reset : undefined) })
}
function now(args: readonly Value[], keywords: Keywords): Value {
  const utc = flag(args[0] ?? keywords['utc'])
  const format = args[1] ?? keywords['fmt']
  const moment = dateTimeAt(Date.now(), utc)
  return format === undefined || format === null ? moment : strftime(str(format), moment)
}
const lookup = (wantList: boolean): Global => ([name, ...terms], keywords, call) =>
  call.runLookup(str(defined(name ?? fail("a lookup's name is needed"))), terms, keywords, wantList)

const GLOBALS: Readonly<Record<string, Global>> = {
  range,
  dict: ([pairs], keywords) => new Map<Value, Value>([...(pairs === undefined ? [] : pairsOf(need(pairs))), ...Object.entries(keywords)]),
  namespace: ([members], keywords) => new Namespace([...(isDict(members) ? [...members].map(([key, value]) => [str(key), value] as const) : []), ...Object.entries(keywords)]),
  joiner,
  cycler,
  lipsum: () => fail("'lipsum' is not supported: it makes random text"),
  undef: ([hint], keywords) => new Undefined(str(keywords['hint'] ?? hint ?? 'the variable must be set')),
  now,
  lookup: lookup(false),
  query: lookup(true),
  q: lookup(true),
}

export const globals: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...Object.entries(GLOBALS).map(([name, invoke]) => [name, new Callable(name, invoke)] as const),
  ['omit', OMIT],
])
