import { basename, resolve } from 'node:path'
import type { HostResult, RunEvent, TaskInfo } from '../engine/event.ts'
import { widthOf } from '../text/columns.ts'
import { unifiedDiff } from '../text/diff.ts'
import { auditLines } from './audit.ts'
import { type Paint, paintDiff, painter } from './paint.ts'
import { profileLines } from './profile.ts'
import { customStatsLines, recapLines } from './recap.ts'
import type { Reporter, ReportOptions } from './reporter.ts'
import { COLOURS, hides, resultLine } from './result-line.ts'
import { errorBeside, shortName, showOutputs } from './show-outputs.ts'

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>
type ResultEvent = Of<'item'> | Of<'result'>

/** Ansible's own output, line for line, so that people and scripts that know it need not learn anything. */
export function lines(options: ReportOptions): Reporter {
  const { secrets, verbosity } = options
  const paint = painter(options.color)
  const out = (text: string): void => options.out(`${secrets.redact(text)}\n`)
  const err = (text: string): void => options.err(`${secrets.redact(text)}\n`)
  const tasks = new Map<string, TaskInfo>()
  const withItems = new Set<string>()
  let shown = ''
  let free = false
  let included: Of<'include'> | undefined

  const marker = (check: boolean | undefined): string => (check && options.checkMarkers ? ' [CHECK MODE]' : '')
  const banner = (title: string): void => out(`\n${stars(title)}`)
  const announce = (task: string): void => {
    if (shown === task) return
    shown = task
    const info = tasks.get(task)
    if (!info) return
    const title = `${info.handler ? 'RUNNING HANDLER' : 'TASK'} [${info.name.trim()}]${marker(info.check)}`
    if (info.literal) options.out(`\n${stars(title)}\n`)
    else banner(title)
    if (verbosity > 1) out(paint(`task path: ${resolve(info.span.file)}:${info.span.line}`, 'verbose'))
  }
  const flushIncludes = (): void => {
    if (!included) return
    announce(included.task)
    out(paint(`included: ${included.file} for ${included.hosts.join(', ')}${included.item === undefined ? '' : ` => (item=${included.item})`}`, 'skipped'))
    included = undefined
  }
  const differences = (result: HostResult): void => {
    // What does not count as a change (`changed_when`) is not shown as one.
    for (const diff of result.status === 'ok' ? [] : (result.diff ?? [])) {
      const text = unifiedDiff(diff)
      if (text) out(paintDiff(text, paint))
    }
  }

  /** `display_failed_stderr`. */
  const toFailures = ({ status }: HostResult) => (options.failuresToStderr && (status === 'failed' || status === 'unreachable') ? err : out)
  /** `show_task_path_on_failure`; with `-vv` the banner has said it. */
  const tellPath = ({ type, result }: ResultEvent, info: TaskInfo | undefined): void => {
    if (type === 'result' && options.pathOnFailure && verbosity < 2 && info && result.status === 'failed') out(paint(`task path: ${resolve(info.span.file)}:${info.span.line}`, 'verbose'))
  }

  const show = (event: ResultEvent): void => {
    const { host, result } = event
    const info = tasks.get(event.task)
    const action = info?.action ?? ''
    const isItem = event.type === 'item'
    if (isItem) withItems.add(`${event.task} ${host}`)
    const summed = !isItem && withItems.has(`${event.task} ${host}`)
    if (hides(result, action, summed, options)) return
    announce(event.task)
    if (summed) {
      if (result.status === 'failed' && shortName(action) === 'debug') {
        tellPath(event, info)
        toFailures(result)(paint(resultLine(host, result, action, false, options), COLOURS.failed))
      }
      if (result.status === 'failed' || result.status === 'ok' || result.status === 'changed' || result.status === 'unknown') {
        if (result.ignored) out(paint('...ignoring', 'skipped'))
        return
      }
    }
    differences(result)
    const error = errorBeside(result)
    if (error !== undefined) err(paint(`[ERROR]: ${error}`, 'failed'))
    tellPath(event, info)
    toFailures(result)(paint(resultLine(host, result, action, isItem, options), COLOURS[result.status]))
    if (result.ignored && !isItem) out(paint('...ignoring', 'skipped'))
  }

  return {
    onEvent(event) {
      if (event.type === 'include' && included?.task === event.task && included.file === event.file && included.item === event.item) {
        included = { ...included, hosts: [...included.hosts, ...event.hosts.filter((host) => !included!.hosts.includes(host))] }
        return
      }
      if (event.type !== 'notified' && event.type !== 'progress') flushIncludes()
      switch (event.type) {
        case 'play-start': free = event.free === true; return banner(`PLAY [${event.name.trim()}]${marker(event.check)}`)
        case 'no-hosts': return event.reason === 'matched' ? out(paint('skipping: no hosts matched', 'skipped')) : banner('NO MORE HOSTS LEFT')
        case 'task-start': {
          tasks.set(event.task, event)
          // Where every host goes its own way, a headline comes with what it is about.
          return free || options.showSkipped === false || options.showOk === false ? undefined : announce(event.task)
        }
        case 'item': case 'result': return show(event)
        case 'include': included = event; return
        case 'retry': {
          const name = tasks.get(event.task)?.name ?? ''
          out(paint(`FAILED - RETRYING: [${event.host}]: ${name} (${event.left} retries left).`, 'verbose'))
          return verbosity > 1 ? out(paint(`Result was: ${showOutputs(event.result, '', verbosity)}`, 'verbose')) : undefined
        }
        case 'async': announce(event.task); return out(paint(asyncLine(event), event.state === 'failed' ? 'failed' : 'verbose'))
        case 'meta': return verbosity > 1 ? out(paint(`META: ${event.text}`, 'verbose')) : undefined
        case 'progress': return verbosity > 0 ? err(paint(`${event.host}: ${event.text}`, 'verbose')) : undefined
        case 'notified': return verbosity > 1 ? out(paint(`NOTIFIED HANDLER ${event.handler} for ${event.host}`, 'verbose')) : undefined
        case 'warning': case 'deprecation': return err(showRemark(event, paint))
        case 'recap': {
          banner('PLAY RECAP')
          for (const text of recapLines(event, paint, options.check)) out(text)
          out('')
          if (options.customStats && event.customStats.size > 0) {
            banner('CUSTOM STATS: ')
            for (const text of customStatsLines(event)) out(text)
            out('')
          }
          return options.check && options.checkMarkers ? banner('DRY RUN') : undefined
        }
        case 'audit': for (const text of auditLines(event, paint)) out(text); return
        case 'profile': for (const text of profileLines(event, paint)) out(text); return
        case 'traffic': return verbosity > 1 ? out(trafficLines(event).join('\n')) : undefined
        case 'playbook-start': {
          if (verbosity > 1) banner(`PLAYBOOK: ${basename(event.file)}`)
          if (verbosity > 1 && event.plays !== undefined) out(`${event.plays} plays in ${event.file}`)
          return options.check && options.checkMarkers ? banner('DRY RUN') : undefined
        }
        case 'run-start': case 'run-end': return
      }
    },
    end: flushIncludes,
  }

  function stars(title: string): string {
    const columns = Math.max(79, options.width - 1)
    return `${title} ${'*'.repeat(Math.max(3, columns - widthOf(title)))}`
  }
}

function asyncLine({ host, job, state }: Of<'async'>): string {
  return state === 'poll' ? `ASYNC POLL on ${host}: jid=${job} started=1 finished=0` : `ASYNC ${state === 'ok' ? 'OK' : 'FAILED'} on ${host}: jid=${job}`
}

/** A warning or deprecation with its place. */
export function showRemark(event: Of<'warning'> | Of<'deprecation'>, paint: Paint): string {
  const place = event.span ? ` (${event.span.file}:${event.span.line}:${event.span.column})` : ''
  return event.type === 'warning' ? paint(`[WARNING]: ${event.text}${place}`, 'warning') : paint(`[DEPRECATION WARNING]: ${event.text}${place}`, 'deprecation')
}

export const trafficLines = ({ hosts }: Of<'traffic'>): readonly string[] =>
  [...hosts].map(([host, { roundTrips, bytesSent, bytesReceived }]) => `${host}: ${roundTrips} round trips, ${bytesSent} bytes sent, ${bytesReceived} received`)
