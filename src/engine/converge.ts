import type { Machine } from '../host/machine.ts'
import type { Overlay } from '../host/overlay.ts'
import type { Step, StepReply } from '../host/step.ts'
import { type Taking, sentenceOf, takeSteps } from '../host/take.ts'
import { problemsOf } from '../problem/problem.ts'
import { Unreachable, type Become } from '../transport/connection.ts'
import { Unknown, findUnknown } from '../value/value.ts'
import { type Comparison, compareStates } from '../contract/compare-states.ts'
import type { Module, Outputs, Result, Surroundings, TextDiff } from '../contract/define-module.ts'
import { Failure } from '../contract/failure.ts'
import { textsAsValue } from '../contract/register-diff.ts'
import { showState } from '../contract/show-state.ts'

export type Take = typeof takeSteps

/** One module with its parameters, about to meet a machine. */
export interface Convergence {
  readonly module: Module
  readonly params: any
  readonly machine: Machine
  readonly become: Become | undefined
  /** Present in a dry run: where steps are taken instead of on the host. */
  readonly overlay: Overlay | undefined
  readonly around: Surroundings
  readonly signal: AbortSignal
  /** Seconds that one step may take; without it there is no limit. */
  readonly timeout?: number
  readonly progress: (text: string) => void
  /** Asks what will be looked at next: called when the last step is on its way, so that it travels with it. */
  readonly ahead?: (() => void) | undefined
  /** How steps are taken; by itself one after the other. `async` starts them instead. */
  readonly take?: Take
  /** The task in reasons: "task 'NAME'". */
  readonly by: string
}

/** How a module ended on a machine: a value, whatever happened, but for a lost connection. */
export interface Outcome {
  readonly status: 'same' | 'change' | 'unknown' | 'failed' | 'skipped'
  readonly reason?: string
  readonly outputs: Outputs
  readonly diff: readonly TextDiff[]
  readonly steps: readonly string[]
  /** In a dry run: an opaque task that this rests on. */
  readonly assuming?: string
  /** A command took longer than it may. */
  readonly timedOut?: true
  /** For the case runner: what was planned. */
  readonly before?: unknown
  readonly after?: unknown
}

/** Looks, compares and, where something is to do, takes the steps: on the host, or on the overlay of a dry run. */
export async function converge(convergence: Convergence): Promise<Outcome> {
  try {
    return await attempt(convergence)
  } catch (thrown) {
    return failedOutcome(thrown)
  }
}

/** Reads what the module would read, for the machine's memory alone. What goes wrong is found again when the task is reached. */
export async function lookAhead({ module, params, machine, become, overlay, around }: Pick<Convergence, 'module' | 'params' | 'machine' | 'become' | 'overlay' | 'around'>): Promise<void> {
  if (module.eager === false) return
  await module.probe(machine.reader(become, overlay), params, around)
}

async function attempt(convergence: Convergence): Promise<Outcome> {
  const { module, params, machine, become, overlay, around } = convergence
  machine.forgetIfBusy()
  const host = machine.reader(become, overlay)
  const before = await module.probe(host, params, around)
  const after = module.plan(params, before)
  const comparison = compareStates(before, after)
  const change = { params, before, after }
  const assuming = overlay?.opaque ? { assuming: overlay.opaque } : {}
  const same = comparison.verdict === 'same'
  const steps = [...(module.chores?.(change) ?? []), ...((same ? undefined : module.apply?.(change)) ?? [])]
  const taken = !overlay && steps.length > 0
  const replies = overlay ? await planSteps(steps, convergence, overlay) : steps.length > 0 ? await carryOut(steps, convergence) : []
  const result = module.result?.({ ...change, replies, taken, changed: !same })
  const end = finish(result, comparison, !overlay)
  // A plan that was unknown and came to nothing has no difference to show.
  const diff = end.status === 'same' ? [] : module.diff ? module.diff(change) : showState(module.name, before, after)
  const registered = module.registerDiff ? module.registerDiff({ ...change, shown: diff, asked: around.diff, taken }) : around.diff && module.diff ? textsAsValue(diff) : undefined
  const outputs = overlay ? end.outputs : withoutUnknown(end.outputs)
  return { ...end, outputs: { ...outputs, ...(registered === undefined ? {} : { diff: registered }) }, diff, steps: steps.map(sentenceOf), before, after, ...assuming }
}

/** In a real run all is known in the end: what a module cannot tell even then is left out. */
const withoutUnknown = (outputs: Outputs): Outputs => (findUnknown(new Map(Object.entries(outputs))) ? Object.fromEntries(Object.entries(outputs).filter(([, value]) => !findUnknown(value))) : outputs)

/** In a real run an unknown plan has been carried out: what the result says, else it changed. */
function finish(result: Result | undefined, comparison: Comparison, taken = false): Pick<Outcome, 'status' | 'outputs' | 'reason'> {
  const outputs = result?.outputs ?? {}
  if (result?.failed !== undefined) return { status: 'failed', reason: result.failed, outputs: { msg: result.failed, ...outputs } }
  if (result?.skipped) return { status: 'skipped', outputs }
  if (comparison.verdict === 'unknown') {
    if (taken) return { status: (result?.changed ?? true) ? 'change' : 'same', outputs }
    return { status: 'unknown', reason: comparison.reason, outputs }
  }
  return { status: comparison.verdict === 'same' ? 'same' : 'change', outputs }
}

async function planSteps(steps: readonly Step[], { machine, become, by }: Convergence, overlay: Overlay): Promise<readonly StepReply[]> {
  for (const step of steps) await machine.plan(step, become, overlay, by)
  return []
}

async function carryOut(steps: readonly Step[], { machine, become, around, signal, timeout, progress, ahead, take = takeSteps }: Convergence): Promise<readonly StepReply[]> {
  const taking: Taking = { connection: machine.connection, become, environment: around.environment, signal, progress, ...(timeout === undefined ? {} : { timeout }) }
  let later = false
  const sent = ahead && (() => {
    machine.forget()
    later = true
    ahead()
  })
  try {
    return await take(steps, taking, (step, reply) => (step.step === 'run' ? refuseBadExit(step, reply) : undefined), sent)
  } finally {
    later ? machine.forgetOthers(become) : machine.forget()
  }
}

function refuseBadExit(step: Step & { step: 'run' }, { code, stdout, stderr }: StepReply): void {
  const okay = step.options.okay ?? [0]
  if (okay === 'any' || okay.includes(code)) return
  const said = stderr.toString().trim() || stdout.toString().trim()
  throw new Failure(`${step.options.failure ?? `${sentenceOf(step)} failed with exit code ${code}`}${said ? `: ${said}` : ''}`, { rc: code, stdout: stdout.toString(), stderr: stderr.toString() })
}

function failedOutcome(thrown: unknown): Outcome {
  if (thrown instanceof Unreachable) throw thrown
  // A probe that cannot go on without what a dry run does not know: all of the task is unknown.
  if (thrown instanceof Unknown) return { status: 'unknown', reason: thrown.reason, outputs: {}, diff: [], steps: [] }
  if (thrown instanceof Failure) return { status: 'failed', reason: thrown.message, outputs: { msg: thrown.message, ...thrown.outputs }, diff: [], steps: [] }
  const problems = problemsOf(thrown)
  if (!problems) throw thrown
  const reason = problems.map(({ message, hint }) => (hint ? `${message} (${hint})` : message)).join('; ')
  return { status: 'failed', reason, outputs: { msg: reason }, diff: [], steps: [], ...(problems[0]?.code === 'timed-out' ? { timedOut: true } : {}) }
}
