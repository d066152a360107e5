import { basename } from 'node:path'
import type { HostResult, RunEvent, TaskInfo } from '../engine/event.ts'
import { widthOf } from '../text/columns.ts'
import { unifiedDiff } from '../text/diff.ts'
import { auditLines } from './audit.ts'
import { type Colour, type Paint, paintDiff, painter } from './paint.ts'
import { customStatsLines, recapLines } from './recap.ts'
import type { Reporter, ReportOptions } from './reporter.ts'
import { shortName, errorBeside, showOutputs, speaks } from './show-outputs.ts'

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>
type ResultEvent = Of<'item'> | Of<'result'>

const COLOURS: Readonly<Record<HostResult['status'], Colour>> = { ok: 'ok', changed: 'changed', unknown: 'unknown', skipped: 'skipped', failed: 'failed', unreachable: 'unreachable' }

/** Ansible's own output, line for line, so that people and scripts that know it need not learn anything. */
export function lines(options: ReportOptions): Reporter {
  const { secrets, verbosity } = options
  const paint = painter(options.color)
  const out = (text: string): void => options.out(`${secrets.redact(text)}\n`)
  const err = (text: string): void => options.err(`${secrets.redact(text)}\n`)
  const tasks = new Map<string, TaskInfo>()
  const withItems = new Set<string>()
  let shown = ''
  let included: Of<'include'> | undefined

  const banner = (title: string): void => out(`\n${stars(title)}`)
  const announce = (task: string): void => {
    if (shown === task) return
    shown = task
    const info = tasks.get(task)
    if (!info) return
    banner(`${info.handler ? 'RUNNING HANDLER' : 'TASK'} [${info.name.trim()}]`)
    if (verbosity > 1) out(paint(`task path: ${info.span.file}:${info.span.line}`, 'verbose'))
  }
  const flushIncludes = (): void => {
    if (included) out(paint(`included: ${included.file} for ${included.hosts.join(', ')}${included.item === undefined ? '' : ` => (item=${included.item})`}`, 'skipped'))
    included = undefined
  }
  const differences = (result: HostResult): void => {
    if (!options.diff) return
    for (const diff of result.diff ?? []) {
      const text = unifiedDiff(diff)
      if (text) out(paintDiff(text, paint))
    }
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
      if (result.status === 'failed' || result.status === 'ok' || result.status === 'changed' || result.status === 'unknown') {
        if (result.ignored) out(paint('...ignoring', 'skipped'))
        return
      }
    }
    differences(result)
    const error = errorBeside(result)
    if (error !== undefined) err(paint(`[ERROR]: ${error}`, 'failed'))
    out(paint(line(host, result, action, isItem, verbosity, options.check), COLOURS[result.status]))
    const place = placeOf(result)
    if (place) err(paint(`[ERROR]: ${place}`, 'failed'))
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
        case 'play-start': return banner(`PLAY [${event.name.trim()}]`)
        case 'no-hosts': return event.reason === 'matched' ? out(paint('skipping: no hosts matched', 'skipped')) : banner('NO MORE HOSTS LEFT')
        case 'task-start': {
          tasks.set(event.task, event)
          return options.showSkipped === false || options.showOk === false ? undefined : announce(event.task)
        }
        case 'item': case 'result': return show(event)
        case 'include': included = event; return
        case 'retry': {
          const name = tasks.get(event.task)?.name ?? ''
          out(paint(`FAILED - RETRYING: [${event.host}]: ${name} (${event.left} retries left).`, 'verbose'))
          return verbosity > 1 ? out(paint(`Result was: ${showOutputs(event.result, '', verbosity)}`, 'verbose')) : undefined
        }
        case 'async': announce(event.task); return out(paint(asyncLine(event), event.state === 'failed' ? 'failed' : 'verbose'))
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
          return
        }
        case 'audit': for (const text of auditLines(event, paint)) out(text); return
        case 'traffic': return verbosity > 1 ? out(trafficLines(event).join('\n')) : undefined
        case 'playbook-start': {
          if (verbosity < 2) return
          banner(`PLAYBOOK: ${basename(event.file)}`)
          return event.plays === undefined ? undefined : out(`${event.plays} plays in ${event.file}`)
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

/** Includes speak by their own line; skipped and unchanged hosts are left out where the settings say so. */
function hides({ status }: HostResult, action: string, summed: boolean, { showSkipped, showOk }: ReportOptions): boolean {
  if (status === 'ok' && /^include_(tasks|role)$|^include$/.test(shortName(action))) return true
  if (status === 'ok' && showOk === false && !summed) return true
  return status === 'skipped' && showSkipped === false
}

function line(host: string, result: HostResult, action: string, isItem: boolean, verbosity: number, check: boolean): string {
  const who = `[${host}${result.delegatedTo === undefined ? '' : ` -> ${result.delegatedTo}`}]`
  const item = isItem ? `(item=${result.item ?? ''})` : ''
  const json = (): string => showOutputs(result, action, verbosity)
  switch (result.status) {
    case 'failed': return isItem ? `failed: ${who} ${item} => ${json()}` : `fatal: ${who}: FAILED! => ${json()}`
    case 'unreachable': return `fatal: ${who}: UNREACHABLE! => ${json()}`
    case 'skipped': return `skipping: ${who}${isItem ? ` => ${item} ` : ''}${verbosity > 0 ? ` => ${json()}` : ''}`
    case 'unknown': return `unknown: ${who}${isItem ? ` => ${item}` : ''} => ${result.reason ?? 'it cannot be known before the run'}`
    default: {
      const assuming = check && result.assuming && verbosity > 0 ? ` (assuming ${result.assuming})` : ''
      return `${result.status}: ${who}${isItem ? ` => ${item}` : ''}${verbosity > 0 || speaks(action, result.outputs) ? ` => ${json()}` : ''}${assuming}`
    }
  }
}

function asyncLine({ host, job, state }: Of<'async'>): string {
  return state === 'poll' ? `ASYNC POLL on ${host}: jid=${job} started=1 finished=0` : `ASYNC ${state === 'ok' ? 'OK' : 'FAILED'} on ${host}: jid=${job}`
}

/** Why a task failed, where that says more than its message: with the place and what to do. */
function placeOf({ status, reason, outputs, ignored }: HostResult): string | undefined {
  return status === 'failed' && !ignored && reason !== undefined && reason !== outputs.get('msg') && !outputs.has('censored') ? reason : undefined
}

/** A warning or deprecation with its place. */
export function showRemark(event: Of<'warning'> | Of<'deprecation'>, paint: Paint): string {
  const place = event.span ? ` (${event.span.file}:${event.span.line}:${event.span.column})` : ''
  return event.type === 'warning' ? paint(`[WARNING]: ${event.text}${place}`, 'warning') : paint(`[DEPRECATION WARNING]: ${event.text}${place}`, 'deprecation')
}

export const trafficLines = ({ hosts }: Of<'traffic'>): readonly string[] =>
  [...hosts].map(([host, { roundTrips, bytesSent, bytesReceived }]) => `${host}: ${roundTrips} round trips, ${bytesSent} bytes sent, ${bytesReceived} received`)
