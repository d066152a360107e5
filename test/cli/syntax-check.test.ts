import { expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { project } from '../playbook/project.ts'
import { fakeTerminal } from './fake-terminal.ts'

test('six different mistakes are told in one run, each with its line', async () => {
  const directory = project({
    hosts: 'h1\n',
    'site.yml': `- hosts: all
  gather_fact: false
  tasks:
    - cpoy: {src: a, dest: b}
    - copy: {content: x, dst: /b}
    - debug: {msg: "{{ foo | bogus }}"}
    - debug: {msg: "{{ foo + }}"}
    - file: {path: /x, state: direcotry}
    - command: ls
      wehn: true
    - import_tasks: nowhere.yml
`,
  })
  const terminal = fakeTerminal()
  const exitCode = await dispatch(['run', `${directory}/site.yml`, '-i', `${directory}/hosts`, '--syntax-check'], terminal)
  const told = [...terminal.errors().matchAll(/\[([a-z-]+)\]\n {2}--> \S*?site\.yml:(\d+)/g)].map(([, code, line]) => `${code}@${line}`)
  expect(exitCode).toBe(4)
  expect(told).toEqual(expect.arrayContaining([
    'unknown-keyword@2', 'unknown-module@4', 'unknown-parameter@5', 'unknown-filter@6', 'template-syntax@7', 'wrong-choice@8', 'unknown-keyword@10', 'file-not-found@11',
  ]))
})
