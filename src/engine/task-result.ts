import type { TextDiff } from '../contract/define-module.ts'
import { type Dict, Unknown, type Value, dict, isDict, unknown } from '../value/value.ts'
import type { TaskCall } from './call.ts'
import type { Cost, HostResult, Status } from './event.ts'
import type { Inclusion } from './include.ts'

/** How a task, or one item of its loop, ended. */
export interface TaskResult {
  readonly status: Status
  readonly reason?: string
  readonly outputs: Dict
  readonly diff: readonly TextDiff[]
  readonly steps: readonly string[]
  readonly assuming?: string
  readonly seconds?: number
  /** With `--profile`. */
  readonly cost?: Cost
  readonly label?: string
  /** It sums up the items of a loop. */
  readonly loop?: true
  readonly delegatedTo?: string
  /** `include_*`: what to go on with. */
  readonly inclusions?: readonly Inclusion[]
  /** Its verdict is known (`changed_when: false`), what it would register is not: why. */
  readonly open?: string
  /** What the module was asked, for `-vvv`. */
  readonly invocation?: Dict
  /** Facts in the outputs are already where they belong. */
  readonly factsTaken?: boolean
}

export const plain = (status: Status, outputs: Readonly<Record<string, Value | undefined>> = {}, reason?: string): TaskResult => ({
  status, outputs: dict(outputs), diff: [], steps: [], ...(reason === undefined ? {} : { reason }),
})
export const failedResult = (msg: string, outputs: Readonly<Record<string, Value | undefined>> = {}): TaskResult => plain('failed', { msg, ...outputs }, msg)
export const unknownResult = (reason: string, outputs: Readonly<Record<string, Value | undefined>> = {}): TaskResult => plain('unknown', outputs, reason)

/** What `register` receives. Where the task itself is unknown and nothing of its result is known, the whole is unknown. */
export function registered(call: TaskCall, result: TaskResult): Value {
  const open = result.open ?? (result.status === 'unknown' && result.outputs.size === 0 ? result.reason : undefined)
  if (open !== undefined) return unknown(`the result of task '${nameOf(call)}' (${open})`)
  const named = (value: Value): Value => (value instanceof Unknown ? new Unknown(`${value.reason} (task '${nameOf(call)}')`, value.fresh) : value)
  return new Map([...withoutNotes(withFlags(result))].map(([key, value]) => [key, key === 'results' && Array.isArray(value) ? (value as readonly Value[]).map((item) => (isDict(item) ? withoutNotes(item) : item)) : named(value)]))
}

/** Without what results say to reporters only. */
const withoutNotes = (outputs: Dict): Dict => new Map([...outputs].filter(([key]) => typeof key !== 'string' || !key.startsWith('_ansible_')))

export function nameOf({ task }: Pick<TaskCall, 'task'>): string {
  const { name } = task
  return typeof name === 'string' && name !== '' ? name : name && typeof name === 'object' && 'source' in name ? name.source : task.actionAsWritten
}

/** The outputs with the flags that conditions look at. */
export function withFlags({ status, outputs, reason, loop }: TaskResult): Dict {
  const flags = new Map<Value, Value>(outputs)
  if (!flags.has('changed')) flags.set('changed', status === 'unknown' ? unknown(reason ?? 'the task is unknown') : status === 'changed')
  // A loop as a whole, and what was skipped, do not say that they did not fail.
  if (status === 'failed' || (!flags.has('failed') && status !== 'skipped' && !loop)) flags.set('failed', status === 'failed')
  if (status === 'skipped') flags.set('skipped', true)
  for (const name of ['stdout', 'stderr']) {
    const text = flags.get(name)
    if (text instanceof Unknown && !flags.has(`${name}_lines`)) flags.set(`${name}_lines`, text)
    else if (typeof text === 'string' && !flags.has(`${name}_lines`)) flags.set(`${name}_lines`, linesOf(text))
  }
  return flags
}

/** Python's splitlines. */
export function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

export function toEvent(call: TaskCall, result: TaskResult): HostResult {
  return {
    status: result.status, outputs: result.invocation ? new Map([...withFlags(result), ['invocation', result.invocation]]) : withFlags(result), seconds: result.seconds ?? 0,
    ...(result.reason === undefined ? {} : { reason: result.reason }),
    ...(call.diff && result.diff.length > 0 ? { diff: result.diff } : {}),
    ...(result.label === undefined ? {} : { item: result.label }),
    ...(result.delegatedTo === undefined ? {} : { delegatedTo: result.delegatedTo }),
    ...(result.assuming === undefined ? {} : { assuming: result.assuming }),
    ...(result.cost === undefined ? {} : { cost: result.cost }),
    ...(result.steps.length > 0 ? { steps: result.steps } : {}),
  }
}

const CENSORED = "the output has been hidden due to the fact that 'no_log: true' was specified for this result"

/** A result of which nothing but its verdict may be seen. The message of an error stays hidden too: it may quote the secret. */
export function censor({ status, seconds, ignored, rescued, outputs, cost }: HostResult): HostResult {
  const changed = outputs.get('changed')
  return {
    status, seconds, outputs: dict({ censored: CENSORED, changed: isDict(changed) ? undefined : changed }),
    ...(status === 'unknown' || status === 'failed' ? { reason: CENSORED } : {}), ...(ignored ? { ignored } : {}), ...(rescued ? { rescued } : {}), ...(cost ? { cost } : {}),
  }
}
