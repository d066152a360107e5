import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../src/transport/connect.ts'
import type { Connection } from '../../src/transport/connection.ts'
import { connectionContract } from '../contracts/connection.ts'
import { noSshd, type Sshd, startSshd } from './throw-away-sshd.ts'

describe.skipIf(noSshd)(`the ssh program and an sshd here${noSshd ? ` (${noSshd})` : ''}`, () => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd(['MaxSessions 20'])
  })
  afterAll(() => sshd?.stop())
  const target = () => ({
    connection: 'ssh', address: '127.0.0.1', port: sshd.port, user: sshd.user, privateKeyFile: sshd.key, knownHostsFiles: [sshd.knownHosts],
    sshArguments: ['-o', 'Ciphers=aes256-ctr'],
  }) as const
  const open = (): Promise<Connection> => connect(target())
  connectionContract('openssh', open)

  test('where there is no ssh program, that is said', async () => {
    const before = process.env['PATH']
    const folder = mkdtempSync(join(tmpdir(), 'no-ssh-'))
    symlinkSync('/bin/sh', join(folder, 'sh'))
    process.env['PATH'] = folder
    try {
      await expect(open()).rejects.toMatchObject({ problem: { code: 'no-ssh-program' } })
    } finally {
      process.env['PATH'] = before
      rmSync(folder, { recursive: true })
    }
  })

  test.runIf(process.platform === 'linux')('a run that is killed leaves no ssh behind', async () => {
    const script = `
      const { connect } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/transport/connect.ts'))})
      const connection = await connect(${JSON.stringify(target())})
      const shell = await connection.shell()
      await shell.run(':')
      console.log('there')
      await shell.run('sleep 30')`
    const run = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(run.stdout, 'data')
    expect(sshesTo(sshd.port).length).toBeGreaterThan(1)
    run.kill('SIGKILL')
    for (let i = 0; i < 50 && sshesTo(sshd.port).length > 0; i++) await sleep(100)
    expect(sshesTo(sshd.port)).toEqual([])
  })
})

/** The command lines of the ssh programs, and of what watches them, that log in at that port. */
const sshesTo = (port: number): readonly string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(commandLine).filter((line) => /\bssh\0/.test(line) && line.includes(`Port=${port}`))
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // It has just ended.
  }
}
