import type { Entry, Task } from '../playbook/tree.ts'
import { Problem, problemsOf, type Span } from '../problem/problem.ts'
import { render } from '../template/template.ts'
import { Unreachable } from '../transport/connection.ts'
import { dict } from '../value/value.ts'
import { announceTask, taskName } from './announce.ts'
import { type TaskCall, callOf } from './call.ts'
import type { Context } from './context.ts'
import { EndOfRun } from './end-of-run.ts'
import type { HostResult } from './event.ts'
import type { Place, Report } from './gate.ts'
import { notifyHandlers } from './handlers.ts'
import { enterIncluded } from './include.ts'
import { NOTHING } from './profile.ts'
import { lookAheadFrom, lookAtNext } from './look-ahead.ts'
import { metaTask } from './meta.ts'
import { runLoop } from './loop.ts'
import { censor, type TaskResult, failedResult, unknownResult, registered, toEvent } from './task-result.ts'
import { type Flow, GO, STOP } from './run-entries.ts'
import { type HostRun, type PlayRun, tallyOf } from './run.ts'
import { playScope } from './scopes.ts'
import { Semaphore } from '../transport/semaphore.ts'
import { isSelected } from './selection.ts'
import { attempt } from './attempt.ts'
import { inDebugger, wantsDebugger } from './task-debugger.ts'

/** One task on one host, from its tags to its place in the recap. */
export async function runTask(playRun: PlayRun, host: HostRun, task: Task, context: Context, place: Place, around?: { readonly entries: readonly Entry[]; readonly index: number }): Promise<Flow> {
  // A handler runs because it was notified: tags do not choose among handlers.
  if (!context.handler && !isSelected(playRun, host, task, context)) return GO
  const round = await playRun.gate.arrive(host.name, place)
  if (!round) return turnedBack(host)
  if (task.action === 'meta') return metaTask(playRun, host, task, context, round, place)
  const alone = callOf(playRun, host, task, context, round)
  const call = around ? { ...alone, ahead: () => lookAtNext(alone, around.entries, around.index) } : alone
  if (!(await wantedByUser(call))) return GO
  round.announce(() => announceTask(call))
  if (around) lookAheadFrom(call, around.entries, around.index)
  return finish(call, await takeTogether(call), place)
}

/** The play is over for the host; or it fails because another one did, and goes on where that leads. */
function turnedBack(host: HostRun): Flow {
  if (!host.doomed) return STOP
  host.doomed = false
  return { next: 'failed' }
}

/** Runs that people let go on without asking again. */
const unasked = new WeakSet<object>()

/** `--step`: asks before each task; (c)ontinue stops asking. */
async function wantedByUser(call: TaskCall): Promise<boolean> {
  const { run } = call.playRun
  if (!run.settings.step || unasked.has(run)) return true
  const answer = await call.round.ask(() => run.ask(`Perform task: ${taskName(call)} (N)o/(y)es/(c)ontinue`, {}))
  if (/^c/i.test(answer ?? '')) unasked.add(run)
  return /^[cy]/i.test(answer ?? '')
}

/** `run_once`: one host of the round does it for all. */
async function takeTogether(call: TaskCall): Promise<TaskResult> {
  if (!call.runOnce) return take(call)
  const { playRun, host, task, context, round } = call
  const first = round.hosts[0]!
  return round.once(() => take(first === host.name ? call : callOf(playRun, playRun.hosts.get(first)!, task, context, round)))
}

async function take(call: TaskCall): Promise<TaskResult> {
  const result = await timed(call)
  return wantsDebugger(call, result) ? inDebugger(call, result, timed) : result
}

async function timed(given: TaskCall): Promise<TaskResult> {
  const { run } = given.playRun
  const call = run.settings.profile ? { ...given, spent: { cost: NOTHING, reaching: 0, since: 0 } } : given
  const started = performance.now()
  const work = () => run.workers.with(() => performed(call))
  const result = await (call.throttle ? throttleOf(call).with(work) : work())
  return { ...result, seconds: (performance.now() - started) / 1000, ...(call.spent ? { cost: call.spent.cost } : {}) }
}

function throttleOf({ playRun, task, throttle }: TaskCall): Semaphore {
  let semaphore = playRun.throttles.get(task)
  if (!semaphore) playRun.throttles.set(task, (semaphore = new Semaphore(throttle)))
  return semaphore
}

async function performed(call: TaskCall): Promise<TaskResult> {
  try {
    return await (call.task.loop ? runLoop(call) : attempt(call))
  } catch (thrown) {
    if (thrown instanceof Unreachable && call.host.awaited) return unknownResult(`the host does not answer now; task '${call.host.awaited.by}' waits for it`)
    if (thrown instanceof Unreachable) return { status: 'unreachable', outputs: dict({ unreachable: true, changed: false, msg: explained(thrown.problem) }), reason: explained(thrown.problem), diff: [], steps: [] }
    const problems = problemsOf(thrown)
    if (!problems || thrown instanceof EndOfRun) throw thrown
    const reason = problems.map(explained).join('; ')
    // What is undefined now may be set by the task that could not be known.
    if (call.host.clouded && problems[0]?.code === 'undefined-variable') return unknownResult(`it would fail now (${reason}), but ${call.host.clouded} may change that`)
    return { ...failedResult([...new Set(problems.map(said))].join('; ')), reason }
  }
}

/** What `register` receives as `msg`: the message alone, which playbooks compare; its place is shown beside it. */
const said = ({ code, detail, message, span, said: words }: Problem): string => words ?? (code === 'undefined-variable' && detail !== undefined ? undefinedOption(detail, span) : SAYS_IT_ALL.has(code) && detail !== undefined ? detail : message)
/** Playbooks look for the first sentence, for the name with 'is undefined', and for the end of that line. */
const undefinedOption = (detail: string, span: Span | undefined): string =>
  `The task includes an option with an undefined variable. The error was: ${detail}${span ? `\n\nThe error appears to be in '${span.file}': line ${span.line}, column ${span.column}` : ''}`
const SAYS_IT_ALL: ReadonlySet<string> = new Set(['template-failed', 'template-loop', 'template-not-found', 'template-syntax'])

const explained = ({ message, hint, span }: Problem): string => `${message}${span ? ` (${span.file}:${span.line}:${span.column})` : ''}${hint ? ` — ${hint}` : ''}`

/** Registers, notifies, counts, tells; and says how it goes on for the host, once all hosts of the round are done. */
async function finish(call: TaskCall, result: TaskResult, place: Place): Promise<Flow> {
  const { playRun, host, task, round } = call
  if (task.register) playRun.run.vars.host(host.name).register(task.register, registered(call, result))
  const ignored = result.status === 'failed' ? call.ignoreErrors() : result.status === 'unreachable' ? call.ignoreUnreachable() : false
  const mine = !call.runOnce || host.name === round.hosts[0]
  if (mine) {
    if (result.status === 'changed' || result.status === 'unknown') notifyHandlers(call, result)
    count(call, result, ignored)
    tell(call, result, ignored)
  }
  host.calm = result.status === 'changed' || result.status === 'failed' ? 0 : host.calm + 1
  if (mine && task.home.role && result.status !== 'skipped' && result.status !== 'unreachable') host.rolesRan.add(task.home.role.path)
  const lost = (result.status === 'failed' || result.status === 'unreachable') && !ignored
  if (lost && !call.context.rescuable) host.failing = true
  const reports = await round.meet(host.name, { lost, fatal: call.anyErrorsFatal || call.runOnce, inclusions: mine ? (result.inclusions ?? []) : [] })
  return goOn(call, result, reports, place)
}

async function goOn(call: TaskCall, result: TaskResult, reports: ReadonlyMap<string, Report>, place: Place): Promise<Flow> {
  const { playRun, host, round, task } = call
  const { lost } = reports.get(host.name)!
  if (round.together && round.isFirst(host.name)) doomOthers(playRun, reports)
  if (result.status === 'unreachable' && lost) return await leaveUnreachable(playRun, host) ? GO : STOP
  if (lost) return { next: 'failed', failure: { task, result: result.outputs } }
  if (host.doomed) return turnedBack(host)
  return result.inclusions ? enterIncluded(call, reports, place) : GO
}

/** `any_errors_fatal` and a failed `run_once` are everybody's failure, and so are more failures than the play bears. */
function doomOthers(playRun: PlayRun, reports: ReadonlyMap<string, Report>): void {
  const all = [...reports.values()]
  if (!all.some(({ lost }) => lost)) return
  if (!all.some(({ lost, fatal }) => lost && fatal) && !tooManyFailed(playRun)) return
  for (const host of playRun.hosts.values()) if (host.state === 'running' && !host.failing && !reports.get(host.name)?.lost) host.doomed = true
}

/** `max_fail_percentage`: more than so many of the batch failed. */
function tooManyFailed(playRun: PlayRun): boolean {
  const { play, run, hosts } = playRun
  if (play.maxFailPercentage === undefined) return false
  const failed = [...hosts.values()].filter(({ failing, state }) => failing || state === 'failed' || state === 'unreachable').length
  if ((failed / hosts.size) * 100 <= Number(render(play.maxFailPercentage, playScope(run, play)))) return false
  playRun.over = 'failed'
  run.emit({ type: 'no-hosts', reason: 'remaining' })
  return true
}

/** Waits until the others are through: `meta: clear_host_errors` may bring the host back. */
async function leaveUnreachable({ run, gate }: PlayRun, host: HostRun): Promise<boolean> {
  host.state = 'unreachable'
  run.vars.hostLost(host.name)
  return gate.park(host.name)
}

function count({ playRun: { run }, host, context }: TaskCall, { status, outputs, inclusions }: TaskResult, ignored: boolean): void {
  const tally = tallyOf(run, host.name)
  if (status === 'skipped') tally.skipped++
  else if (status === 'unreachable' && !ignored) tally.unreachable++
  else if (status === 'failed' || status === 'unreachable') {
    // An ignored failure of something that changed the host has changed it.
    if (ignored) [tally.ok, tally.ignored, tally.changed] = [tally.ok + 1, tally.ignored + 1, tally.changed + (outputs.get('changed') === true ? 1 : 0)]
    else if (context.rescuable) tally.rescued++
    else tally.failed++
  } else if (status === 'unknown') tally.unknown++
  else {
    tally.ok += inclusions ? inclusions.length : 1
    if (status === 'changed') tally.changed++
  }
}

function tell(call: TaskCall, result: TaskResult, ignored: boolean): void {
  const { playRun, host, round } = call
  const shown: HostResult = toEvent(call, result)
  playRun.run.emit({ type: 'result', host: host.name, task: round.task, result: { ...(call.noLog ? censor(shown) : shown), ...(ignored ? { ignored } : {}), ...(result.status === 'failed' && call.context.rescuable ? { rescued: true } : {}) } })
}

