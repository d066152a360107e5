import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

const play = (tasks: string, handlers: string, more = ''): string => `- hosts: all\n  gather_facts: false\n${more}  tasks:\n${tasks.replace(/^/gm, '    ')}\n  handlers:\n${handlers.replace(/^/gm, '    ')}`
const change = (name: string, notify: string, more = ''): string => `- { name: ${name}, debug: {}, changed_when: true, notify: ${notify}${more} }`
const handlersOf = (results: readonly string[]) => results.filter((line) => / [a-z]+ handler/.test(line)).map((line) => line.replace(/ (ok|changed) handler/, ''))

test('handlers run once, in the order of their definition', async () => {
  const ran = await runYaml(play(change('a', '[handler 2, handler 1]') + '\n' + change('b', 'handler 2'), '- { name: handler 1, debug: {} }\n- { name: handler 2, debug: {} }'))
  expect(handlersOf(ran.results)).toEqual(['h1 1', 'h1 2'])
})

test('one that is notified by a later handler has its turn when handlers run again; none runs for ever', async () => {
  const again = change('handler 2', 'handler 1').replace('debug: {}', 'debug: {}')
  const ran = await runYaml(play(change('a', 'handler 2'), `${change('handler 1', 'handler 2')}\n${again}`))
  expect(handlersOf(ran.results)).toEqual(['h1 2', 'h1 1', 'h1 2'])
})

test('the handler of a name that was defined last answers: the play before its roles', async () => {
  const role = { 'roles/r/tasks/main.yml': change('a', 'same'), 'roles/r/handlers/main.yml': '- { name: same, debug: { msg: role } }' }
  const ran = await runYaml(play('- debug:', '- { name: same, debug: { msg: play } }\n- { name: same, debug: { msg: second } }', '  roles: [r]\n'), { files: role })
  expect(ran.results.filter((line) => line.endsWith('same'))).toEqual(['h1 ok same'])
  expect(ran.outputs('same').msg).toBe('play')
})

test('all listeners of a topic run; a topic of a role answers to "role : topic" too', async () => {
  const role = { 'roles/r/handlers/main.yml': '- { name: handler of role, debug: {}, listen: topic }' }
  const ran = await runYaml(play(change('a', 'topic') + '\n- meta: flush_handlers\n' + change('b', '"r : topic"'), '- { name: handler x, debug: {}, listen: topic }\n- { name: handler y, debug: {}, listen: [other, topic] }', '  roles: [r]\n'), { files: role })
  expect(ran.results.filter((line) => line.includes('handler'))).toEqual(['h1 ok r : handler of role', 'h1 ok handler x', 'h1 ok handler y', 'h1 ok r : handler of role'])
})

test('a handler whose name has undefined variables is told and answers to nothing', async () => {
  const ran = await runYaml(play(change('a', 'good'), '- { name: "bad {{ nowhere }}", debug: {} }\n- { name: good, debug: {} }'))
  expect(ran.results).toEqual(['h1 changed a', 'h1 ok good'])
  expect(ran.events.filter((event) => event.type === 'warning' && event.text.includes('unusable'))).toHaveLength(1)
})

test('a missing handler ends the run, or is a warning where the settings say so', async () => {
  const source = play(change('a', 'nobody'), '- { name: other, debug: {} }')
  await expect(runYaml(source)).rejects.toThrow("The requested handler 'nobody' was not found in either the main handlers list nor in the listening handlers list")
  expect((await runYaml(source, { settings: { errorOnMissingHandler: false } })).exitCode).toBe(0)
})

test('force_handlers: a host that failed does what it owes, in the section where it failed', async () => {
  const ran = await runYaml(play(`${change('a', 'handler 1')}\n- { name: breaks, fail: {}, when: inventory_hostname == 'h1' }\n- { name: late, debug: {} }`, '- { name: handler 1, debug: {} }', '  force_handlers: true\n'), { hosts: ['h1', 'h2'] })
  expect(ran.results.slice(-3).toSorted()).toEqual(['h1 ok handler 1', 'h2 ok handler 1', 'h2 ok late'])
  expect(ran.exitCode).toBe(2)
})

test('a handler that fails while handlers are flushed can be rescued', async () => {
  const ran = await runYaml(play(`- block:\n    ${change('a', 'handler 1')}\n    - meta: flush_handlers\n  rescue: [{ name: saved, debug: {} }]`, '- { name: handler 1, fail: {} }'))
  expect(ran.results.slice(-1)).toEqual(['h1 ok saved'])
  expect(ran.exitCode).toBe(0)
})

test('what a handler includes are handlers; hosts stay in step', async () => {
  const ran = await runYaml(play(change('a', 'inc'), '- { name: inc, include_tasks: more.yml }'), { hosts: ['h1', 'h2'], files: { 'more.yml': '- { name: inner, debug: {} }' } })
  expect(ran.events.flatMap((event) => (event.type === 'task-start' && event.handler ? [event.name] : []))).toEqual(['inc', 'inner'])
})

test('handlers of a role that is included twice run once', async () => {
  const role = { 'roles/r/tasks/main.yml': change('a', 'handler'), 'roles/r/handlers/main.yml': '- { name: handler, debug: {} }' }
  const ran = await runYaml(play('- include_role: { name: r }\n- include_role: { name: r }', '[]'), { files: role })
  expect(ran.results.filter((line) => line.endsWith(': handler'))).toEqual(['h1 ok r : handler'])
})

test('tags choose among tasks, not among handlers', async () => {
  const ran = await runYaml(play(change('a', 'handler 1', ', tags: [x]'), '- { name: handler 1, debug: {} }'), { settings: { tags: ['x'] } })
  expect(ran.results).toEqual(['h1 changed a', 'h1 ok handler 1'])
})

test('force_handlers of the play stands above the command line', async () => {
  const ran = await runYaml(play(`${change('a', 'handler 1')}\n- { name: breaks, fail: {} }`, '- { name: handler 1, debug: {} }', '  force_handlers: false\n'), { settings: { forceHandlers: true } })
  expect(ran.results).toEqual(['h1 changed a', 'h1 failed breaks'])
})

test('a role that an included role imports brings its handlers', async () => {
  const files = { 'roles/a/tasks/main.yml': '- import_role: { name: b }', 'roles/b/tasks/main.yml': change('a', 'handler'), 'roles/b/handlers/main.yml': '- { name: handler, debug: {} }' }
  for (const tasks of ['- include_role: { name: a }', '- include_tasks: more.yml', '- import_role: { name: a }']) {
    const ran = await runYaml(play(tasks, '[]'), { files: { ...files, 'more.yml': '- import_role: { name: b }' } })
    expect(ran.results).toEqual(expect.arrayContaining(['h1 changed b : a', 'h1 ok b : handler']))
  }
  const used = await runYaml(play('- debug:', '[]', '  roles: [a]\n'), { files })
  expect(used.results).toContain('h1 ok b : handler')
})
