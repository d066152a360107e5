import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, startOf } from './process-identity.ts'

/**
 * Does something while no other process does it. The lock is a file that names its holder, so that one left behind by a process that
 * died is nobody's.
 */
export async function withLock<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  mkdirSync(dirname(file), { recursive: true })
  while (!take(file)) await sleep(200)
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

/** The same for work that does not wait: the process stands still until it has the lock, which others hold for milliseconds. */
export function withLockSync<Result>(file: string, work: () => Result): Result {
  while (!take(file)) Atomics.wait(STILL, 0, 0, 5)
  try {
    return work()
  } finally {
    rmSync(file, { force: true })
  }
}
const STILL = new Int32Array(new SharedArrayBuffer(4))

function take(file: string): boolean {
  try {
    writeFileSync(file, `${process.pid} ${startOf(process.pid) ?? ''}`, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const [pid, started] = readHolder(file)
  if (pid !== undefined && !(started ? isAlive(Number(pid), started) : exists(Number(pid)))) rmSync(file, { force: true })
  return false
}

function readHolder(file: string): readonly [string?, string?] {
  try {
    const words = readFileSync(file, 'utf8').split(' ')
    return words.length === 2 ? (words as [string, string]) : []
  } catch {
    return [] // Released in this moment.
  }
}

/** Where there is no /proc (macOS), the number alone has to do. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // Somebody else's, but there.
  }
}
