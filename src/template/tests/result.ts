import { isDict, type Dict, type Value } from '../../value/value.ts'
import { test } from '../define.ts'
import { isList, truthy, typeName } from '../python/kind.ts'
import { fail } from '../template-error.ts'

const resultOf = (value: Value): Dict => (isDict(value) ? value : fail(`a registered result is needed, got ${typeName(value)}`))
const says = (value: Value, key: string): boolean => truthy(resultOf(value).get(key) ?? false)
/** Asynchronous results say `started` and `finished` as 0 and 1. */
function changed(value: Value): boolean {
  const result = resultOf(value)
  const own = result.get('changed')
  if (own !== undefined) return truthy(own)
  const results = result.get('results')
  return isList(results) && results.some((one) => isDict(one) && truthy(one.get('changed') ?? false))
}

/** What became of a task, by its registered result. */
export const resultTests = [
  test('failed failure', '', (value) => says(value, 'failed')),
  test('succeeded success successful', '', (value) => !says(value, 'failed')),
  test('changed change', '', changed),
  test('skipped skip', '', (value) => says(value, 'skipped')),
  test('reachable', '', (value) => !says(value, 'unreachable')),
  test('unreachable', '', (value) => says(value, 'unreachable')),
  test('timedout', '', (value) => says(value, 'timedout')),
  // What says neither was no job: it is over.
  test('started', '', (value) => truthy(resultOf(value).get('started') ?? true)),
  test('finished', '', (value) => truthy(resultOf(value).get('finished') ?? true)),
]
