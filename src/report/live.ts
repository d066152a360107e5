import { Listr } from 'listr2'
import type { RunEvent, TaskInfo } from '../engine/event.ts'
import { columns } from '../text/columns.ts'
import { auditLines } from './audit.ts'
import { profileLines } from './profile.ts'
import { showRemark, trafficLines } from './lines.ts'
import { type Shown, showTask } from './live-result.ts'
import { type Paint, painter } from './paint.ts'
import { hostColour } from './recap.ts'
import type { Reporter, ReportOptions } from './reporter.ts'

/** What is being worked on, while it takes long; gone when it is done. */
export interface Activity {
  show(title: string, detail?: string): void
  hide(): Promise<void>
}

/** For people at a terminal: silent where nothing changes, what takes long is shown while it lasts, changes and failures stay on the screen. */
export function live(options: ReportOptions, activity: Activity = listrActivity()): Reporter {
  const paint = painter(options.color)
  const redact = (text: string): string => options.secrets.redact(text)
  const tasks = new Map<string, TaskInfo>()
  const pending = new Map<string, Shown[]>()
  let hosts: readonly string[] = []
  let heading: string | undefined
  let queue: Promise<void> = Promise.resolve()

  /** Permanent text goes between two activities, never into one. */
  const print = (text: string, write = options.out): void => {
    queue = queue.then(() => activity.hide()).then(() => write(`${redact(text)}\n`))
  }
  const printBelowPlay = (text: string): void => {
    if (heading !== undefined) print(`\n${paint(heading, 'bold')}`)
    heading = undefined
    print(text)
  }
  const flush = (task: string): void => {
    const info = tasks.get(task)
    const results = pending.get(task)
    pending.delete(task)
    const text = info && results && showTask(info, results, { verbosity: options.verbosity, diff: options.diff, check: options.check, paint })
    if (text) printBelowPlay(text)
  }
  const flushAll = (): void => { for (const task of [...pending.keys()]) flush(task) }
  const work = (task: string, detail?: string): void => {
    const name = tasks.get(task)?.name
    if (name !== undefined) queue = queue.then(() => activity.show(redact(name), detail === undefined ? undefined : redact(detail)))
  }

  return {
    onEvent(event) {
      switch (event.type) {
        case 'play-start': flushAll(); hosts = event.hosts; heading = event.name; return
        case 'no-hosts': return event.reason === 'matched' ? printBelowPlay('no hosts matched') : print(paint('no more hosts left', 'failed'))
        case 'task-start': flushAll(); tasks.set(event.task, event); return work(event.task)
        case 'progress': return work(event.task, `${event.host}: ${event.text}`)
        case 'retry': return work(event.task, `${event.host}: not yet, ${event.left} tries left`)
        case 'item': case 'result': {
          const known = pending.get(event.task) ?? []
          // A loop's items have been told one by one: of its sum only a failure that no item shows is news.
          const told = event.type === 'result' && known.some(({ host, result }) => host === event.host && result.item !== undefined)
          if (!told) pending.set(event.task, [...known, { host: event.host, result: event.result }])
          const done = new Set((pending.get(event.task) ?? []).filter(({ result }) => result.item === undefined).map(({ host }) => host))
          if (event.type === 'result' && done.size === hosts.length) flush(event.task)
          return
        }
        case 'warning': case 'deprecation': return print(showRemark(event, paint), options.err)
        case 'audit': flushAll(); return print(auditLines(event, paint).join('\n'))
        case 'profile': return print(profileLines(event, paint).join('\n'))
        case 'traffic': return options.verbosity > 1 ? print(trafficLines(event).join('\n')) : undefined
        case 'recap': flushAll(); return print(`\n${recapTable(event, options.check, paint)}`)
        case 'run-end': return print(paint(`${options.check ? 'dry run' : 'run'} of ${event.seconds.toFixed(1)} s`, 'dim'))
        case 'run-start': case 'playbook-start': case 'notified': case 'include': return
      }
    },
    async end() {
      flushAll()
      await queue
      await activity.hide()
    },
  }
}

function recapTable({ hosts }: Extract<RunEvent, { type: 'recap' }>, check: boolean, paint: Paint): string {
  const names = ['ok', 'changed', ...(check ? ['unknown'] as const : []), 'unreachable', 'failed', 'skipped', 'rescued', 'ignored'] as const
  const rows = [...hosts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([host, tally]) => [paint(host, hostColour(tally)), ...names.map((name) => tally[name])])
  return columns([['host', ...names], ...rows])
}

interface Row {
  title: string
  output: string
}
interface Spinner {
  readonly finish: () => void
  readonly over: Promise<unknown>
  readonly row: () => Row | undefined
}

/** A line with a spinner by listr2, after a moment: what is quick never shows. */
function listrActivity(): Activity {
  let spinner: Spinner | undefined
  let timer: NodeJS.Timeout | undefined
  let [title, detail] = ['', '']
  const start = (): void => {
    const done = Promise.withResolvers<void>()
    let shown: Row | undefined
    const task = (_: unknown, row: Row): Promise<void> => {
      row.output = detail
      shown = row
      return done.promise
    }
    const list = new Listr([{ title, task: task as never }], { renderer: 'default', registerSignalListeners: false, rendererOptions: { clearOutput: true } })
    spinner = { finish: done.resolve, over: list.run(), row: () => shown }
  }
  return {
    show(newTitle, newDetail) {
      ;[title, detail] = [newTitle, newDetail ?? '']
      const row = spinner?.row()
      if (row) Object.assign(row, { title, output: detail })
      else if (!spinner) timer ??= setTimeout(start, 300)
    },
    async hide() {
      clearTimeout(timer)
      timer = undefined
      const { finish, over } = spinner ?? {}
      spinner = undefined
      finish?.()
      await over
    },
  }
}
