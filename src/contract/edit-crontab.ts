import type { Value } from '../value/value.ts'
import { fail } from './failure.ts'

/** One entry that a table should have, or (without a line) not have. */
export interface CronJob {
  readonly kind: 'job' | 'variable'
  readonly name: string
  readonly line: string | undefined
  /** Of a variable: the name of another that it stands after or before. */
  readonly after?: string
  readonly before?: string
}

/** The comment above a job by which it is found again: Ansible's, so that both can keep one table. */
const MARK = '#Ansible: '
const VARIABLE = /^([A-Za-z_]\w*)\s*=/

export function editCrontab(text: string, job: CronJob): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const edited = job.kind === 'job' ? withJob(lines, job) : withVariable(lines, job)
  return edited.length === 0 ? '' : `${edited.join('\n')}\n`
}

function withJob(lines: readonly string[], { name, line }: CronJob): readonly string[] {
  const at = lines.findIndex((one) => one === `${MARK}${name}`)
  // A job that stands there without a comment is adopted; one with a comment belongs to that name.
  const bare = at < 0 && line !== undefined ? lines.findIndex((one, i) => one === line && !lines[i - 1]?.startsWith(MARK)) : -1
  if (at < 0 && line === undefined) return lines
  if (bare >= 0) return lines.toSpliced(bare, 0, `${MARK}${name}`)
  if (at < 0) return [...lines, `${MARK}${name}`, line!]
  return lines.toSpliced(at, 2, ...(line === undefined ? [] : [`${MARK}${name}`, line]))
}

function withVariable(lines: readonly string[], { name, line, after, before }: CronJob): readonly string[] {
  const find = (wanted: string) => lines.findIndex((one) => VARIABLE.exec(one)?.[1] === wanted)
  const at = find(name)
  if (at >= 0) return lines.toSpliced(at, 1, ...(line === undefined ? [] : [line]))
  if (line === undefined) return lines
  const beside = after ?? before
  if (beside === undefined) return [line, ...lines]
  const anchor = find(beside)
  if (anchor < 0) return fail(`Variable named '${beside}' not found.`)
  return lines.toSpliced(after === undefined ? anchor : anchor + 1, 0, line)
}

/** Names of all entries that a result lists. */
export function jobNames(text: string): { readonly jobs: Value; readonly envs: Value } {
  const lines = text.split('\n')
  return { jobs: lines.flatMap((line) => (line.startsWith(MARK) ? [line.slice(MARK.length)] : [])), envs: lines.flatMap((line) => VARIABLE.exec(line)?.[1] ?? []) }
}
