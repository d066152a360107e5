import { flag, raw } from '../../schema/field.ts'
import { type Value, isDict } from '../../value/value.ts'
import { failedResult, plain } from '../task-result.ts'
import { defineControl } from './control.ts'

export const setStats = defineControl({
  name: 'set_stats',
  summary: 'Add numbers of your own to the end of the run.',
  params: { data: raw('Names with values.', { required: true }), per_host: flag('Kept for each host.', { default: false }), aggregate: flag('Added to what is there instead of replacing it.', { default: true }) },
  act: ({ playRun: { run }, host }, { data, per_host, aggregate }) => {
    if (!isDict(data)) return failedResult('data must be a dict')
    const stats = per_host ? statsOf(run.customStats, host.name) : statsOf(run.customStats, '_run')
    for (const [key, value] of data) stats.set(key, aggregate ? sum(stats.get(key), value) : value)
    return plain('ok', { ansible_stats: new Map<Value, Value>([['data', data], ['per_host', per_host], ['aggregate', aggregate]]) })
  },
})

function statsOf(all: Map<Value, Value>, name: string): Map<Value, Value> {
  if (!all.has(name)) all.set(name, new Map())
  return all.get(name) as Map<Value, Value>
}

function sum(old: Value | undefined, added: Value): Value {
  if (typeof old === 'number' && typeof added === 'number') return old + added
  if (typeof old === 'string' && typeof added === 'string') return old + added
  if (Array.isArray(old) && Array.isArray(added)) return [...(old as readonly Value[]), ...(added as readonly Value[])]
  if (isDict(old) && isDict(added)) return new Map([...old, ...added])
  return added
}
