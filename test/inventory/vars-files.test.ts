import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { VarsFiles } from '../../src/inventory/vars-files.ts'
import { toJson } from '../../src/value/json.ts'
import { encrypt } from '../../src/vault/vault.ts'

const directory = mkdtempSync(join(tmpdir(), 'group-vars-'))
afterAll(() => rmSync(directory, { recursive: true }))
function put(name: string, text: string): void {
  mkdirSync(dirname(join(directory, name)), { recursive: true })
  writeFileSync(join(directory, name), text)
}
const files = (): VarsFiles => new VarsFiles({ secrets: [{ id: 'default', secret: Buffer.from('pw') }] }, () => undefined)
const load = (name: string) => files().load(directory, 'group_vars', name).map(toJson)

test('a directory with vaulted and plain files, in the order of their names', () => {
  put('group_vars/web/vars.yml', 'a: 1\nb: 1\n')
  put('group_vars/web/vault.yml', encrypt('b: secret\n', 'pw'))
  put('group_vars/web/notes.txt', ':::')
  expect(load('web')).toEqual([{ a: 1, b: 1 }, { b: 'secret' }])
})

test('no ending, then yml, yaml and json: the first that is there', () => {
  put('group_vars/x.json', '{"from": "json"}')
  put('group_vars/x.yaml', 'from: yaml')
  expect(load('x')).toEqual([{ from: 'yaml' }])
  put('group_vars/x', 'from: bare')
  expect(load('x')).toEqual([{ from: 'bare' }])
})

test('an empty file has no variables, a list is refused, a group without files costs nothing', () => {
  put('group_vars/empty.yml', '---\n')
  put('group_vars/list.yml', '- a\n')
  expect([load('empty'), load('none')]).toEqual([[{}], []])
  expect(() => load('list')).toThrow(/mapping of names to values/)
})

test('files are read once, until they are forgotten', () => {
  put('host_vars/h.yml', 'v: 1')
  const cached = files()
  expect(cached.load(directory, 'host_vars', 'h').map(toJson)).toEqual([{ v: 1 }])
  put('host_vars/h.yml', 'v: 2')
  expect(cached.load(directory, 'host_vars', 'h').map(toJson)).toEqual([{ v: 1 }])
  cached.forget()
  expect(cached.load(directory, 'host_vars', 'h').map(toJson)).toEqual([{ v: 2 }])
})
