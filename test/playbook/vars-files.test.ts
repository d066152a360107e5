import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readVars, readVarsFile } from '../../src/playbook/vars-files.ts'
import { dict } from '../../src/value/value.ts'
import { project } from './project.ts'

test('the first that is there, beside the playbook or in its vars/', () => {
  const playbookDirectory = project({ 'vars/a.yml': 'a: 1\n', 'b.yml': 'b: 1\n', 'list.yml': '- 1\n', 'empty.yml': '', 'more.yml': '- a: 1\n  b: 1\n- a: 2\n' })
  expect(readVarsFile(['gone.yml', 'a.yml', 'b.yml'], { playbookDirectory })).toEqual({ file: join(playbookDirectory, 'vars/a.yml'), vars: dict({ a: 1 }) })
  expect(() => readVarsFile(['gone.yml'], { playbookDirectory })).toThrow(/looked for at/)
  expect(readVars(join(playbookDirectory, 'empty.yml')).size).toBe(0)
  expect(readVarsFile(['more.yml'], { playbookDirectory }).vars).toEqual(dict({ a: 2, b: 1 }))
  expect(() => readVars(join(playbookDirectory, 'list.yml'))).toThrow(/must hold a mapping/)
})
