import type { HostResult, RunEvent, TaskInfo } from '../engine/event.ts'
import type { Reporter, ReportOptions } from './reporter.ts'
import { showOutputs } from './show-outputs.ts'

interface Case {
  readonly play: string
  readonly host: string
  readonly task: TaskInfo
  readonly result: HostResult
}

/** JUnit's XML at the end of the run: a suite for each play, a case for each task on each host. Unknowns of a dry run are skipped cases with their reason. */
export function junit({ out, secrets, verbosity }: Pick<ReportOptions, 'out' | 'secrets' | 'verbosity'>): Reporter {
  const tasks = new Map<string, TaskInfo>()
  const cases: Case[] = []
  let play = ''
  return {
    onEvent(event: RunEvent) {
      if (event.type === 'play-start') play = event.name
      if (event.type === 'task-start') tasks.set(event.task, event)
      const task = event.type === 'result' ? tasks.get(event.task) : undefined
      if (event.type === 'result' && task) cases.push({ play, host: event.host, task, result: event.result })
    },
    end: () => out(secrets.redact(document(cases, verbosity))),
  }
}

function document(cases: readonly Case[], verbosity: number): string {
  const plays = Map.groupBy(cases, (one) => one.play)
  const suites = [...plays].map(([play, own]) => {
    const body = own.map((one) => showCase(one, verbosity)).join('\n')
    return `  <testsuite name="${escape(play)}" ${counts(own)}>\n${body}\n  </testsuite>`
  })
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites ${counts(cases)}>`, ...suites, '</testsuites>', ''].join('\n')
}

function counts(cases: readonly Case[]): string {
  const count = (...statuses: readonly HostResult['status'][]): number => cases.filter(({ result }) => statuses.includes(result.status) && !result.ignored).length
  const seconds = cases.reduce((sum, { result }) => sum + result.seconds, 0)
  return `tests="${cases.length}" failures="${count('failed')}" errors="${count('unreachable')}" skipped="${count('skipped', 'unknown')}" time="${seconds.toFixed(3)}"`
}

function showCase({ host, task, result }: Case, verbosity: number): string {
  const head = `    <testcase name="${escape(`[${host}] ${task.name}`)}" classname="${escape(`${task.span.file}:${task.span.line}`)}" time="${result.seconds.toFixed(3)}"`
  const inner = outcome(result, task, verbosity)
  return inner ? `${head}>\n      ${inner}\n    </testcase>` : `${head}/>`
}

function outcome(result: HostResult, task: TaskInfo, verbosity: number): string | undefined {
  const message = escape(String(result.outputs.get('msg') ?? result.reason ?? ''))
  if (result.status === 'failed' && !result.ignored) return `<failure message="${message}">${escape(showOutputs(result, task.action, verbosity))}</failure>`
  if (result.status === 'unreachable') return `<error message="${message}">${escape(showOutputs(result, task.action, verbosity))}</error>`
  if (result.status === 'skipped' || result.status === 'unknown') return `<skipped message="${escape(result.reason ?? result.status)}"/>`
  return undefined
}

// Characters that XML 1.0 cannot hold at all are dropped, not escaped.
const escape = (text: string): string =>
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
