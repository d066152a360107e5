import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../../problem/problem.ts'
import { type ProgramOptions, type ProgramResult, runProgram } from '../run-program.ts'

/** One line of `multipass list --format json`. Versions 1.16 and 1.17 differ in what more there is. */
export interface Instance {
  readonly name: string
  readonly state: string
  /** The first is the one it is reached by: after k3s or docker the others are theirs. */
  readonly ipv4: readonly string[]
}

/** Runs `multipass`; throws where it is not there, or its daemon does not answer: then nothing else can be said. */
export async function multipass(args: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  const result = await runProgram(['multipass', ...args], options)
  const trouble = troubleOf(result)
  if (trouble) throw trouble
  return result
}

/** Like `multipass`, for commands that must succeed. */
export async function mustMultipass(args: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const result = await multipass(args, options)
  if (result.code === 0) return result.stdout
  throw failed(args, result)
}

export function failed(args: readonly string[], { code, stderr }: ProgramResult): Problem {
  return new Problem({ code: 'multipass-failed', summary: 'multipass failed', detail: `multipass ${args.join(' ')}: exit code ${code}\n${stderr.trim()}` })
}

function troubleOf({ code, stderr }: ProgramResult): Problem | undefined {
  const problem = (detail: string, hint: string) => new Problem({ code: 'multipass-unusable', summary: 'Multipass cannot be used', detail, hint })
  if (code === 'missing') return problem('it is not installed', 'install it (snap install multipass, brew install multipass), or use `driver: nspawn` on Linux')
  if (code === 0) return undefined
  if (/cannot connect to the multipass socket/.test(stderr)) return problem('its daemon does not answer', 'see that multipassd runs, and try `multipass list`')
  if (/multipass socket access denied/.test(stderr)) return problem('this user may not talk to its daemon', 'use a user of the socket’s group, usually sudo or admin')
  if (/not authenticated with the Multipass service/.test(stderr)) return problem('this user is not authenticated', 'run `multipass authenticate` first')
  return undefined
}

/**
 * All instances, by name. One command for all: `info` of several names fails as a whole when one is missing.
 */
export async function listInstances(): Promise<ReadonlyMap<string, Instance>> {
  return new Map(parseInstances(await mustMultipass(['list', '--format', 'json'], { timeout: 60 })).map((instance) => [instance.name, instance]))
}

/** By key, not by place: the order differs between versions. */
export function parseInstances(json: string): readonly Instance[] {
  // Spinners of a daemon that is busy may stand before it.
  const { list } = JSON.parse(json.slice(Math.max(0, json.indexOf('{')))) as { list: readonly { name: string; state: string; ipv4?: readonly string[] }[] }
  return list.map(({ name, state, ipv4 = [] }) => ({ name, state, ipv4 }))
}

/** Whether instances can be put into zones, as from 1.17 on. Without a daemon `version` tells only of the client, and succeeds. */
export async function hasZones(): Promise<boolean> {
  const version = JSON.parse(await mustMultipass(['version', '--format', 'json'], { timeout: 60 })) as { multipassd?: string }
  const [major = 0, minor = 0] = (version.multipassd ?? '').split('.').map(Number)
  return major > 1 || (major === 1 && minor >= 17)
}

const MARK = '__tutti_rc='

/**
 * A line of shell on an instance, through the daemon. The exit code of `exec` may be multipass's own (2: no such instance; 255: no
 * connection), so that the line's own code is printed behind its output; without it there was no answer.
 * `-n`: it would look for this machine's working directory inside otherwise. Starts an instance that is off.
 */
export async function execLine(instance: string, line: string, timeout: number): Promise<{ readonly code: number; readonly stdout: string } | undefined> {
  const { stdout } = await multipass(['exec', '-n', instance, '--', 'sh', '-c', `{ ${line}\n}; echo ${MARK}$?`], { timeout })
  const at = stdout.lastIndexOf(MARK)
  return at < 0 ? undefined : { code: Number(stdout.slice(at + MARK.length).trim()), stdout: stdout.slice(0, at) }
}

/** Looks at the instance, again and again, until `wanted` has an answer. */
export async function pollInstance<Result>(name: string, seconds: number, wanted: (instance: Instance | undefined) => Result | undefined): Promise<Result | undefined> {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const result = wanted((await listInstances()).get(name))
    if (result !== undefined || Date.now() > end) return result
    await sleep(500)
  }
}
