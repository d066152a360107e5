import { followedResource } from '../host/file.ts'
import { readOnlyWords } from '../host/read-only-programs.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { type RunOptions, type Step, type StepReply, run } from '../host/step.ts'
import { runScript } from '../host/take.ts'
import { path, flag, text } from '../schema/field.ts'
import { expandingWord } from '../shell/expanding-word.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, type Value, fresh, unknown } from '../value/value.ts'
import type { Ending, Result, Surroundings } from './define-module.ts'
import { known } from './file-target.ts'
import { fail } from './failure.ts'
import { writtenExists } from './glob-exists.ts'

/** The parameters that `command` and `shell` share. */
export const commandParams = {
  chdir: path('The directory to run in.'),
  creates: path('A path or pattern: where it exists, nothing is run.'),
  removes: path('A path or pattern: where it does not exist, nothing is run.'),
  stdin: text('What the program reads.'),
  stdin_add_newline: flag('End stdin with a newline.', { default: true }),
  strip_empty_ends: flag('Cut empty lines off the end of the output.', { default: true }),
} as const

export interface CommandTask {
  /** Words, or a line for the shell. */
  readonly program: readonly string[] | string
  readonly expand: boolean
  readonly executable?: string | undefined
  readonly chdir: string | undefined
  readonly creates: string | undefined
  readonly removes: string | undefined
  readonly stdin: string | undefined
  readonly stdin_add_newline: boolean
  readonly strip_empty_ends: boolean
}

/** `ran` is what differs: a program that runs is a change, one of which nothing is known is unknown. */
export interface CommandState {
  readonly ran: boolean | Unknown
  readonly seen: Aside<{
    readonly task: CommandTask
    readonly options: RunOptions
    readonly command: readonly string[] | string
    /** Why it need not run. */
    readonly settled?: string
    /** In a dry run: what a program that only reads answered, with its times. */
    readonly read?: StepReply | Unknown
  }>
}

export async function probeCommand(host: Reader, task: CommandTask, { environment }: Pick<Surroundings, 'environment'>): Promise<CommandState> {
  const directory = task.chdir === undefined ? undefined : await resolvePath(host, task.chdir, environment)
  const [settled, place] = await Promise.all([settledBy(host, task, directory, environment), directory === undefined ? undefined : host.get(followedResource, directory)])
  const command = commandOf(task)
  const options: RunOptions = {
    okay: 'any', ...(directory === undefined ? {} : { directory }), ...(task.executable === undefined ? {} : { executable: task.executable }),
    ...(task.stdin === undefined ? {} : { stdin: Buffer.from(task.stdin + (task.stdin_add_newline ? '\n' : '')) }),
  }
  if (settled === undefined && place !== undefined && known(place).kind !== 'directory') fail(`Unable to change directory before execution: [Errno 2] No such file or directory: '${directory}'`, { cmd: cmdOf(task) })
  const read = host.planned && settled === undefined ? await readOnly(host, task, command, options, environment) : undefined
  return { ran: false, seen: aside({ task, options, command, ...(settled === undefined ? {} : { settled }), ...(read === undefined ? {} : { read }) }) }
}

/** Why nothing need be run; undefined where it must. */
export async function settledBy(host: Reader, { creates, removes }: Pick<CommandTask, 'creates' | 'removes'>, directory: string | undefined, environment: Readonly<Record<string, string>>): Promise<string | undefined> {
  const exists = async (pattern: string) => known(await writtenExists(host, pattern !== '' && directory && !/^[/~$]/.test(pattern) ? `${directory}/${pattern}` : pattern, environment))
  const [made, present] = await Promise.all([creates === undefined ? false : exists(creates), removes === undefined ? true : exists(removes)])
  if (made) return `skipped, since ${creates} exists`
  return present ? undefined : `skipped, since ${removes} does not exist`
}

function commandOf({ program, expand }: CommandTask): readonly string[] | string {
  if (typeof program === 'string' || !expand || !program.some((word) => /\$|^~/.test(word))) return program
  return `exec ${program.map(expandingWord).join(' ')}`
}

/** Runs what only reads, in a dry run. Unknown where it would read what is planned; undefined where it does more than read. */
async function readOnly(host: Reader, task: CommandTask, command: readonly string[] | string, options: RunOptions, environment: Readonly<Record<string, string>>): Promise<StepReply | Unknown | undefined> {
  if (task.stdin !== undefined || (task.executable !== undefined && !/\/(ba|da|z|k|a)?sh$/.test(task.executable))) return undefined
  const words = readOnlyWords(task.program, environment)
  if (!words || (task.expand && words.some((word) => /\$|^~/.test(word)))) return undefined
  const base = options.directory ?? (await host.whoami()).directory
  const inputs = words.filter((word) => word !== '' && !/^-[^/]*$/.test(word)).map((word) => absolute(word.replace(/^[^/]*=(?=\/)/, ''), base))
  const started = new Date()
  const reply = await host.run(runScript(command, options, environment), [base, ...inputs])
  if (reply instanceof Unknown) return reply
  // A failure may be mended by what is planned: a package brings the program, a service answers.
  if (reply.code !== 0 && host.changing) return unknown(`it fails now, but ${host.changing} may change that`)
  return { ...reply, started, ended: new Date() }
}

const absolute = (word: string, base: string): string => (word.startsWith('/') ? word : `${base.replace(/\/$/, '')}/${word}`)

const NOT_RUN = 'Command would have run if not in check mode'

/** A task with `check_mode: true` in a real run: `creates` and `removes` settle it, any other command is skipped. */
export async function commandWhenChecked(host: Reader, task: CommandTask, around: Pick<Surroundings, 'environment'>): Promise<Result> {
  const { settled } = (await probeCommand(host, task, around)).seen.value
  if (settled !== undefined) return { outputs: settledOutputs(task, settled, 'Would not run command since') }
  const guarded = task.creates !== undefined || task.removes !== undefined
  return { outputs: { cmd: cmdOf(task), rc: 0, stdout: '', stderr: '', msg: NOT_RUN, start: null, end: null, delta: null }, changed: guarded, skipped: !guarded }
}

const settledOutputs = (task: CommandTask, settled: string, words: string): Result['outputs'] =>
  ({ cmd: cmdOf(task), rc: 0, stdout: settled, stderr: '', msg: `${words} '${settled.replace(/^skipped, since (.*?) (exists|does not exist)$/s, "$1' $2")}`, start: null, end: null, delta: null })

export function planCommand(before: CommandState): CommandState {
  const { settled, read } = before.seen.value
  if (settled !== undefined) return before
  if (read instanceof Unknown) return { ...before, ran: read }
  return { ...before, ran: read ? fresh('it runs') : unknown('what the command does') }
}

export function applyCommand({ seen }: CommandState): readonly Step[] {
  const { command, options, read, task } = seen.value
  return [run(command, [], { ...options, opaque: read === undefined, job: { cmd: cmdOf(task), strip: task.strip_empty_ends } })]
}

export const cmdOf = ({ program }: CommandTask): Value => program

export function commandResult({ before, after, replies, taken }: Ending<unknown, CommandState>): Result {
  const { task, settled, read } = before.seen.value
  if (settled !== undefined) return { outputs: settledOutputs(task, settled, 'Did not run command since') }
  const reply = taken ? replies[0] : read
  if (reply === undefined || reply instanceof Unknown) return { outputs: unknownOutputs(task, after.ran as Unknown) }
  return outcomeOf(reply, cmdOf(task), task.strip_empty_ends)
}

function unknownOutputs(task: CommandTask, why: Unknown): Result['outputs'] {
  const rest = Object.fromEntries(['rc', 'stdout', 'stderr', 'stdout_lines', 'stderr_lines', 'start', 'end', 'delta', 'msg'].map((name) => [name, why]))
  return { cmd: cmdOf(task), ...rest }
}

/** Exit code and output as results have them; a program that could not be started fails as in Ansible. */
export function outcomeOf({ code, stdout, stderr, started, ended }: StepReply, cmd: Value, strip: boolean): Result {
  const missing = code === 127 || code === 126 ? notStarted(stderr.toString(), code, cmd) : undefined
  if (missing) return { outputs: { cmd, rc: 2, stdout: '', stderr: '', stdout_lines: [], stderr_lines: [], msg: missing }, failed: missing }
  const text = (bytes: Buffer) => (strip ? bytes.toString().replace(/[\r\n]+$/, '') : bytes.toString())
  const outputs = { cmd, rc: code, stdout: text(stdout), stderr: text(stderr), start: stamp(started), end: stamp(ended), delta: span(started, ended), msg: code === 0 ? '' : 'non-zero return code' }
  return code === 0 ? { outputs } : { outputs: { ...outputs, changed: true }, failed: 'non-zero return code' }
}

/** The shell's own words about a program that is not there: dash, bash and busybox each have theirs. */
function notStarted(stderr: string, code: number, cmd: Value): string | undefined {
  if (!Array.isArray(cmd) || !/^\S*sh: (?:(?:line )?\d+: )?(?:exec: )?(?:line \d+: )?.*(?:not found|No such file or directory|Permission denied)\s*$/m.test(stderr)) return undefined
  const shown = `b'${String(cmd[0])}'`
  return code === 127 ? `Error executing command: [Errno 2] No such file or directory: ${shown}` : `Error executing command: [Errno 13] Permission denied: ${shown}`
}

const two = (value: number): string => String(value).padStart(2, '0')

/** Local time of the controller with microseconds, as Python prints a datetime. */
const stamp = (time: Date): string =>
  `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, '0')}000`

function span(from: Date, to: Date): string {
  const all = Math.max(0, to.getTime() - from.getTime())
  const [seconds, rest] = [Math.floor(all / 1000), all % 1000]
  const days = Math.floor(seconds / 86400)
  return `${days > 0 ? `${days} day${days > 1 ? 's' : ''}, ` : ''}${Math.floor((seconds % 86400) / 3600)}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}.${String(rest).padStart(3, '0')}000`
}

