import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { project } from '../playbook/project.ts'

test('a run that is interrupted while it waits ends as one that was interrupted', async () => {
  const directory = project({ 'site.yml': "- hosts: all\n  connection: local\n  gather_facts: false\n  tasks:\n    - {name: wait, command: 'false', register: r, until: r.rc == 0, retries: 9, delay: 60}\n" })
  const child = spawn(resolve('bin/tutti'), ['run', join(directory, 'site.yml'), '-i', 'h1,', '--output', 'json'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => {
    if (!said.includes('"type":"retry"') && (said + chunk.toString()).includes('"type":"retry"')) child.kill('SIGINT')
    said += chunk.toString()
  })
  const code = await new Promise((done) => child.once('close', done))
  expect({ code, said }).toEqual({ code: 99, said: expect.stringContaining('"type":"run-end","exitCode":99') })
  expect(said).not.toContain('This is a bug')
}, 60_000)
