import type { Value } from '../../value/value.ts'
import { filter } from '../define.ts'
import { includes } from '../python/compare.ts'
import { iterate } from '../python/kind.ts'
import { unique } from './sequence.ts'

/** Lists as sets: the order of first appearance stays, what is twice in one list is once in the result. */
const set = (name: string, combine: (a: readonly Value[], b: readonly Value[]) => Value[]) =>
  filter(name, 'b', (value, [other]) => unique(combine(Array.from(iterate(value)), Array.from(iterate(other!))), true))
const without = (a: readonly Value[], b: readonly Value[]): Value[] => a.filter((item) => !includes(b, item))

export const setFilters = [
  set('union', (a, b) => [...a, ...b]),
  set('intersect', (a, b) => a.filter((item) => includes(b, item))),
  set('difference', without),
  set('symmetric_difference', (a, b) => [...without(a, b), ...without(b, a)]),
]
