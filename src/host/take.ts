import { Problem } from '../problem/problem.ts'
import { commandLine, quote } from '../shell/quote.ts'
import type { Become, Connection, ShellReply } from '../transport/connection.ts'
import { streamOf } from '../value/content.ts'
import { type FileStep, INLINE, fileScript, writeScript } from './file-script.ts'
import type { RunStep, Step, StepReply } from './step.ts'
import { batchFailure, batchFrom, batchScript } from './take-batch.ts'

/** How the engine takes steps on a real host, as one user. */
export interface Taking {
  readonly connection: Connection
  readonly become: Become | undefined
  /** The task's `environment`. */
  readonly environment: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Seconds that one step may take. */
  readonly timeout?: number
  readonly progress: (text: string) => void
}

/**
 * Takes one step on the host. A step that cannot be taken is a `Problem` with the host's own words; a `run` whose exit code
 * is not okay answers with that code, for the module to judge.
 */
export async function takeStep(step: Step, taking: Taking): Promise<StepReply> {
  const started = new Date()
  const reply = step.step === 'act' ? await perform(step, taking) : await ask(step, taking)
  return { ...reply, started, ended: new Date() }
}

/**
 * Takes steps in their order; `judge` looks at each reply before the next step is taken. `sent` is called when the last one is on its way and
 * all that the user's shell is asked from now on is answered after it; not for steps that may take long or go over a channel of their own.
 */
export async function takeSteps(steps: readonly Step[], taking: Taking, judge: (step: Step, reply: StepReply) => void, sent?: () => void): Promise<readonly StepReply[]> {
  const replies: StepReply[] = []
  for (let at = 0; at < steps.length; ) {
    const batch = batchFrom(steps, at)
    const told = at + Math.max(1, batch.length) >= steps.length ? sent : undefined
    const taken = batch.length > 0 ? await takeBatch(batch, taking, told) : [await takeStep(steps[at]!, taking)]
    taken.forEach((reply, i) => judge(steps[at + i]!, reply))
    replies.push(...taken)
    at += taken.length
  }
  return replies
}

async function takeBatch(batch: readonly FileStep[], { connection, become }: Taking, sent: (() => void) | undefined): Promise<readonly StepReply[]> {
  const started = new Date()
  const answer = connection.shell(become).run(batchScript(batch), sent ? { leads: true } : {})
  sent?.()
  const { code, stderr } = await answer
  if (code !== 0) {
    const { failed, said } = batchFailure(batch, stderr.toString())
    throw new Problem({ code: 'step-failed', summary: sentenceOf(failed), detail: said || `exit code ${code}` })
  }
  const ended = new Date()
  return batch.map(() => ({ code: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), started, ended }))
}

async function perform(step: Step & { step: 'act' }, { connection, become, signal, progress }: Taking): Promise<ShellReply & { value: unknown }> {
  const shell = connection.shell(become)
  const value = await step.act({ run: (script, options) => shell.run(script, options), output: (script) => connection.pipeOut(script, become), both: (script, content) => connection.pipeBoth(script, content, become), connection, progress, signal })
  return { code: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), value }
}

async function ask(step: Exclude<Step, { step: 'act' }>, taking: Taking): Promise<ShellReply> {
  if (step.step === 'run') return runOnHost(step, taking)
  const reply = step.step === 'write' ? await writeOnHost(step, taking) : await taking.connection.shell(taking.become).run(fileScript(step))
  if (reply.code !== 0) throw new Problem({ code: 'step-failed', summary: sentenceOf(step), detail: reply.stderr.toString().trim() || `exit code ${reply.code}` })
  return reply
}

function runOnHost({ command, options }: RunStep, { connection, become, environment, timeout: limit }: Taking): Promise<ShellReply> {
  const timeout = Math.min(options.timeout ?? Number.POSITIVE_INFINITY, limit ?? Number.POSITIVE_INFINITY)
  return connection.shell(become).run(runScript(command, options, environment), {
    ...(options.stdin ? { stdin: options.stdin } : {}), ...(Number.isFinite(timeout) ? { timeout } : {}),
  })
}

/** A `run` step as a script: directory, environment, then the program in place of the subshell. */
export function runScript(command: RunStep['command'], { directory, environment, executable, opaque }: RunStep['options'], outer: Readonly<Record<string, string>>): string {
  const exports = Object.entries({ ...outer, ...environment }).map(([name, value]) => `export ${name}=${quote(value)}; `)
  // As Ansible: $PWD is where the directory really is, not the link that led there.
  const enter = directory ? `cd -P -- ${quote(directory)} || exit; ` : ''
  const program = typeof command === 'string' ? `exec ${quote(executable ?? '/bin/sh')} -c ${quote(command)}` : `exec ${commandLine(command)}`
  // A login need not have the directories of the system's tools on its PATH; where a module looks for them, it must find them when it acts.
  const tools = opaque ? '' : 'PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"; '
  return `${enter}${exports.join('')}${tools}${program}`
}

function writeOnHost(step: FileStep & { step: 'write' }, { connection, become }: Taking): Promise<ShellReply> {
  const { content } = step
  if (content.kind === 'unknown') throw new Problem({ code: 'unknown-content', summary: 'a file cannot be written before its content is known', detail: content.unknown.reason })
  if (content.kind === 'host') return connection.shell(become).run(writeScript(step, `cat -- ${quote(content.path)}`))
  if (content.kind === 'bytes' && content.bytes.length <= INLINE) return connection.shell(become).run(writeScript(step, 'cat'), { stdin: content.bytes })
  return connection.pipeIn(writeScript(step, 'cat', content.kind === 'bytes' ? content.bytes.length : content.size), streamOf(content), become)
}

/** What a step does, as a sentence for plans and errors. Contents and standard input are never part of it. */
export function sentenceOf(step: Step): string {
  switch (step.step) {
    case 'run': return step.options.sentence ?? `run ${typeof step.command === 'string' ? step.command : commandLine(step.command)}`
    case 'act': return step.sentence
    case 'write': return `write ${step.path}`
    case 'mkdir': return `make the directory ${step.path}`
    case 'link': return `link ${step.path} to ${step.target}`
    case 'remove': return `remove ${step.path}`
    case 'attributes': return `set owner, group or mode of ${step.path}`
    case 'touch': return `touch ${step.path}`
  }
}
