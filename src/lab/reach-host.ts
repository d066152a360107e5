import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../problem/problem.ts'
import { type HostRecord, knownHostsFile, privateKeyFile } from './lab-record.ts'
import { runProgram } from './run-program.ts'

/** The `ssh` program's arguments for a host of a lab: the lab's key, the lab's known hosts, and nothing of the user's own. */
export function sshArguments(directory: string, { user, address }: Pick<HostRecord, 'user' | 'address'>): string[] {
  const options = {
    IdentityFile: privateKeyFile(directory),
    IdentitiesOnly: 'yes',
    UserKnownHostsFile: knownHostsFile(directory),
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    LogLevel: 'INFO', // Below it, ssh does not say that the other side closed the connection.
  }
  return ['-F', 'none', ...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]), `${user}@${address ?? ''}`]
}

/** Runs a command on a host of a lab. 255 is also what ssh says when it cannot connect. */
export function runOnHost(directory: string, host: HostRecord, command: string, timeout = 60) {
  return runProgram(['ssh', '-n', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5', '-o', 'ServerAliveInterval=3', ...sshArguments(directory, host), command], { timeout })
}

/** How far a starting machine has come, for the message when it comes no further. */
type Stage = 'port 22 is not open' | 'port 22 is open, but no ssh server answers' | 'the ssh server does not let us in' | 'systemd has not finished starting'

export interface ReachOptions {
  readonly directory: string
  readonly name: string
  /** Read again each time: a virtual machine's address may change while it starts. */
  readonly host: () => HostRecord
  /** Seconds. */
  readonly timeout: number
  /** Why it is of no use to wait any longer. */
  readonly gaveUp?: () => string | undefined
}

/** Waits for port, banner, login and the end of the start, and names the stage that was not reached. */
export async function reachHost(options: ReachOptions): Promise<void> {
  const end = Date.now() + options.timeout * 1000
  let stage: Stage = 'port 22 is not open'
  let words = ''
  for (;;) {
    const host = options.host()
    const port = await knock(host.address ?? '')
    if (port === 'banner') {
      const reply = await runOnHost(options.directory, host, 'systemctl is-system-running --wait', Math.max(5, Math.min(30, (end - Date.now()) / 1000)))
      // 'degraded' has exit code 1: one unit of an image may well fail in a lab.
      if (/running|degraded/.test(reply.stdout)) return
      stage = reply.code === 255 ? 'the ssh server does not let us in' : 'systemd has not finished starting'
      words = (reply.stderr || reply.stdout).trim().split('\n').at(-1) ?? ''
    } else stage = port === 'open' ? 'port 22 is open, but no ssh server answers' : 'port 22 is not open'
    // Another key than the one we made: time will not change it.
    const stranger = words.includes('Host key verification failed') ? 'another host answers at this address' : undefined
    const given = stranger ?? options.gaveUp?.()
    if (given || Date.now() > end) throw notReached(options, host, [given ?? stage, words].filter(Boolean).join(': '))
    await sleep(port === 'banner' ? 300 : 60)
  }
}

function notReached({ name, timeout }: ReachOptions, host: HostRecord, why: string): Problem {
  return new Problem({
    code: 'lab-host-not-ready',
    summary: 'a host of the lab did not come up',
    detail: `${name} (${host.address ?? 'no address yet'}) within ${timeout} s: ${why}`,
    hint: 'tutti lab up takes up where it stopped; tutti lab down removes the lab',
  })
}

/** `closed`, `open`, or `banner` once something that speaks ssh answers there. */
export function knock(address: string, port = 22, wait = 1000): Promise<'closed' | 'open' | 'banner'> {
  if (!address) return Promise.resolve('closed')
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    let seen: 'closed' | 'open' | 'banner' = 'closed'
    const done = () => (socket.destroy(), resolve(seen))
    socket.setTimeout(wait, done)
    socket.on('connect', () => (seen = 'open'))
    socket.on('data', (bytes) => ((seen = bytes.toString('latin1').includes('SSH-') ? 'banner' : 'open'), done()))
    socket.on('error', done)
    socket.on('close', done)
  })
}
