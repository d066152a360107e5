import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

test('check_mode: true in a real run: what cannot say what it would do is skipped, with an answer in which nothing is unknown', async () => {
  const ran = await runYaml(`
- hosts: all
  check_mode: true
  tasks:
    - { name: any, command: touch /nowhere/a }
    - { name: guarded, shell: touch /nowhere/a, args: { creates: /nowhere/a } }
    - { name: settled, command: touch /nowhere/a, args: { creates: / } }
    - { name: raw, raw: touch /nowhere/a }
    - { name: fetch, fetch: { src: /etc/passwd, dest: /nowhere/ } }
    - { name: tempfile, tempfile: }
`)
  expect(ran.result('any').status).toBe('skipped')
  expect(ran.outputs('any')).toMatchObject({ changed: false, rc: 0, stdout: '', msg: 'Command would have run if not in check mode' })
  expect(ran.result('guarded').status).toBe('changed')
  expect(ran.result('settled').status).toBe('ok')
  expect(ran.outputs('settled').msg).toBe("Would not run command since '/' exists")
  for (const name of ['raw', 'fetch', 'tempfile']) expect(ran.result(name).status).toBe('skipped')
  expect(ran.outputs('fetch').msg).toBe('check mode not (yet) supported for this module')
})
