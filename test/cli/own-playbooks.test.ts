import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { fakeTerminal } from './fake-terminal.ts'

const playbooks = join(import.meta.dirname, '../../playbooks')
let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'own-playbooks-'))
  const hosts = (...names: readonly string[]) => ({ hosts: Object.fromEntries(names.map((name, index) => [name, { ansible_host: `192.0.2.${index + 1}` }])) })
  writeFileSync(join(directory, 'hosts.yml'), JSON.stringify({ redis: hosts('n1', 'n2', 'n3'), k3s_server: hosts('n1', 'n2', 'n3'), k3s_agent: hosts('n4') }))
})
afterAll(() => rmSync(directory, { recursive: true }))

test.each(readdirSync(playbooks))('%s is read without a fault, and so are its roles', async (name) => {
  const terminal = fakeTerminal()
  const exitCode = await dispatch(['syntax-check', join(playbooks, name), '-i', join(directory, 'hosts.yml')], terminal)
  expect({ exitCode, told: terminal.errors() }).toEqual({ exitCode: 0, told: '' })
})
