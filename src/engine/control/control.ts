import { Problems } from '../../problem/problem.ts'
import { convertParams } from '../../schema/convert-params.ts'
import type { Field, Fields, Params } from '../../schema/field.ts'
import { type Dict, type Unknown, isUnknown } from '../../value/value.ts'
import type { TaskCall } from '../call.ts'
import { moduleArgs } from '../module-args.ts'
import { type TaskResult, unknownResult } from '../task-result.ts'

/** A task of the engine's own: declared like a module, performed on the run. */
export interface Control {
  readonly name: string
  readonly summary: string
  readonly notes?: readonly string[]
  /** As of a module: YAML of tasks, each run as a test. */
  readonly examples?: string
  readonly params: Fields
  /** Any other parameter is a variable (`set_fact`, `add_host`). */
  readonly open: boolean
  readonly freeForm?: string
  readonly perform: (call: TaskCall) => Promise<TaskResult> | TaskResult
}

/** Declares one. `act` gets converted parameters and all arguments as rendered; an unknown parameter makes the task unknown unless `lenient`. */
export function defineControl<const F extends Fields>(parts: {
  readonly name: string
  readonly summary: string
  readonly notes?: readonly string[]
  readonly examples?: string
  readonly params: F
  readonly open?: boolean
  readonly lenient?: boolean
  readonly freeForm?: string
  /** Ansible checks its parameters as those of a module, and says so in the same words. */
  readonly asModule?: true
  /** Parameters that `act` renders itself. */
  readonly asWritten?: readonly string[]
  readonly act: (call: TaskCall, params: Params<F>, args: Dict, unknown: Unknown | undefined) => Promise<TaskResult> | TaskResult
}): Control {
  const { name, summary, notes, examples, params: fields, open = false, lenient = false, freeForm, asModule, asWritten = [], act } = parts
  return {
    name, summary, ...(notes ? { notes } : {}), ...(examples ? { examples } : {}), params: fields, open, ...(freeForm === undefined ? {} : { freeForm }),
    perform: (call) => {
      const args = moduleArgs(call, undefined, asWritten)
      if (isUnknown(args)) return unknownResult(args.reason)
      const { params, problems, unknown } = convertParams(fields, open ? declaredOnly(fields, args) : args, { owner: `'${name}'`, ...(asModule ? { called: call.task.actionAsWritten } : {}), span: call.task.span, spans: call.task.argSpans })
      if (problems.length > 0) throw new Problems(problems)
      return unknown && !lenient ? unknownResult(unknown.reason) : act(call, params as Params<F>, args, unknown)
    },
  }
}

const declaredOnly = (fields: Readonly<Record<string, Field>>, args: Dict): Dict => {
  const names = new Set(Object.entries(fields).flatMap(([name, { aliases }]) => [name, ...aliases]))
  return new Map([...args].filter(([key]) => names.has(String(key))))
}
