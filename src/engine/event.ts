import type { Span } from '../problem/problem.ts'
import type { Traffic } from '../transport/connection.ts'
import type { Dict } from '../value/value.ts'

/**
 * What a run announces. Reporters (`report/`) turn events into output; nothing else prints. Version 1: fields are only added.
 * Secrets: results carry values as they are; whoever shows them redacts (see `report/`), and `noLog` results are already censored.
 */
export type RunEvent =
  | { readonly type: 'run-start'; readonly version: 1; readonly mode: 'run' | 'dry-run'; readonly playbooks: readonly string[] }
  | { readonly type: 'playbook-start'; readonly file: string; readonly plays?: number }
  | { readonly type: 'play-start'; readonly name: string; readonly hosts: readonly string[]; readonly span: Span; readonly check?: boolean; readonly free?: boolean }
  | { readonly type: 'no-hosts'; readonly reason: 'matched' | 'remaining' }
  | ({ readonly type: 'task-start' } & TaskInfo)
  | { readonly type: 'item'; readonly host: string; readonly task: string; readonly result: HostResult }
  | { readonly type: 'result'; readonly host: string; readonly task: string; readonly result: HostResult }
  | { readonly type: 'retry'; readonly host: string; readonly task: string; readonly left: number; readonly result: HostResult }
  /** `async`: a look at a task that goes on by itself, and how it ended. */
  | { readonly type: 'async'; readonly host: string; readonly task: string; readonly job: string; readonly state: 'poll' | 'ok' | 'failed' }
  | { readonly type: 'include'; readonly file: string; readonly hosts: readonly string[]; readonly task: string; readonly item?: string }
  | { readonly type: 'notified'; readonly host: string; readonly handler: string; readonly task: string }
  /** What a `meta` action did. */
  | { readonly type: 'meta'; readonly host: string; readonly task: string; readonly text: string }
  | { readonly type: 'progress'; readonly host: string; readonly task: string; readonly text: string }
  | { readonly type: 'warning'; readonly text: string; readonly span?: Span }
  | { readonly type: 'deprecation'; readonly text: string; readonly span?: Span }
  /** `pause` and `--step` ask; the answer goes back through the `ask` function that the engine was given. */
  | { readonly type: 'recap'; readonly hosts: ReadonlyMap<string, Tally>; readonly customStats: Dict }
  | { readonly type: 'audit'; readonly text: string; readonly differences: readonly AuditDifference[] }
  | { readonly type: 'traffic'; readonly hosts: ReadonlyMap<string, Traffic> }
  /** With `--profile`: seconds of the run and of our own processor time; by task and by host; and the critical path, first leg first. */
  | { readonly type: 'profile'; readonly seconds: number; readonly cpu: number; readonly tasks: readonly ProfiledTask[]; readonly hosts: ReadonlyMap<string, Cost & { readonly seconds: number }>; readonly path: readonly Leg[] }
  | { readonly type: 'run-end'; readonly exitCode: number; readonly seconds: number }

export interface TaskInfo {
  /** Unique in the run: ties results to their task. */
  readonly task: string
  /** Rendered where it can be; "role : name" for tasks of roles, as Ansible prints it. */
  readonly name: string
  /** The name is what stands in the playbook, with nothing of a variable in it: no secret came there. */
  readonly literal?: boolean
  readonly action: string
  readonly span: Span
  readonly handler: boolean
  readonly tags: readonly string[]
  /** `no_log`: arguments must not be shown. */
  readonly noLog: boolean
  /** It changes nothing: a dry run, or `check_mode: true`. */
  readonly check?: boolean
}

/** What something cost on a machine; `connecting` are the seconds until it was reached. What coming tasks asked for early is in it. */
export interface Cost extends Traffic {
  readonly connecting: number
}

/** Summed over all hosts; `cpu` are our own seconds of processor time while it was the task of the hour. */
export interface ProfiledTask extends Cost {
  readonly task: string
  readonly name: string
  readonly seconds: number
  readonly cpu: number
}

/** A result that the end of the run had to wait for. */
export interface Leg {
  readonly host: string
  readonly task: string
  readonly name: string
  readonly seconds: number
}

/** How a task ended on a host. In a dry run `changed` means "would change" and `unknown` "cannot be known before the run". */
export type Status = 'ok' | 'changed' | 'unknown' | 'skipped' | 'failed' | 'unreachable'

export interface HostResult {
  readonly status: Status
  /** Failed but ignored (`ignore_errors`), or rescued by a block: the lines say so. */
  readonly ignored?: boolean
  readonly rescued?: boolean
  /** Why it is unknown, was skipped, or failed. */
  readonly reason?: string
  /** Exact differences, in the order of the steps. Absent with `no_log` or `diff: false`. */
  readonly diff?: readonly Diff[]
  /** What `register` receives, and what `-v` shows. */
  readonly outputs: Dict
  /** Loop items: the label shown in `(item=…)`. */
  readonly item?: string
  readonly delegatedTo?: string
  readonly seconds: number
  /** In a dry run: an earlier opaque task this result rests on ("assuming task 'x' leaves it alone"). */
  readonly assuming?: string
  /** With `--profile`. */
  readonly cost?: Cost
  /** The sentences of the steps (taken, or listed by a dry run), without contents. */
  readonly steps?: readonly string[]
}

export interface Tally {
  ok: number
  changed: number
  unknown: number
  unreachable: number
  failed: number
  skipped: number
  rescued: number
  ignored: number
}

/** A difference as two texts with headers, or as attribute lines. Rendered by `text/diff`. */
export interface Diff {
  readonly header: { readonly before: string; readonly after: string }
  readonly before: string
  readonly after: string
}

export interface AuditDifference {
  readonly host: string
  readonly task: string
  readonly name: string
  /** The dry run called it `same` and it changed; it announced a change that did not come; or the diffs differ. */
  readonly kind: 'missed-change' | 'false-change' | 'wrong-diff' | 'false-failure' | 'missed-failure' | 'broken-assumption'
  readonly detail: string
}
