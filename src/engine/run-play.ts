import { Problem } from '../problem/problem.ts'
import type { Play, Task } from '../playbook/tree.ts'
import { render } from '../template/template.ts'
import { type Value, isUnknown } from '../value/value.ts'
import { type Context, playContext, withinRole } from './context.ts'
import { FreeGate, type Gate, LinearGate, type Place } from './gate.ts'
import { flushHandlers, handlersIn } from './handlers.ts'
import { hostsOfPlay } from './play-hosts.ts'
import { type Flow, GO, runEntries } from './run-entries.ts'
import { handlersOfRole, importedByRole, importedRoles, runRole } from './run-role.ts'
import { type HostRun, type PlayRun, type Run } from './run.ts'
import { runTask } from './run-task.ts'
import { overScope, playScope } from './scopes.ts'
import { Semaphore } from '../transport/semaphore.ts'
import { batchesOf } from './batches.ts'
import { evaluateTruth } from './truth.ts'
import { askVars } from './ask-vars.ts'

/** One play, batch after batch. Answers whether the run goes on. */
export async function runPlay(run: Run, play: Play): Promise<boolean> {
  // What is asked may name the hosts.
  const answers = await askVars(run, play, playScope(run, play))
  const scope = answers.size === 0 ? playScope(run, play) : overScope(playScope(run, play), (wanted) => answers.get(wanted))
  const name = render(play.name, scope)
  const matched = hostsOfPlay(run, play, scope)
  if (matched.length === 0) {
    run.emit({ type: 'play-start', name: isUnknown(name) ? '' : String(name ?? ''), hosts: [], span: play.span })
    run.emit({ type: 'no-hosts', reason: 'matched' })
    return true
  }
  run.reached = true
  await run.vars.beginPlay(play, answers, run.loader)
  for (const hosts of batchesOf(play, matched, scope)) {
    const batch = hosts.filter((host) => !run.lost.has(host))
    run.emit({ type: 'play-start', name: String(name ?? '') || String(render(play.hosts, scope)), hosts: batch, span: play.span, check: inCheck(run, play, scope), free: strategyOf(run, play) !== 'linear' })
    const playRun = newPlayRun(run, play, matched, batch)
    run.vars.beginBatch(play, matched, batch)
    await runBatch(playRun)
    for (const host of playRun.hosts.values()) if (host.state === 'failed' || host.state === 'unreachable') run.lost.set(host.name, host.state)
    if (playRun.over === 'failed' || run.signal.aborted) return false
    // `end_play` ends it for the batches to come too.
    if (playRun.over === 'ended') return true
    // A batch that lost all its hosts ends the run; hosts that were lost before do not count.
    if (hosts.length === batch.length && batch.every((host) => run.lost.has(host))) return false
  }
  return true
}

/** Whether the play as a whole changes nothing. */
function inCheck({ settings }: Run, { checkMode }: Play, scope: ReturnType<typeof playScope>): boolean {
  return checkMode === undefined ? settings.check : evaluateTruth(render(checkMode, scope)) === true
}

function newPlayRun(run: Run, play: Play, allHosts: readonly string[], batch: readonly string[]): PlayRun {
  const context = playContext(play)
  const hosts = new Map(batch.map((name) => [name, newHostRun(name)]))
  const imported = [...play.roles.flatMap((use) => [...importedByRole(use.role, withinRole(context, use))]), ...importedRoles([...play.preTasks, ...play.tasks, ...play.postTasks], context)]
  for (const { use } of imported) if (use.public ?? !run.settings.privateRoleVars) run.vars.exposeRole(use.role)
  const roles = [...play.roles.map((use) => ({ use, context: withinRole(context, use) })), ...imported]
  const handlers = [...roles.flatMap((one) => handlersOfRole(one.use, one.context)), ...handlersIn(play.handlers, context)]
  const gate = gateOf(run, play, batch, (name) => mustStop(playRun, name))
  const playRun: PlayRun = { run, play, hosts, allHosts, batch, gate, handlers, roleUses: play.roles, over: 'no', throttles: new Map() }
  return playRun
}

const newHostRun = (name: string): HostRun => ({
  name, state: 'running', notified: new Map(), owed: new Set(), doubtful: new Map(), flushing: false, doomed: false, failing: false, cleared: 0, rolesDone: new Set(), rolesRan: new Set(), clouded: undefined, calm: 7,
})

/** All hosts of the batch on their way; `host_pinned` lets no more begin than there are workers. */
async function runBatch(playRun: PlayRun): Promise<void> {
  const { run, play, gate } = playRun
  const pinned = strategyOf(run, play) === 'host_pinned' ? new Semaphore(run.settings.forks) : undefined
  await Promise.all([...playRun.hosts.values()].map(async (host) => {
    try {
      const way = () => runSections(playRun, host)
      const flow = await (pinned ? pinned.with(way) : way())
      if (flow.next === 'failed' && host.state === 'running') lose(playRun, host)
    } finally {
      gate.leave(host.name)
    }
  }))
  // Also those that had nothing left to do when another one failed, in tasks that it alone included.
  for (const host of playRun.hosts.values()) if (host.doomed && host.state === 'running') lose(playRun, host)
}

type Section = (playRun: PlayRun, host: HostRun, context: Context, place: Place) => Promise<Flow>

const sections: readonly Section[] = [
  (playRun, host, context, place) => runEntries(playRun, host, playRun.play.preTasks, context, place),
  async (playRun, host, context, place) => {
    for (const [index, use] of playRun.play.roles.entries()) {
      const flow = await runRole(playRun, host, use, withinRole(context, use), [...place, 0, index])
      if (flow.next !== 'go') return flow
    }
    return runEntries(playRun, host, playRun.play.tasks, context, [...place, 1])
  },
  (playRun, host, context, place) => runEntries(playRun, host, playRun.play.postTasks, context, place),
]

/** Facts; then pre_tasks, roles and tasks, and post_tasks, with the handlers after each of the three. */
async function runSections(playRun: PlayRun, host: HostRun): Promise<Flow> {
  const context = playContext(playRun.play)
  if (gathers(playRun)) {
    const flow = await runTask(playRun, host, gatherTask(playRun), context, [0])
    if (flow.next !== 'go') return flow
  }
  for (const [index, section] of sections.entries()) {
    const flow = await section(playRun, host, context, [index + 1, 0])
    // With `force_handlers`, hosts that failed still do what they owe.
    if (flow.next === 'stop' || (flow.next !== 'go' && !forces(playRun))) return flow
    const last = await flushHandlers(playRun, host, [index + 1, 1])
    if (flow.next !== 'go' || last.next !== 'go') return flow.next === 'go' ? last : flow
  }
  return GO
}

/** A failure that nothing rescued; `always` parts have had their turn. */
function lose({ run }: PlayRun, host: HostRun): void {
  host.state = 'failed'
  run.vars.hostLost(host.name)
}

function mustStop({ run, hosts, over }: PlayRun, name: string): boolean {
  const { state, doomed } = hosts.get(name)!
  return doomed || state !== 'running' || over === 'ended' || run.signal.aborted
}

const strategyOf = (run: Run, play: Play): string =>
  (play.strategy === undefined ? run.settings.strategy : String(render(play.strategy, playScope(run, play)))).replace(/^ansible\.builtin\./, '')

function gateOf(run: Run, play: Play, batch: readonly string[], stops: (host: string) => boolean): Gate {
  const strategy = strategyOf(run, play)
  switch (strategy) {
    case 'linear': case 'debug': return new LinearGate(batch, stops)
    case 'free': case 'host_pinned': return new FreeGate(batch, stops)
    default: throw new Problem({ code: 'unknown-strategy', summary: 'this strategy is not offered', detail: `'${strategy}'`, hint: 'use linear, free or host_pinned', span: play.span })
  }
}

function forces({ run, play }: PlayRun): boolean {
  // What the play says stands above the command line.
  return play.forceHandlers === undefined ? run.settings.forceHandlers : evaluateTruth(render(play.forceHandlers, playScope(run, play))) === true
}

function gathers({ run, play, batch }: PlayRun): boolean {
  if (play.gatherFacts !== undefined) return evaluateTruth(render(play.gatherFacts, playScope(run, play))) === true
  if (run.settings.gathering === 'explicit') return false
  return run.settings.gathering === 'implicit' || batch.some((host) => !run.vars.host(host).gathered)
}

/** The task that Ansible prints as "Gathering Facts". */
function gatherTask({ play, run }: PlayRun): Task {
  const args = new Map<Value, Value>()
  const subset = play.gatherSubset ?? run.settings.factSubset
  if (subset !== undefined) args.set('gather_subset', subset)
  if (play.gatherTimeout !== undefined) args.set('gather_timeout', play.gatherTimeout)
  if (play.factPath !== undefined) args.set('fact_path', play.factPath)
  // Whatever the play says of its tasks, every host tells its own facts.
  return {
    runOnce: false, kind: 'task', span: play.span, name: 'Gathering Facts', action: 'setup', actionAsWritten: 'gather_facts', args, argSpans: new Map(), until: [], notify: [], listen: [],
    home: { directory: play.span.file.slice(0, play.span.file.lastIndexOf('/')) || '.' }, tags: ['always'], when: [], vars: new Map(),
  }
}

