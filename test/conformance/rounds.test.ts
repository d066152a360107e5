import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../../src/engine/event.ts'
import { runYaml } from '../engine/run-yaml.ts'

const play = (tasks: string, more = ''): string => `- hosts: all\n  gather_facts: false\n${more}  tasks:\n${tasks.replace(/^/gm, '    ')}`
const two = { hosts: ['h1', 'h2'] }
const tally = (events: readonly RunEvent[], host: string) => events.flatMap((event) => (event.type === 'recap' ? [event.hosts.get(host)] : []))[0]
const headings = (events: readonly RunEvent[]) => events.flatMap((event) => (event.type === 'task-start' ? [event.name] : event.type === 'include' ? [`${event.hosts.join('+')}${event.item === undefined ? '' : ` item ${event.item}`}`] : []))

describe('includes', () => {
  const files = { 'inc.yml': '- { name: "inner {{ item }}", debug: {} }', 'a.yml': '- { name: in a, debug: {} }', 'b.yml': '- { name: in b, debug: {} }' }

  test('all items are announced for all hosts, then gone through one after the other', async () => {
    const ran = await runYaml(play('- { name: outer, include_tasks: inc.yml, loop: [1, 2] }'), { ...two, files })
    expect(headings(ran.events)).toEqual(['outer', 'h1+h2 item 1', 'h1+h2 item 2', 'inner 1', 'inner 2'])
    expect(tally(ran.events, 'h1')).toMatchObject({ ok: 4 })
  })

  test('hosts that include different files take turns', async () => {
    const ran = await runYaml(play(`- name: outer\n  include_tasks: { file: "{{ 'a.yml' if inventory_hostname == 'h1' else 'b.yml' }}" }`), { ...two, files })
    expect(headings(ran.events)).toEqual(['outer', 'h1', 'h2', 'in a', 'in b'])
    expect(ran.results.slice(2)).toEqual(['h1 ok in a', 'h2 ok in b'])
  })

  test('run_once includes for one host', async () => {
    const ran = await runYaml(play('- { name: outer, include_tasks: a.yml, run_once: true }'), { ...two, files })
    expect(ran.results).toEqual(['h1 ok outer', 'h1 ok in a'])
  })

  test('apply takes every keyword of a block, with templates that see the included tasks', async () => {
    const ran = await runYaml(play(`- { name: outer, include_tasks: { file: a.yml, apply: { changed_when: true } } }`), { files })
    expect(ran.results).toEqual(['h1 failed outer'])
    const noticed = await runYaml(`${play(`- include_tasks: { file: c.yml, apply: { notify: told, vars: { greeting: hello } } }`)}\n  handlers: [{ name: told, debug: {} }]`, { files: { 'c.yml': '- { name: inside, debug: { msg: "{{ greeting }}" }, changed_when: true }' } })
    expect(noticed.results.slice(1)).toEqual(['h1 changed inside', 'h1 ok told'])
    expect(noticed.outputs('inside').msg).toBe('hello')
  })
})

describe('one failure that concerns all', () => {
  test('any_errors_fatal sends every host to rescue and always; only the one that failed is counted', async () => {
    const ran = await runYaml(play(`- block:
    - { name: breaks, fail: {}, when: inventory_hostname == 'h1' }
    - { name: never, debug: {} }
  rescue: [{ name: rescued, debug: {} }]
  always: [{ name: last, debug: {} }]
- { name: after, debug: {} }`, '  any_errors_fatal: true\n'), two)
    expect(ran.results.toSorted()).toEqual(['h1 failed breaks', 'h1 ok after', 'h1 ok last', 'h1 ok rescued', 'h2 ok after', 'h2 ok last', 'h2 ok rescued', 'h2 skipped breaks'])
    expect([tally(ran.events, 'h1')?.rescued, tally(ran.events, 'h2')?.rescued, ran.exitCode]).toEqual([1, 0, 0])
  })

  test.each(['', '- { name: tail, debug: {} }\n'])('any_errors_fatal is meant for those too that had nothing left to do in the play%s', async (tail) => {
    const files = { 'one.yml': '- { name: breaks, fail: {} }' }
    const ran = await runYaml(`${play(`- { name: one alone, include_tasks: one.yml, when: inventory_hostname == 'h1' }\n${tail}`, '  any_errors_fatal: true\n')}\n${play('- { name: later, debug: {} }')}`, { ...two, files })
    expect(ran.results).toContain('h1 failed breaks')
    expect(ran.results.filter((line) => / (later|tail)$/.test(line))).toEqual([])
    expect(ran.exitCode).toBe(2)
  })

  test('a run_once that fails is the failure of all; without a rescue the run ends', async () => {
    const ran = await runYaml(`${play('- { name: once, fail: {}, run_once: true }\n- { name: never, debug: {} }')}\n${play('- { name: later, debug: {} }')}`, two)
    expect(ran.results).toEqual(['h1 failed once'])
    expect([tally(ran.events, 'h1')?.failed, tally(ran.events, 'h2')?.failed, ran.exitCode]).toEqual([1, undefined, 2])
  })

  test('max_fail_percentage ends the play for all, after their always', async () => {
    const ran = await runYaml(play(`- block: [{ name: breaks, fail: {}, when: inventory_hostname == 'h1' }]
  always: [{ name: last, debug: {} }]
- { name: never, debug: {} }`, '  max_fail_percentage: 40\n'), two)
    expect(ran.results.toSorted()).toEqual(['h1 failed breaks', 'h1 ok last', 'h2 ok last', 'h2 skipped breaks'])
    expect(ran.events.some((event) => event.type === 'no-hosts')).toBe(true)
  })

  test('run_once asks the condition of the first host, and counts for it alone', async () => {
    const ran = await runYaml(play(`- { name: once, command: "true", run_once: true, when: inventory_hostname == 'h1' }\n- { name: not, debug: {}, run_once: true, when: inventory_hostname == 'h2' }`), two)
    expect(ran.results).toEqual(['h1 changed once', 'h1 skipped not'])
    expect([tally(ran.events, 'h1')?.changed, tally(ran.events, 'h2')]).toEqual([1, undefined])
  })
})

describe('hosts that were lost', () => {
  test('a play of lost hosts only is passed over; the next one runs', async () => {
    const ran = await runYaml(`${play('- { name: breaks, fail: {}, when: inventory_hostname == \'h1\' }')}\n- hosts: h1\n  gather_facts: false\n  tasks: [{ name: none, debug: {} }]\n- hosts: h2\n  gather_facts: false\n  tasks: [{ name: other, debug: {} }]`, two)
    expect(ran.results).toEqual(['h2 skipped breaks', 'h1 failed breaks', 'h2 ok other'])
  })

  test('clear_host_errors brings a failed host back for the next play, and the run ends well', async () => {
    const ran = await runYaml(`${play(`- { name: breaks, fail: {}, when: inventory_hostname == 'h1' }\n- meta: clear_host_errors`)}\n${play('- { name: later, debug: {} }')}`, two)
    expect(ran.results.toSorted()).toEqual(['h1 failed breaks', 'h1 ok later', 'h2 ok later', 'h2 skipped breaks'])
    expect(ran.exitCode).toBe(0)
  })

  test('clear_host_errors brings an unreachable host back to where it was', async () => {
    const lost = `ansible_connection: "{{ 'ssh' if inventory_hostname == 'h1' else 'local' }}", ansible_host: 127.0.0.1, ansible_port: 1`
    const ran = await runYaml(play(`- { name: gone, command: "true", vars: { ${lost} } }\n- meta: clear_host_errors\n- { name: after, debug: {} }`), two)
    expect(ran.results.filter((line) => !line.includes('gone'))).toEqual(['h2 ok after', 'h1 ok after'])
    expect(ran.exitCode).toBe(0)
  })
})

describe('meta', () => {
  test('what ends a play asks one host; what ends a host asks each; both say when they do not', async () => {
    const ran = await runYaml(play(`- { name: all, meta: end_play, when: inventory_hostname == 'h2' }\n- { name: each, meta: end_host, when: inventory_hostname == 'h2' }\n- { name: last, debug: {} }`), two)
    expect(ran.results).toEqual(['h1 skipped all', 'h1 skipped each', 'h1 ok last'])
    expect(tally(ran.events, 'h1')).toMatchObject({ ok: 1, skipped: 0 })
  })
})

test('clear_host_errors in always forgives the failure of its block', async () => {
  const ran = await runYaml(play(`- block: [{ name: breaks, fail: {} }]
  always: [{ meta: clear_host_errors }]
- { name: after, debug: {} }`))
  expect([ran.results, ran.exitCode]).toEqual([['h1 failed breaks', 'h1 ok after'], 0])
})
