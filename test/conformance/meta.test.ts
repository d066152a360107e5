import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

const play = (tasks: string): string => `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.replace(/^/gm, '    ')}`
const said = (events: readonly { readonly type: string }[]) => events.flatMap((event) => ('text' in event && event.type === 'meta' ? [event.text] : []))

test('each meta action tells what it did', async () => {
  const ran = await runYaml(play('- meta: noop\n- meta: flush_handlers\n- meta: clear_facts\n- meta: end_host\n  when: false\n- meta: end_play'))
  expect(said(ran.events)).toEqual(['noop', 'triggered running handlers for h1', 'facts cleared', 'end_host conditional evaluated to False, continuing execution for h1', 'ending play'])
})

test('some happen whatever their condition says, with a warning', async () => {
  const ran = await runYaml(play('- { meta: noop, when: false }'))
  expect([said(ran.events), ran.events.flatMap((event) => (event.type === 'warning' ? [event.text] : []))]).toEqual([['noop'], ['noop task does not support when conditional']])
})

test('the implicit localhost stays what it is when the inventory is read again', async () => {
  const ran = await runYaml('- hosts: localhost\n  gather_facts: false\n  tasks: [{ meta: refresh_inventory }, { name: here, debug: { msg: "{{ ansible_connection }}" } }]')
  expect(ran.outputs('here').msg).toBe('local')
})

test('end_play ends the play for the batches to come, not the plays', async () => {
  const ran = await runYaml('- hosts: all\n  gather_facts: false\n  serial: 1\n  tasks: [{ name: once, debug: {} }, { meta: end_play }]\n- hosts: all\n  gather_facts: false\n  tasks: [{ name: next, debug: {} }]', { hosts: ['h1', 'h2'] })
  expect(ran.results).toEqual(['h1 ok once', 'h1 ok next', 'h2 ok next'])
})
