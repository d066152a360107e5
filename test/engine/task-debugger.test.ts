import { describe, expect, test } from 'vitest'
import { runYaml } from './run-yaml.ts'

const play = (tasks: string) => `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.replace(/^/gm, '    ')}\n`
const failing = (keywords: string) => play(`- { name: checked, assert: { that: "answer | default(0) == 42" }, vars: { limit: 3 }, ${keywords} }`)

describe('the task debugger', () => {
  test('a changed variable and redo: the result that counts is the last', async () => {
    const ran = await runYaml(failing('debugger: on_failed'), { answers: ["p task_vars['limit']", "task_vars['answer'] = 40 + 2", 'r'] })
    expect(ran.results).toEqual(['h1 ok checked'])
    expect(ran.asked[0]).toMatch(/^failed: \[h1\] => \{.*Assertion failed.*\nDebugger invoked\n\[h1\] TASK: checked \(debug\)> $/s)
    expect(ran.asked[1]).toMatch(/^3\n/)
    expect(ran.asked).toHaveLength(3)
  })
  test('a changed argument, and as it was again', async () => {
    const ran = await runYaml(play('- { name: said, command: "false", debugger: on_failed }'), { answers: ["task.args['_raw_params'] = 'echo ' ~ host", 'p task.args', 'u', 'p task.args._raw_params', "task.args['_raw_params'] = 'echo ' ~ host", 'redo'] })
    expect(ran.asked[2]).toContain("{'_raw_params': 'echo h1'}")
    expect(ran.asked[4]).toContain("'false'")
    expect(ran.outputs('said').stdout).toBe('h1')
  })
  test('every loop item again with what was changed', async () => {
    const ran = await runYaml(play('- { name: each, command: "test {{ item }} = {{ wanted }}", loop: [b, b], vars: { wanted: a }, debugger: on_failed }'), { answers: ["task_vars.wanted = 'b'", 'r'] })
    expect(ran.results).toEqual(['h1 changed each'])
  })
  test('c takes the result as it is, and so does nobody who answers', async () => {
    for (const answers of [['c'], []]) expect((await runYaml(failing('debugger: on_failed'), { answers })).exitCode).toBe(2)
  })
  test('q ends the run', async () => {
    await expect(runYaml(failing('debugger: always'), { answers: ['q'] })).rejects.toMatchObject({ code: 'ended-by-user' })
  })
  test('what is typed wrong is told, and nothing else happens', async () => {
    const ran = await runYaml(failing('debugger: on_failed'), { answers: ['p nope', 'p (', 'jump', "task_vars['x'] = nope", 'h'] })
    expect(ran.asked.slice(1, 5).map((text) => text.slice(0, 4))).toEqual(['*** ', '*** ', '*** ', '*** '])
    expect(ran.asked[5]).toContain('redo')
  })
  test.each([['always', 'debug: {}', 1], ['never', 'fail: {}', 0], ['on_failed', 'debug: {}', 0], ['on_skipped', 'debug: {}, when: false', 1], ['on_failed', 'debug: {}, when: false', 0], ['on_unreachable', 'fail: {}', 0]])('debugger: %s of %s', async (asked, action, times) => {
    expect((await runYaml(play(`- { name: a, ${action}, debugger: ${asked} }`), { answers: ['c'] })).asked).toHaveLength(times)
  })
  test('the settings and the strategy ask for it where no keyword does; blocks and plays hand it down', async () => {
    const ignored = '- { name: a, fail: {}, ignore_errors: true }'
    expect((await runYaml(play(ignored), { settings: { taskDebugger: true } })).asked).toHaveLength(1)
    expect((await runYaml(play(ignored), { settings: { taskDebugger: true, debugIgnored: false } })).asked).toHaveLength(0)
    expect((await runYaml(play(ignored), { settings: { strategy: 'debug' } })).asked).toHaveLength(1)
    expect((await runYaml(play(`- block: [{ name: a, fail: {} }]\n  debugger: on_failed`))).asked).toHaveLength(1)
    expect((await runYaml(play('- { name: a, fail: {}, debugger: never }'), { settings: { taskDebugger: true } })).asked).toHaveLength(0)
  })
  test('hosts ask one after the other; run_once asks once', async () => {
    expect((await runYaml(play('- { name: a, fail: {}, debugger: on_failed }'), { hosts: ['h1', 'h2'], answers: ['c', 'c'] })).asked.map((text) => /\[(h\d)\] TASK/.exec(text)![1])).toEqual(['h1', 'h2'])
    expect((await runYaml(play('- { name: a, fail: {}, debugger: on_failed, run_once: true }'), { hosts: ['h1', 'h2'], answers: ['c'] })).asked).toHaveLength(1)
  })
  test('what is hidden stays hidden', async () => {
    expect((await runYaml(play('- { name: a, command: "sh -c \'echo topsecret; false\'", no_log: true, debugger: on_failed }'))).asked[0]).not.toContain('topsecret')
  })
  test('another word is refused before anything runs', async () => {
    await expect(runYaml(play('- { name: a, debug: {}, debugger: on_monday }'))).rejects.toMatchObject({ problems: [{ code: 'bad-value', hint: expect.stringContaining('on_failed') }] })
  })
})
