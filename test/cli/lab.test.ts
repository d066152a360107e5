import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { labCommand, loadLabFile } from '../../src/cli/lab.ts'
import { parseOptions } from '../../src/cli/options.ts'
import { fakeTerminal } from './fake-terminal.ts'

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tutti-lab-cli-'))
  vi.stubEnv('TUTTI_LAB_HOME', home)
  writeFileSync(join(home, 'lab.yml'), 'lab: never-up\nhosts:\n  n1: {zone: a, groups: [web], memory: 2G}\n')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

async function lab(...words: readonly string[]) {
  const terminal = fakeTerminal()
  const code = await labCommand.run(parseOptions(labCommand.options, [...words, '-f', join(home, 'lab.yml')]), terminal)
  return { code, text: terminal.text() }
}

it('lists a lab that was never up, and its status is not well', async () => {
  expect(await lab('list')).toEqual({ code: 0, text: 'HOST  STATE     ADDRESS  ZONE  GROUPS  CPUS  MEMORY  DISK  IMAGE\nn1    not made  -        a     web     1     2G      5G    default\n' })
  expect(await lab('status')).toEqual({ code: 1, text: 'HOST  ADDRESS  ZONE  STATE\nn1    -        a     not made\n' })
})

it('says how to bring it up when there is nothing to take down or to log in to', async () => {
  const notUp = expect.objectContaining({ code: 'lab-not-running', hint: expect.stringContaining('tutti lab up -f') })
  await expect(lab('down')).rejects.toEqual(notUp)
  await expect(lab('ssh', 'n1')).rejects.toEqual(notUp)
})

it.each([
  [['upp'], "did you mean 'up'?"],
  [[], 'one of up, down, list, status, ssh'],
  [['status', 'n1'], 'lab status takes the whole lab: -f FILE'],
  [['up', '--purge'], '--purge goes with down'],
  [['ssh'], 'one of n1'],
])('refuses %j', async (words, hint) => {
  await expect(lab(...words)).rejects.toMatchObject({ code: 'bad-usage', hint })
})

it('reads the lab file that comes with it', () => {
  const { name, hosts } = loadLabFile(join(import.meta.dirname, '../../inventory/lab.yml'))
  expect(name).toBe('homework')
  expect(new Set(hosts.map((host) => host.zone))).toEqual(new Set(['a', 'b', 'c']))
})
