import { readLimit } from '../inventory/pattern.ts'
import { Problem } from '../problem/problem.ts'
import { type RunOutcome, exitCodeOf } from './run-outcome.ts'
import { Background } from './background.ts'
import { Machines } from './machines.ts'
import { readTraffic } from '../transport/traffic-meter.ts'
import { Profile } from './profile.ts'
import { runPlay } from './run-play.ts'
import type { Run, RunRequest } from './run.ts'
import { Semaphore } from '../transport/semaphore.ts'

/** Runs the playbooks, one after the other, and tells everything by events. Throws `Problems` for what must end a run at once. */
export async function runPlaybooks(request: RunRequest): Promise<RunOutcome> {
  const started = performance.now()
  const profile = request.settings.profile ? new Profile() : undefined
  const emit: Run['emit'] = profile ? (event) => (profile.see(event), request.emit(event)) : request.emit
  const run: Run = { ...request, emit, machines: new Machines(request.connect), background: new Background(), tallies: new Map(), workers: new Semaphore(request.settings.forks), customStats: new Map(), planned: new Map(), lost: new Map(), reached: false }
  const interrupt = () => void run.machines.interrupt()
  run.signal.addEventListener('abort', interrupt)
  run.emit({ type: 'run-start', version: 1, mode: run.settings.check ? 'dry-run' : 'run', playbooks: run.playbooks.map(({ file }) => file) })
  try {
    await runAll(run).catch((error: unknown) => endOfWaiting(error, run))
    await run.background.settle(run)
    return ended(run, started, profile)
  } finally {
    run.signal.removeEventListener('abort', interrupt)
    await run.machines.close()
  }
}

/** Who is interrupted while something only waits (retries, objects that get ready) has nothing to end on a host. */
function endOfWaiting(error: unknown, { signal }: Run): void {
  if (!signal.aborted || (error as Error).name !== 'AbortError') throw error
}

async function runAll(run: Run): Promise<void> {
  refuseEmptyLimit(run)
  for (const playbook of run.playbooks) {
    run.emit({ type: 'playbook-start', file: playbook.file, plays: playbook.plays.length })
    for (const play of playbook.plays) if (!(await runPlay(run, play)) || run.signal.aborted) return
  }
  if (run.tallies.size === 0 && !run.reached) refuseEmptyRun(run)
}

/** A limit that names nobody is a typing mistake: with it the run would do nothing and look well. */
function refuseEmptyLimit({ inventory, settings: { limit } }: Run): void {
  const only = readLimit(limit ?? '')
  if (only === '' || inventory.match(only).hosts.length > 0) return
  throw new Problem({ code: 'no-hosts-matched', summary: 'The limit matches no host', detail: `--limit ${limit}`, hint: 'tutti inventory --graph shows the hosts and groups there are' })
}

/** So is a run whose plays all name nobody. Ansible ends it with 0. */
function refuseEmptyRun({ playbooks }: Run): void {
  const first = playbooks.flatMap(({ plays }) => plays)[0]
  if (first) throw new Problem({ code: 'no-hosts-matched', summary: 'No play matches any host, so nothing was done', hint: 'name the inventory with -i; tutti inventory --graph shows the hosts and groups it has', span: first.span })
}

function ended(run: Run, started: number, profile: Profile | undefined): RunOutcome {
  const exitCode = run.signal.aborted ? 99 : exitCodeOf(run.lost)
  run.emit({ type: 'recap', hosts: run.tallies, customStats: run.customStats })
  run.emit({ type: 'traffic', hosts: new Map(run.machines.all().map(({ connection }) => [connection.name, readTraffic(connection.traffic)])) })
  if (profile) run.emit(profile.summary())
  run.emit({ type: 'run-end', exitCode, seconds: (performance.now() - started) / 1000 })
  return { exitCode, tallies: run.tallies }
}
