import { expect, test } from 'vitest'
import type { RunEvent } from '../../src/engine/event.ts'
import { lines } from '../../src/report/lines.ts'
import type { ReportOptions } from '../../src/report/reporter.ts'
import { dict } from '../../src/value/value.ts'
import { Secrets } from '../../src/text/secrets.ts'
import { collector, item, playStart, recap, result, taskStart } from './sample.ts'

function shown(events: readonly RunEvent[], changes: Partial<ReportOptions> = {}): string {
  const options = collector(changes)
  const reporter = lines(options)
  events.forEach((event) => reporter.onEvent(event))
  void reporter.end()
  return options.text()
}

test('banners are filled with stars to 80 characters', () => {
  const [, play, , task] = shown([playStart('web', ['h1']), taskStart('1', 'nginx : Install')]).split('\n')
  expect(play).toBe(`PLAY [web] ${'*'.repeat(69)}`)
  expect(task).toBe(`TASK [nginx : Install] ${'*'.repeat(57)}`)
})
test('a long title keeps three stars, a handler its own word', () => {
  expect(shown([taskStart('1', 'x'.repeat(90), 'command', { handler: true })])).toBe(`\nRUNNING HANDLER [${'x'.repeat(90)}] ***\n`)
})

// What ansible-playbook 2.19 prints for the same results.
test.each<[string, readonly RunEvent[], string]>([
  ['ok', [result('1', 'h1', 'ok')], 'ok: [h1]'],
  ['changed elsewhere', [result('1', 'h1', 'changed', {}, { delegatedTo: 'h2' })], 'changed: [h1 -> h2]'],
  ['failed', [result('1', 'h1', 'failed', { msg: 'über', rc: 1, _ansible_x: 1, invocation: 'x' })], 'fatal: [h1]: FAILED! => {"changed": false, "msg": "über", "rc": 1}'],
  ['ignored', [result('1', 'h1', 'failed', { msg: 'no' }, { ignored: true })], 'fatal: [h1]: FAILED! => {"changed": false, "msg": "no"}\n...ignoring'],
  ['unreachable', [result('1', 'h1', 'unreachable', { msg: 'gone' })], 'fatal: [h1]: UNREACHABLE! => {"changed": false, "msg": "gone", "unreachable": true}'],
  ['skipped', [result('1', 'h1', 'skipped')], 'skipping: [h1]'],
  ['items', [item('1', 'h1', 'a', 'changed'), item('1', 'h1', 'b', 'skipped'), result('1', 'h1', 'changed')], 'changed: [h1] => (item=a)\nskipping: [h1] => (item=b) '],
  ['skipped items', [item('1', 'h1', 'a', 'skipped'), result('1', 'h1', 'skipped')], 'skipping: [h1] => (item=a) \nskipping: [h1]'],
  ['failed items', [item('1', 'h1', 'a', 'failed', { msg: 'no', changed: true }), result('1', 'h1', 'failed', {}, { ignored: true })], 'failed: [h1] (item=a) => {"changed": true, "msg": "no"}\n...ignoring'],
  ['unknown', [result('1', 'h1', 'unknown', {}, { reason: 'the command was not run' })], 'unknown: [h1] => the command was not run'],
  ['retry', [{ type: 'retry', task: '1', host: 'h1', left: 2, result: { status: 'failed', outputs: new Map(), seconds: 0 } }], 'FAILED - RETRYING: [h1]: t (2 retries left).'],
  ['include', [{ type: 'include', file: '/a.yml', hosts: ['h1'], task: '1' }, { type: 'include', file: '/a.yml', hosts: ['h2'], task: '1' }], 'included: /a.yml for h1, h2'],
  ['include of an item', [{ type: 'include', file: '/a.yml', hosts: ['h1'], task: '1', item: 'x' }], 'included: /a.yml for h1 => (item=x)'],
])('%s', (_, events, expected) => expect(shown([taskStart('1', 't'), ...events]).split('\n').slice(2, -1).join('\n')).toBe(expected))

test('debug always shows what it says, assert too', () => {
  expect(shown([taskStart('1', 't', 'ansible.builtin.debug'), result('1', 'h1', 'ok', { msg: 'a\nb', changed: false })])).toContain('ok: [h1] => {\n    "msg": "a\\nb"\n}\n')
  expect(shown([taskStart('1', 't', 'assert'), result('1', 'h1', 'ok', { msg: 'All', changed: false, _ansible_verbose_always: true })])).toContain('ok: [h1] => {\n    "changed": false,\n    "msg": "All"\n}\n')
})
test('debug in a loop shows neither item nor its name', () => {
  expect(shown([taskStart('1', 't', 'debug'), item('1', 'h1', 'a', 'ok', { msg: 'm', item: 'a', ansible_loop_var: 'item' })])).toContain('ok: [h1] => (item=a) => {\n    "msg": "m"\n}\n')
})
test('-v shows results on one line, -vvv with one entry a line', () => {
  const events = [taskStart('1', 't'), result('1', 'h1', 'changed', { rc: 0, list: ['a', 1], invocation: 'x' })]
  expect(shown(events, { verbosity: 1 })).toContain('changed: [h1] => {"changed": true, "list": ["a", 1], "rc": 0}\n')
  expect(shown(events, { verbosity: 3 })).toContain('changed: [h1] => {\n    "changed": true,\n    "invocation": "x",\n    "list": [\n        "a",\n        1\n    ],\n    "rc": 0\n}\n')
})
test('-vv says where tasks and playbooks stand', () => {
  const text = shown([{ type: 'playbook-start', file: '/x/site.yml' }, taskStart('1', 't')], { verbosity: 2 })
  expect(text).toMatch(/^\nPLAYBOOK: site\.yml \*+\n\nTASK \[t\] \*+\ntask path: \/.*\/site\.yml:4\n$/)
})
test('differences come before their line', () => {
  const events = [taskStart('1', 't'), result('1', 'h1', 'changed', {}, { diff: [{ header: { before: '/x', after: '/x' }, before: 'a\n', after: 'b\n' }] })]
  expect(shown(events, { diff: true })).toContain('\n--- before: /x\n+++ after: /x\n@@ -1 +1 @@\n-a\n+b\n\nchanged: [h1]\n')
})
test('the recap has the columns of Ansible, and unknown= only in a dry run', () => {
  const event = recap({ h2: { ok: 12, changed: 3 }, h1: { failed: 1 } })
  expect(shown([event]).split('\n').slice(2)).toEqual([
    'h1                         : ok=0    changed=0    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0   ',
    'h2                         : ok=12   changed=3    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   ', '', '',
  ])
  expect(shown([event], { check: true })).toContain('ignored=0    unknown=0   \n')
})
test('plays without hosts say so', () => expect(shown([playStart('x', []), { type: 'no-hosts', reason: 'matched' }])).toMatch(/\*\nskipping: no hosts matched\n$/))
test('skipped hosts can be left out, and then their banner too', () => {
  const events = [taskStart('1', 'first'), result('1', 'h1', 'skipped'), taskStart('2', 'second'), result('2', 'h1', 'changed')]
  expect(shown(events, { showSkipped: false })).not.toContain('first')
  expect(shown(events, { showSkipped: false })).toContain('second')
})
test('results of two tasks at once get their banner again', () => {
  const text = shown([taskStart('1', 'one'), taskStart('2', 'two'), result('1', 'h1', 'ok'), result('2', 'h2', 'ok')])
  expect(text.match(/TASK \[one\]/g)).toHaveLength(2)
})
test('secrets never come out, warnings go to the other stream', () => {
  const secrets = new Secrets()
  secrets.add('hunter22')
  const options = collector({ secrets })
  const reporter = lines(options)
  reporter.onEvent(taskStart('1', 'with hunter22'))
  reporter.onEvent(result('1', 'h1', 'failed', { msg: 'hunter22' }))
  reporter.onEvent({ type: 'warning', text: 'hunter22!' })
  expect(options.text() + options.errors()).not.toContain('hunter22')
  expect(options.errors()).toBe('[WARNING]: ********!\n')
})
test('colours are Ansible\'s', () => expect(shown([taskStart('1', 't'), result('1', 'h1', 'changed')], { color: true })).toContain('\x1b[0;33mchanged: [h1]\x1b[0m\n'))

test('settings of the default callback', () => {
  const failed = [taskStart('1', 't'), result('1', 'h1', 'failed', { msg: 'no' })]
  const options = collector({ failuresToStderr: true, pathOnFailure: true })
  const reporter = lines(options)
  failed.forEach((event) => reporter.onEvent(event))
  expect(options.errors()).toBe('fatal: [h1]: FAILED! => {"changed": false, "msg": "no"}\n')
  expect(options.text()).toMatch(/task path: \/.*site\.yml:4\n$/)
})
test('markers of a dry run', () => {
  const text = shown([{ type: 'playbook-start', file: 'site.yml' }, { ...playStart('web', ['h1']), check: true } as RunEvent, { ...taskStart('1', 't'), check: true } as RunEvent, recap({})], { check: true, checkMarkers: true })
  expect(text.split('\n').filter(Boolean).map((line) => line.replace(/ \*+$/, ''))).toEqual(['DRY RUN', 'PLAY [web] [CHECK MODE]', 'TASK [t] [CHECK MODE]', 'PLAY RECAP', 'DRY RUN'])
})
test('results as YAML: text as blocks, lists in the column of their key; pretty leaves out what is said twice', () => {
  const outputs = { cmd: ['echo', 'a'], rc: 0, stdout: 'a  \nb', stdout_lines: ['a  ', 'b'], list: [dict({ x: 1, y: 'yes' })], none: [] }
  const events = [taskStart('1', 't'), result('1', 'h1', 'changed', outputs)]
  expect(shown(events, { verbosity: 1, resultFormat: 'yaml' }).split('\n').slice(2).join('\n')).toBe(
    "changed: [h1] => \n    changed: true\n    cmd:\n    - echo\n    - a\n    list:\n    -   x: 1\n        y: 'yes'\n    none: []\n    rc: 0\n    stdout: |-\n        a\n        b\n    stdout_lines: <omitted>\n")
  expect(shown(events, { verbosity: 1, resultFormat: 'yaml', pretty: false })).toContain('    stdout: "a  \\nb"\n    stdout_lines:\n    - \'a  \'\n    - b\n')
})
test('where hosts go their own way, headlines come with results; a change that does not count has no difference shown', () => {
  const diff = [{ header: { before: 'a', after: 'a' }, before: 'x\n', after: 'y\n' }]
  const text = shown([{ ...playStart('web', ['h1', 'h2']), free: true } as RunEvent, taskStart('1', 'one'), taskStart('2', 'two'), result('2', 'h2', 'ok', {}, { diff }), result('1', 'h1', 'changed', {}, { diff })])
  expect(text.split('\n').filter(Boolean).map((line) => line.replace(/ \*+$/, ''))).toEqual(['PLAY [web]', 'TASK [two]', 'ok: [h2]', 'TASK [one]', '--- before: a', '+++ after: a', '@@ -1 +1 @@', '-x', '+y', 'changed: [h1]'])
})
