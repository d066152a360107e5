import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { isDeadProcess, processIdentity } from '../../src/shell/process-identity.ts'

test.skipIf(process.platform !== 'linux')('a process is dead when it ended, not while it lives, and never on another machine', async () => {
  const child = spawn('sleep', ['60'])
  const identity = processIdentity(child.pid)
  expect(isDeadProcess(identity)).toBe(false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isDeadProcess(identity)).toBe(true)
  expect(isDeadProcess(`another-boot/${identity.split('/').slice(1).join('/')}`)).toBe(false)
  expect(isDeadProcess('')).toBe(false)
})
