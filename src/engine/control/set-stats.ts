import { raw } from '../../schema/field.ts'
import { type Value, isDict } from '../../value/value.ts'
import { failedResult, plain } from '../task-result.ts'
import { evaluateTruth } from '../truth.ts'
import { defineControl } from './control.ts'

export const setStats = defineControl({
  name: 'set_stats',
  summary: 'Add numbers of your own to the end of the run.',
  notes: ['Shown at the end of the run where `show_custom_stats` is set, and in the JSON output.'],
  examples: `
- name: What this run brought out
  set_stats:
    data: { version: "1.4", deployed: ["{{ inventory_hostname }}"] }
- name: Of each host for itself
  set_stats: { data: { disks: 2 }, per_host: true, aggregate: false }
`,
  params: { data: raw('Names with values.', { default: new Map() }), per_host: raw('Yes or no: kept for each host.', { default: false }), aggregate: raw('Yes or no: added to what is there instead of replacing it.', { default: true }) },
  act: ({ playRun: { run }, host }, { data, ...asked }) => {
    if (!isDict(data)) return failedResult("The 'data' option needs to be a dictionary/hash")
    const wrong = [...data.keys()].find((name) => !/^[A-Za-z_]\w*$/.test(String(name)))
    if (wrong !== undefined) return failedResult(`The variable name '${String(wrong)}' is not valid. Variables must start with a letter or underscore character, and contain only letters, numbers and underscores.`)
    // Ansible takes whatever is no yes for a no here.
    const [per_host, aggregate] = [evaluateTruth(asked.per_host as Value) === true, evaluateTruth(asked.aggregate as Value) === true]
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
