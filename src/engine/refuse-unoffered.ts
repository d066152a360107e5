import { Problem, Problems } from '../problem/problem.ts'
import type { Entry, Inherited, Play, Playbook, Task } from '../playbook/tree.ts'

/** What the language has and tutti does not offer yet is refused before anything runs, never passed over in silence. */
export function refuseUnoffered(playbooks: readonly Playbook[]): void {
  const problems = playbooks.flatMap(({ plays }) => plays.flatMap((play) => [...ofPlay(play)]))
  if (problems.length > 0) throw new Problems(problems)
}

function* ofPlay(play: Play): Generator<Problem> {
  yield* ofNode(play, play.span)
  for (const entry of entriesOf([...play.preTasks, ...play.tasks, ...play.postTasks, ...play.handlers, ...play.roles.flatMap(({ role }) => [...role.tasks, ...role.handlers])])) {
    yield* ofNode(entry, entry.span)
    if (entry.kind === 'task') yield* ofTask(entry)
  }
}

function* entriesOf(entries: readonly Entry[]): Generator<Entry> {
  for (const entry of entries) {
    yield entry
    if (entry.kind === 'block') yield* entriesOf([...entry.block, ...entry.rescue, ...entry.always])
  }
}

function* ofNode({ debugger: asked }: Inherited, span: Problem['span']): Generator<Problem> {
  if (asked !== undefined && asked !== 'never') yield new Problem({ code: 'not-offered', summary: 'tutti has no task debugger', hint: 'leave out `debugger`; --step asks before each task', ...(span ? { span } : {}) })
}

/** The problem of a task that is to go on in the background; `poll` may be a template that only the run knows. */
export function* ofTask({ async: seconds, poll, span }: Pick<Task, 'async' | 'poll' | 'span'>): Generator<Problem> {
  if (seconds === undefined || seconds === 0 || seconds === '0') return
  if (poll === 0 || poll === '0') yield new Problem({ code: 'not-offered', summary: 'tutti runs no task in the background', detail: 'async with poll: 0', hint: 'leave out `poll: 0`: the task then takes at most so many seconds', span })
}
