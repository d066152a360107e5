import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { encrypt } from '../../src/vault/vault.ts'
import { loadText, loadYamlValue } from '../../src/yaml/load-yaml.ts'

const directory = mkdtempSync(join(tmpdir(), 'yaml-'))
afterAll(() => rmSync(directory, { recursive: true }))
const file = (name: string, text: string): string => (writeFileSync(join(directory, name), text), join(directory, name))

const vaulted = file('vault.yml', encrypt('db_password: abc1\nname: short\nlong_name: much-longer\nlist: [hidden-away, x]\n', 'pw'))
const secrets = [{ id: 'default', secret: Buffer.from('pw') }]

test('a file that is vaulted as a whole is opened, and what looks secret is told', () => {
  const told: string[] = []
  const value = loadYamlValue(vaulted, { templates: true, vault: { secrets, onSecret: (text) => told.push(text) } })
  expect((value as ReadonlyMap<string, unknown>).get('db_password')).toBe('abc1')
  expect(told).toEqual(['abc1', 'much-longer', 'hidden-away'])
  expect(loadText(vaulted, { secrets })).toContain('name: short')
})

test('without its password it is refused, at its place', () => {
  expect(() => loadYamlValue(vaulted, { templates: true })).toThrow(/no vault secrets found/)
  expect(() => loadYamlValue(vaulted, { templates: true, vault: { secrets: [{ id: 'a', secret: Buffer.from('no') }] } })).toThrow(/have the ids a/)
})

test('a file that is not there', () => {
  expect(() => loadYamlValue(join(directory, 'nothing.yml'), { templates: false })).toThrow(/cannot be read/)
})
