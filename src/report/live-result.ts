import type { HostResult, TaskInfo } from '../engine/event.ts'
import { unifiedDiff } from '../text/diff.ts'
import { type Value, isDict } from '../value/value.ts'
import { type Colour, type Paint, paintDiff } from './paint.ts'
import { showJson } from './show-json.ts'
import { errorBeside, ownOfDebug, shortName, showOutputs, speaks } from './show-outputs.ts'

/** Results of one task, one entry a host; items of loops with their label. */
export interface Shown {
  readonly host: string
  readonly result: HostResult
}

const WORDS: Readonly<Record<HostResult['status'], readonly [string, Colour]>> = {
  ok: ['same', 'ok'], changed: ['changed', 'changed'], unknown: ['unknown', 'unknown'], skipped: ['skipped', 'skipped'], failed: ['failed', 'failed'], unreachable: ['unreachable', 'unreachable'],
}

/**
 * What is worth telling of a task: its changes with their differences, its failures in full, what cannot be known. Hosts with the
 * same outcome share it. Undefined where nothing is.
 */
export function showTask(task: TaskInfo, results: readonly Shown[], options: { readonly verbosity: number; readonly diff: boolean; readonly check: boolean; readonly paint: Paint }): string | undefined {
  const groups = new Map<string, { hosts: string[]; result: HostResult; body: string }>()
  for (const { host, result } of results) {
    if (!tells(task, result, options.verbosity)) continue
    const body = bodyOf(task, result, options)
    const key = JSON.stringify([result.status, result.ignored, result.item, body])
    const group = groups.get(key) ?? { hosts: [], result, body }
    if (!group.hosts.includes(host)) group.hosts.push(host)
    groups.set(key, group)
  }
  const parts = [...groups.values()].map(({ hosts, result, body }) => {
    const [word, colour] = WORDS[result.status]
    const item = result.item === undefined ? '' : ` (${result.item})`
    const what = `${options.check && result.status === 'changed' ? 'would change' : word}${result.ignored ? ', ignored' : result.rescued ? ', rescued' : ''}`
    const where = result.delegatedTo === undefined ? '' : ` -> ${result.delegatedTo}`
    return `${options.paint(what.padEnd(result.ignored || result.rescued ? 15 : 12), colour)} ${task.name}${item}  ${options.paint(named(hosts) + where, 'dim')}${body ? `\n${indent(body)}` : ''}`
  })
  return parts.length === 0 ? undefined : parts.join('\n')
}

/** Hosts in the order of their numbers; of many the first ones. */
function named(hosts: readonly string[]): string {
  const sorted = [...hosts].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  return sorted.length <= 8 ? sorted.join(', ') : `${sorted.slice(0, 6).join(', ')} and ${sorted.length - 6} more`
}

function tells(task: TaskInfo, result: HostResult, verbosity: number): boolean {
  if (result.status === 'ok') return speaks(task.action, result.outputs) && shortName(task.action) === 'debug' ? true : verbosity > 0
  return result.status !== 'skipped' || verbosity > 1
}

function bodyOf(task: TaskInfo, result: HostResult, { verbosity, diff, check, paint }: Parameters<typeof showTask>[2]): string {
  if (result.status === 'failed' || result.status === 'unreachable') return failure(task, result, verbosity)
  if (result.status === 'unknown') return result.reason ?? 'it cannot be known before the run'
  if (shortName(task.action) === 'debug') return debugText(result)
  const differences = diff || check ? (result.diff ?? []).map((one) => paintDiff(unifiedDiff(one).trimEnd(), paint)).filter(Boolean) : []
  const steps = differences.length === 0 || verbosity > 0 ? (result.steps ?? []) : []
  const json = verbosity > 0 ? [showOutputs(result, task.action, verbosity)] : []
  const assuming = result.assuming && verbosity > 0 ? [`assuming ${result.assuming}`] : []
  return [...differences, ...steps, ...json, ...assuming].join('\n')
}

function debugText({ outputs }: HostResult): string {
  const own = ownOfDebug(outputs)
  const shown = [...outputs].filter(([key]) => own(key) && !String(key).startsWith('_'))
  return shown.map(([key, value]) => (key === 'msg' && typeof value === 'string' ? value : `${String(key)}: ${typeof value === 'string' ? value : showJson(value, 2)}`)).join('\n')
}

/** The message first, then what the program said, then where the task stands. */
function failure(task: TaskInfo, result: HostResult, verbosity: number): string {
  const { outputs } = result
  const text = (key: string): string => (typeof outputs.get(key) === 'string' ? (outputs.get(key) as string).trimEnd() : '')
  const items = outputs.get('results')
  const parts = [errorBeside(result) ?? (text('msg') || result.reason || ''), streams(text), Array.isArray(items) ? failedItems(items) : '', censored(outputs.get('censored'))]
  const json = verbosity > 0 ? showOutputs(result, task.action, verbosity) : ''
  return [...new Set([...parts, json, `at ${task.span.file}:${task.span.line}`])].filter(Boolean).join('\n')
}

const streams = (text: (key: string) => string): string =>
  [['stderr', text('stderr') || text('module_stderr')], ['stdout', text('stdout') || text('module_stdout')]].filter(([, said]) => said).map(([name, said]) => `${name}:\n${indent(said!)}`).join('\n')

function failedItems(items: readonly Value[]): string {
  const failed = items.filter((item) => isDict(item) && item.get('failed') === true)
  return failed.length > 0 ? `${failed.length} of ${items.length} items failed` : ''
}

const censored = (value: Value | undefined): string => (typeof value === 'string' ? value : '')
export const indent = (text: string): string => text.split('\n').map((line) => (line ? `    ${line}` : line)).join('\n')
