import { defineModule } from '../contract/define-module.ts'
import { gatherFacts } from '../host/facts/gather-facts.ts'
import { integer, list, path, text } from '../schema/field.ts'
import { isUnknown, type Value } from '../value/value.ts'

export const setup = defineModule({
  name: 'setup',
  aliases: ['gather_facts'],
  summary: 'Find out facts about the host.',
  notes: ['`facter` and `ohai` are not asked. `python` is told only where there is one: nothing here needs it.'],
  examples: `
- name: What this host has of networks
  setup: { gather_subset: ['!all', network] }
- name: Only these facts
  setup: { filter: [ansible_distribution*, ansible_memtotal_mb] }
- name: All facts again, after something has changed
  gather_facts:
`,
  params: {
    gather_subset: list(text(''), 'What to find out: `all`, `min`, `hardware`, `network`, `virtual`, names of facts, and `!NAME` for what to leave out.', { default: ['all'] }),
    filter: list(text(''), 'Shell patterns: only facts whose names match.', { default: [] }),
    fact_path: path("A directory with the host's own facts, *.fact.", { default: '/etc/ansible/facts.d' }),
    gather_timeout: integer('Seconds for all of it.', { default: 60 }),
    parallel: text('Gather with several modules at once.', { inert: 'all facts come from one script' }),
  },
  eager: false,
  async probe(host, { gather_subset, filter, fact_path, gather_timeout }, { environment }) {
    const facts = await gatherFacts({
      async run(script, options) {
        // What the plan changed (files of the host's own facts) is not seen here: facts are of the host as it is.
        // The time, the load and what programs of the host's owner say are others each time.
        const reply = await host.run(script, [fact_path], { ...options, now: true })
        if (isUnknown(reply)) throw reply
        return reply
      },
    }, { subset: gather_subset, filter, factPath: fact_path, timeout: gather_timeout, environment })
    return new Map<Value, Value>([...facts].map(([name, value]) => [name === 'gather_subset' ? name : `ansible_${String(name)}`, value]))
  },
  plan: (_params, before) => before,
  result: ({ before }) => ({ outputs: { ansible_facts: new Map<Value, Value>([...before, ['module_setup', true]]) } }),
})
