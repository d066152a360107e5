import { Problem } from '../../problem/problem.ts'
import { flag } from '../../schema/field.ts'
import { render } from '../../template/template.ts'
import { type Value, asTemplate } from '../../value/value.ts'
import type { TaskCall } from '../call.ts'
import { hostsOfFacts } from '../apply-facts.ts'
import { failedResult, plain } from '../task-result.ts'
import { defineControl } from './control.ts'

/** Names may be templates, other than those of parameters. */
const nameOf = (key: Value, { scope }: TaskCall): Value => render(typeof key === 'string' ? asTemplate(key) : key, scope)

const WORDS: Readonly<Record<string, boolean>> = { yes: true, true: true, no: false, false: false }
const fromWord = (value: Value): Value => (typeof value === 'string' ? (WORDS[value.toLowerCase()] ?? value) : value)

export const setFact = defineControl({
  name: 'set_fact',
  summary: 'Set variables of the host for the rest of the run.',
  notes: ['Runs on the controller. The variables last as long as the run, with `cacheable` as long as the cache of facts; they stand above those of plays and roles.'],
  examples: `
- name: Values made of others
  set_fact:
    app_url: "https://{{ app_name }}.example.com"
    app_ports: "{{ [8080, 8081] + more_ports }}"
- name: A list that grows
  set_fact: { admins: "{{ (admins | default([])) + [item.name] }}" }
  loop: "{{ users | selectattr('admin') }}"
  loop_control: { label: "{{ item.name }}" }
- name: Kept for later runs too
  set_fact: { app_url: "{{ app_url }}", cacheable: true }
`,
  params: { cacheable: flag('Also as facts, which a later gathering may replace.', { default: false }) },
  open: true,
  freeForm: '',
  act: (call, { cacheable }, args) => {
    const facts = new Map<Value, Value>([...args].filter(([key]) => key !== 'cacheable' && key !== '_raw_params').map(([key, value]) => [nameOf(key, call), call.playRun.run.settings.factsFromWords ? fromWord(value) : value]))
    if (facts.size === 0) return failedResult('No key/value pairs provided, at least one is required for this action to succeed')
    for (const name of facts.keys()) if (!/^[A-Za-z_]\w*$/.test(String(name))) throw new Problem({ code: 'bad-name', summary: 'Invalid variable name', detail: `'${String(name)}'`, hint: 'letters, digits and underscores, not beginning with a digit', span: call.task.argSpans.get(String(name)) ?? call.task.span })
    for (const host of hostsOfFacts(call)) {
      call.playRun.run.vars.host(host).setFacts(facts)
      if (cacheable) call.playRun.run.vars.host(host).addFacts(facts)
    }
    return { ...plain('ok', { ansible_facts: facts, _ansible_facts_cacheable: cacheable }), factsTaken: true }
  },
})
