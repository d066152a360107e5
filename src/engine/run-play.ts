import { Problem } from '../problem/problem.ts'
import type { Entry, Play, RoleUse, Task } from '../playbook/tree.ts'
import { render } from '../template/template.ts'
import { type Value, isUnknown } from '../value/value.ts'
import { type Context, playContext, withinBlock, withinRole } from './context.ts'
import { FreeGate, type Gate, LinearGate } from './gate.ts'
import { flushHandlers } from './handlers.ts'
import { hostsOfPlay } from './play-hosts.ts'
import { type Flow, GO, runEntries } from './run-entries.ts'
import { runRole } from './run-role.ts'
import { type HostRun, type PlayRun, type Run } from './run.ts'
import { runTask } from './run-task.ts'
import { playScope } from './scopes.ts'
import { batchesOf } from './batches.ts'
import { evaluateTruth } from './truth.ts'
import { askVars } from './ask-vars.ts'

/** Hosts that failed or were lost in an earlier play take part in none after it. */
export type Lost = Map<string, 'failed' | 'unreachable'>

/** One play, batch after batch. Answers whether the run goes on. */
export async function runPlay(run: Run, play: Play, lost: Lost): Promise<boolean> {
  const scope = playScope(run, play)
  const name = render(play.name, scope)
  const matched = hostsOfPlay(run, play, scope)
  if (matched.length === 0) {
    run.emit({ type: 'play-start', name: isUnknown(name) ? '' : String(name ?? ''), hosts: [], span: play.span })
    run.emit({ type: 'no-hosts', reason: 'matched' })
    return true
  }
  run.reached = true
  await run.vars.beginPlay(play, await askVars(run, play, scope), run.loader)
  const remaining = matched.filter((host) => !lost.has(host))
  if (remaining.length === 0) {
    run.emit({ type: 'no-hosts', reason: 'remaining' })
    return false
  }
  for (const batch of batchesOf(play, remaining, scope)) {
    run.emit({ type: 'play-start', name: String(name ?? '') || String(render(play.hosts, scope)), hosts: batch, span: play.span })
    const playRun = newPlayRun(run, play, matched, batch)
    run.vars.beginBatch(play, matched, batch)
    await runBatch(playRun)
    for (const host of playRun.hosts.values()) if (host.state === 'failed' || host.state === 'unreachable') lost.set(host.name, host.state)
    if (playRun.over === 'failed' || run.signal.aborted) return false
    if (batch.every((host) => lost.has(host))) {
      run.emit({ type: 'no-hosts', reason: 'remaining' })
      return false
    }
  }
  return true
}

function newPlayRun(run: Run, play: Play, allHosts: readonly string[], batch: readonly string[]): PlayRun {
  const context = playContext(play)
  const uses = [...play.roles]
  const hosts = new Map(batch.map((name): [string, HostRun] => [name, { name, state: 'running', owed: new Set(), doubtful: new Map(), rolesDone: new Set(), clouded: undefined, calm: 7 }]))
  const imported = [...importedRoles([...play.preTasks, ...play.tasks, ...play.postTasks], context)]
  for (const { use } of imported) if (use.public !== false) run.vars.exposeRole(use.role)
  const handlers = [...[...uses.map((use) => ({ use, context: withinRole(context, use) })), ...imported].flatMap((one) => roleHandlers(one.use, one.context)), ...play.handlers.map((entry) => ({ entry, context }))]
  return { run, play, hosts, allHosts, batch, gate: new FreeGate(() => false), handlers: dedupe(handlers), roleUses: uses, over: 'no', throttles: new Map() }
}

/** Roles that `import_role` put into tasks, with what surrounds them. */
function* importedRoles(entries: readonly Entry[], context: Context): Generator<{ readonly use: RoleUse; readonly context: Context }> {
  for (const entry of entries) {
    if (entry.kind === 'task') continue
    const inner = withinBlock(context, entry)
    if (entry.importedRole) yield { use: entry.importedRole, context: inner }
    yield* importedRoles([...entry.block, ...entry.rescue, ...entry.always], inner)
  }
}

function roleHandlers(use: RoleUse, context: Context): PlayRun['handlers'] {
  return [...use.role.dependencies.flatMap((dependency) => roleHandlers(dependency, withinRole(context, dependency))), ...use.role.handlers.map((entry) => ({ entry, context }))]
}

const dedupe = (handlers: PlayRun['handlers']): PlayRun['handlers'] => handlers.filter(({ entry }, i) => handlers.findIndex((other) => other.entry === entry) === i)

type Section = (playRun: PlayRun, host: HostRun, context: Context) => Promise<Flow>

/** Facts, pre_tasks, roles and tasks, post_tasks; handlers after each of the three. */
async function runBatch(playRun: PlayRun): Promise<void> {
  const { play } = playRun
  const context = playContext(play)
  const sections: Section[] = [
    ...(gathers(playRun) ? [(pr: PlayRun, host: HostRun, at: Context) => runTask(pr, host, gatherTask(play), at, [0])] : []),
    (pr, host, at) => runEntries(pr, host, play.preTasks, at, [0]), flush,
    rolesAndTasks, flush,
    (pr, host, at) => runEntries(pr, host, play.postTasks, at, [0]), flush,
  ]
  for (const section of sections) await runSection(playRun, section, context)
  if (forces(playRun)) await runSection(playRun, forced, context)
}

const flush: Section = (playRun, host) => flushHandlers(playRun, host, [0])

/** `force_handlers`: hosts that failed still do what they owe. */
const forced: Section = (playRun, host) => (host.state === 'failed' && host.owed.size > 0 ? (reviveFor(playRun, host)) : Promise.resolve(GO))
async function reviveFor(playRun: PlayRun, host: HostRun): Promise<Flow> {
  host.state = 'running'
  const flow = await flushHandlers(playRun, host, [0])
  host.state = 'failed'
  return flow
}

async function rolesAndTasks(playRun: PlayRun, host: HostRun, context: Context): Promise<Flow> {
  for (const [index, use] of playRun.play.roles.entries()) {
    const flow = await runRole(playRun, host, use, withinRole(context, use), [0, index], { dynamic: false, public: true })
    if (flow.next !== 'go') return flow
  }
  return runEntries(playRun, host, playRun.play.tasks, context, [1])
}

async function runSection(playRun: PlayRun, section: Section, context: Context): Promise<void> {
  if (playRun.over !== 'no' && section !== forced) return
  const hosts = [...playRun.hosts.values()].filter(({ state }) => state === 'running' || (section === forced && state === 'failed'))
  playRun.gate = gateOf(playRun, hosts.map(({ name }) => name))
  await Promise.all(hosts.map(async (host) => {
    try {
      const flow = await section(playRun, host, context)
      if (flow.next === 'failed' && host.state === 'running') lose(playRun, host)
    } finally {
      playRun.gate.leave(host.name)
    }
  }))
}

/** A failure that nothing rescued; `always` parts have had their turn. */
function lose({ run }: PlayRun, host: HostRun): void {
  host.state = 'failed'
  run.vars.hostLost(host.name)
}

function gateOf(playRun: PlayRun, hosts: readonly string[]): Gate {
  const { run, play } = playRun
  const strategy = play.strategy === undefined ? run.settings.strategy : String(render(play.strategy, playScope(run, play)))
  const over = () => playRun.over !== 'no' || run.signal.aborted || tooManyFailed(playRun)
  switch (strategy.replace(/^ansible\.builtin\./, '')) {
    case 'linear': return new LinearGate(hosts, over)
    case 'free': case 'host_pinned': return new FreeGate(over)
    default: throw new Problem({ code: 'unknown-strategy', summary: 'this strategy is not offered', detail: `'${strategy}'`, hint: 'use linear, free or host_pinned', span: play.span })
  }
}

/** `max_fail_percentage`: more than so many of the batch failed. */
function tooManyFailed(playRun: PlayRun): boolean {
  const { play, run, hosts } = playRun
  if (play.maxFailPercentage === undefined) return false
  const failed = [...hosts.values()].filter(({ state }) => state === 'failed' || state === 'unreachable').length
  if ((failed / hosts.size) * 100 <= Number(render(play.maxFailPercentage, playScope(run, play)))) return false
  playRun.over = 'failed'
  return true
}

function forces({ run, play }: PlayRun): boolean {
  return run.settings.forceHandlers || (play.forceHandlers !== undefined && evaluateTruth(render(play.forceHandlers, playScope(run, play))) === true)
}

function gathers({ run, play, batch }: PlayRun): boolean {
  if (play.gatherFacts !== undefined) return evaluateTruth(render(play.gatherFacts, playScope(run, play))) === true
  if (run.settings.gathering === 'explicit') return false
  return run.settings.gathering === 'implicit' || batch.some((host) => !run.vars.host(host).hasFacts)
}

/** The task that Ansible prints as "Gathering Facts". */
function gatherTask(play: Play): Task {
  const args = new Map<Value, Value>()
  if (play.gatherSubset !== undefined) args.set('gather_subset', play.gatherSubset)
  if (play.gatherTimeout !== undefined) args.set('gather_timeout', play.gatherTimeout)
  if (play.factPath !== undefined) args.set('fact_path', play.factPath)
  return {
    kind: 'task', span: play.span, name: 'Gathering Facts', action: 'setup', actionAsWritten: 'gather_facts', args, argSpans: new Map(), until: [], notify: [], listen: [],
    home: { directory: play.span.file.slice(0, play.span.file.lastIndexOf('/')) || '.' }, tags: ['always'], when: [], vars: new Map(),
  }
}

