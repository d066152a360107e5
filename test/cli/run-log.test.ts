import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { withLog } from '../../src/cli/run-log.ts'
import { project } from '../playbook/project.ts'
import { fakeTerminal } from './fake-terminal.ts'

const LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} p=\d+ u=\S+ n=tutti (INFO|WARNING)\| /

test('a run goes to log_path too, at its end, without colours and for its owner alone', async () => {
  const directory = project({ 'site.yml': '- hosts: localhost\n  gather_facts: no\n  tasks:\n    - debug: msg=hello\n', 'run.log': 'before\n' })
  const terminal = fakeTerminal({ env: { ANSIBLE_LOG_PATH: join(directory, 'run.log'), ANSIBLE_FORCE_COLOR: '1' } })
  expect(await dispatch(['run', join(directory, 'site.yml')], terminal)).toBe(0)
  const [before, ...lines] = readFileSync(join(directory, 'run.log'), 'utf8').replace(/\n$/, '').split('\n')
  expect(before).toBe('before')
  for (const line of lines) expect(line).toMatch(LINE)
  const said = lines.map((line) => line.replace(LINE, ''))
  expect(said).toContain('    "msg": "hello"')
  expect(terminal.text()).toContain('\u001b[')
  expect(said.join('')).not.toContain('\u001b[')
})
test('a new one is readable by its owner alone; half lines wait for their end', () => {
  const file = join(project({ x: '' }), 'new.log')
  const terminal = withLog(fakeTerminal(), file)
  for (const text of ['a', 'b\nc', '\n']) terminal.out(text)
  expect(readFileSync(file, 'utf8').split('\n').map((line) => line.replace(LINE, ''))).toEqual(['ab', 'c', ''])
  expect(statSync(file).mode & 0o777).toBe(0o600)
})
test('a log that cannot be written ends the run with the setting named', async () => expect(() => withLog(fakeTerminal(), '/nowhere/x.log').out('a\n')).toThrow(/cannot be written/))
