import { describe, expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

const play = (tasks: string, vars = ''): string => `- hosts: all\n  gather_facts: false\n${vars ? `  vars: ${vars}\n` : ''}  tasks:\n${tasks.trim().replace(/^(?=.)/gm, '    ')}`
const task = async (text: string, vars?: string) => (await runYaml(play(text.replace(/ }$/, ", name: it, ignore_errors: true }"), vars))).result('it')

describe('changed_when and failed_when', () => {
  test('a condition that cannot be evaluated fails the task and keeps its result', async () => {
    const ran = await runYaml(play(`
- { name: it, command: echo foo, changed_when: boom, register: r, ignore_errors: true }
- { name: seen, assert: { that: [r is failed, r is changed, r.stdout == 'foo', "'boom' in r.changed_when_result"] } }
- { name: other, command: echo foo, failed_when: boom, register: r, ignore_errors: true }
- { name: seen too, assert: { that: [r is failed, r.rc == 0, "'boom' in r.failed_when_result"] } }`))
    expect(ran.results).toEqual(['h1 failed it', 'h1 ok seen', 'h1 failed other', 'h1 ok seen too'])
  })

  test('changed_when counts on a failure too, and failed_when sees what it decided', async () => {
    expect((await task('- { command: "false", changed_when: false }')).outputs.get('changed')).toBe(false)
    expect((await task('- { command: "true", changed_when: r.rc == 1, failed_when: r is changed, register: r }')).status).toBe('ok')
  })

  test('failed_when has the last word where until was never met', async () => {
    expect((await task('- { command: "true", until: 1 == 0, retries: 1, delay: 0, failed_when: false }')).status).toBe('changed')
    expect((await task('- { command: "true", until: 1 == 0, retries: 1, delay: 0 }')).status).toBe('failed')
  })

  test('they see the number of the attempt', async () => {
    const ran = await runYaml(play('- { name: it, command: "true", register: r, until: r.attempts == 3, delay: 0, changed_when: r.attempts == 2 }'))
    expect([ran.result('it').status, ran.outputs('it').attempts]).toEqual(['ok', 3])
  })
})

describe('what register receives', () => {
  test('a loop says whether all of it was skipped, and nothing of not having failed', async () => {
    const ran = await runYaml(play(`
- { name: loop, debug: { msg: x }, loop: [1, 2], when: item == 1, register: r }
- { name: all, debug: { msg: x }, loop: [1, 2], when: false, register: s }
- { name: it, debug: { msg: "{{ [r.skipped, s.skipped, r.failed is defined, s.results[0].failed is defined, r.results[0].failed, r.results | length] }}" } }`))
    expect(ran.outputs('it').msg).toEqual([false, true, false, false, false, 2])
  })

  test('notes for reporters are not part of it', async () => {
    const ran = await runYaml(play('- { set_fact: { a: 1, cacheable: true }, register: r, loop: [1] }\n- { name: it, debug: { msg: "{{ (r | list) + (r.results[0] | list) }}" } }'))
    expect(ran.outputs('it').msg.filter((name: string) => name.startsWith('_ansible'))).toEqual([])
  })
})

describe('loop_control', () => {
  test('names and flags may be templates; break_when sees what the item registered', async () => {
    const ran = await runYaml(play(`
- name: it
  debug: { msg: "{{ ansible_loop.index }}" }
  register: r
  loop: [a, b, c, d]
  loop_control: { loop_var: "{{ 'one' }}", index_var: "{{ 'at' }}", extended: "{{ true }}", extended_allitems: "{{ 'no' }}", break_when: [ansible_loop.index == 2, r.msg == 2] }`))
    expect(ran.outputs('it').results.map(({ one, at, msg }: any) => [one, at, msg])).toEqual([['a', 0, 1], ['b', 1, 2]])
    expect(Object.keys(ran.outputs('it').results[0].ansible_loop)).toEqual(['index', 'index0', 'revindex', 'revindex0', 'first', 'last', 'length', 'nextitem'])
  })

  test('a label that cannot be rendered fails the item, whose result stays', async () => {
    const [first] = (await runYaml(play('- { name: it, command: echo x, loop: [1], loop_control: { label: "{{ boom }}" }, ignore_errors: true }'))).outputs('it').results
    expect(first).toMatchObject({ failed: true, changed: true, stdout: 'x', msg: expect.stringContaining("Failed to template loop_control.label: 'boom' is undefined") })
  })
})

describe('tasks on the run', () => {
  test('set_fact takes names that are templates, and refuses what is no name', async () => {
    const ran = await runYaml(play(`
- set_fact: { "{{ k }}_a": 1 }
- set_fact: "{{ k }}={{ [1, 2] }}"
- { name: it, debug: { msg: "{{ [xx_a, xx] }}" } }
- { name: none, set_fact: {}, ignore_errors: true }`, '{ k: xx }'))
    expect(ran.outputs('it').msg).toEqual([1, [1, 2]])
    expect(ran.result('none').reason).toMatch(/^No key\/value pairs provided/)
  })

  test('add_host takes all its arguments from one variable, and needs a name', async () => {
    const ran = await runYaml(play(`
- { add_host: "{{ d }}" }
- { name: it, debug: { msg: "{{ [hostvars.hh.group_names, hostvars.hh.ansible_ssh_port, hostvars.hh.color] }}" } }
- { name: bare, add_host: { groups: a }, ignore_errors: true }`, '{ d: { hostname: "hh:2222", groups: [gg], color: red } }'))
    expect(ran.outputs('it').msg).toEqual([['gg'], 2222, 'red'])
    expect(ran.result('bare').reason).toBe('name, host or hostname needs to be provided')
  })

  test('set_stats says what is wrong with its data', async () => {
    expect((await task('- { set_stats: { data: [1] } }')).reason).toBe("The 'data' option needs to be a dictionary/hash")
    expect((await task('- { set_stats: { data: { .bad: 1 } } }')).reason).toMatch(/^The variable name '.bad' is not valid/)
    expect((await task('- { set_stats: { data: { a: 1 }, aggregate: "x" } }')).status).toBe('ok')
  })

  test('assert keeps a list as message; debug takes msg or var', async () => {
    expect((await task('- { assert: { that: 1 == 2, msg: [a, b] } }')).outputs.get('msg')).toEqual(['a', 'b'])
    expect((await task('- { debug: { msg: a, var: b } }')).reason).toBe('parameters are mutually exclusive: msg|var')
  })

  test('with_list and with_dict say what they expect', async () => {
    expect((await task('- { debug: {}, with_list: { a: 1 } }')).reason).toMatch(/with_list expects a list/)
    expect((await task('- { debug: {}, with_dict: [1] }')).reason).toMatch(/with_dict expects a dict/)
  })
})
