import { Problem, Problems } from '../problem/problem.ts'
import type { Entry, Inherited, Play, Playbook } from '../playbook/tree.ts'

/** What the language has and tutti does not offer yet is refused before anything runs, never passed over in silence. */
export function refuseUnoffered(playbooks: readonly Playbook[]): void {
  const problems = playbooks.flatMap(({ plays }) => plays.flatMap((play) => [...ofPlay(play)]))
  if (problems.length > 0) throw new Problems(problems)
}

function* ofPlay(play: Play): Generator<Problem> {
  yield* ofNode(play, play.span)
  for (const entry of entriesOf([...play.preTasks, ...play.tasks, ...play.postTasks, ...play.handlers, ...play.roles.flatMap(({ role }) => [...role.tasks, ...role.handlers])])) {
    yield* ofNode(entry, entry.span)
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
