import type { HostResult, RunEvent, TaskInfo } from '../engine/event.ts'
import { unifiedDiff } from '../text/diff.ts'
import { showRemark } from './lines.ts'
import { paintDiff, painter } from './paint.ts'
import type { Reporter, ReportOptions } from './reporter.ts'
import { COLOURS } from './result-line.ts'
import { showJson } from './show-json.ts'
import { shortName, shownOutputs } from './show-outputs.ts'

const WORDS: Readonly<Record<HostResult['status'], string>> = { ok: 'SUCCESS', changed: 'CHANGED', unknown: 'UNKNOWN', skipped: 'SKIPPED', failed: 'FAILED', unreachable: 'UNREACHABLE!' }

/** Ansible's `minimal`: a block for each host, no headlines, no recap. What `ansible` prints. */
export function minimal(options: ReportOptions): Reporter {
  const paint = painter(options.color)
  return eachResult(options, (host, result, action) => {
    for (const diff of result.diff ?? []) {
      const text = unifiedDiff(diff)
      if (text) options.out(options.secrets.redact(`${paintDiff(text, paint)}\n`))
    }
    options.out(options.secrets.redact(`${paint(block(host, result, action, options.verbosity), COLOURS[result.status])}\n`))
  })
}

/** Results of tasks, not of items, and remarks: all that the short reporters tell. */
export function eachResult(options: ReportOptions, show: (host: string, result: HostResult, action: string) => void): Reporter {
  const paint = painter(options.color)
  const tasks = new Map<string, TaskInfo>()
  return {
    onEvent(event: RunEvent) {
      if (event.type === 'task-start') tasks.set(event.task, event)
      else if (event.type === 'warning' || event.type === 'deprecation') options.err(`${options.secrets.redact(showRemark(event, paint))}\n`)
      else if (event.type === 'result') show(event.host, event.result, tasks.get(event.task)?.action ?? '')
    },
    end: () => undefined,
  }
}

/** Programs are shown as what they said, anything else as JSON. */
export const isProgram = (action: string, { outputs }: HostResult): boolean =>
  ['command', 'shell', 'script', 'raw'].includes(shortName(action)) && !outputs.has('ansible_job_id') && !outputs.has('results')

function block(host: string, result: HostResult, action: string, verbosity: number): string {
  const { status, outputs } = result
  const head = `${host} | ${wordOf(status)}`
  if (status === 'skipped') return head
  if (status === 'unknown') return `${head}: ${result.reason ?? 'it cannot be known before the run'}`
  if (status === 'unreachable' || !isProgram(action, result)) return `${head}${status === 'failed' ? '!' : ''} => ${showJson(shownOutputs(result, action, verbosity), 4)}`
  const said = ['stdout', 'stderr', 'msg'].map((key) => textOf(outputs.get(key))).join('')
  return `${head} | rc=${textOf(outputs.get('rc')) || '-1'} >>\n${said}`
}

export const wordOf = (status: HostResult['status']): string => WORDS[status]
export const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
