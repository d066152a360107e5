import { didYouMean } from '../problem/did-you-mean.ts'
import type { Value } from '../value/value.ts'
import { optionsOf } from './language-actions.ts'
import { type Loading, type Place, type RoleRequest, defer, handedDown, report, withinBlock } from './loading.ts'
import { readFlag } from './read-value.ts'
import { roleBlock } from './role-use.ts'
import { staticText } from './static-text.ts'
import type { Entry, RoleUse, Task } from './tree.ts'

const OPTIONS = optionsOf('import_role')

/** The dependencies and tasks of a role in place of `import_role`, in a block that hands down what the import says. */
export function importRole(loading: Loading, task: Task, place: Place): readonly Entry[] {
  if (task.loop) {
    report(loading, { code: 'loop-on-import', summary: 'An import cannot have a loop', hint: 'use include_role', span: task.loop.span })
    return []
  }
  const inside = withinBlock(place, task.ignoreErrors, task)
  const request = readRequest(loading, task, inside)
  const loaded = request && loading.role(request, inside)
  if (!loaded) return []
  for (const problem of loaded.deferred) defer(loading, inside, problem)
  const allowDuplicates = flagOf(task, 'allow_duplicates')
  const shared = flagOf(task, 'public')
  const use: RoleUse = {
    span: task.span, role: loaded.role, params: new Map(), ...handedDown(task),
    ...(allowDuplicates === undefined ? { allowDuplicates: true } : { allowDuplicates }), ...(shared === undefined ? {} : { public: shared }),
  }
  return [roleBlock(use, place.home)]
}

function readRequest(loading: Loading, task: Task, place: Place): RoleRequest | undefined {
  for (const key of task.args.keys()) {
    if (OPTIONS.includes(String(key))) continue
    const hint = didYouMean(String(key), OPTIONS)
    report(loading, { code: 'unknown-parameter', summary: 'The module has no such parameter', detail: `'${key}' of import_role`, span: task.argSpans.get(String(key)) ?? task.span, ...(hint ? { hint } : {}) })
  }
  const text = (key: string): string | undefined => staticText(loading, task.args.get(key), place, `'${key}'`, task.span)
  const name = text('name') ?? text('role') ?? text('_raw_params')
  if (name === undefined && !['name', 'role', '_raw_params'].some((key) => task.args.has(key))) {
    report(loading, { code: 'role-without-name', summary: 'A role needs a name', detail: 'in import_role', hint: 'write `name: the_role`', span: task.span })
  }
  return name === undefined ? undefined : roleRequest(name, task, text)
}

/** The request that the arguments of `import_role` and `include_role` stand for. */
export function roleRequest(name: string, task: Task, text: (key: string) => string | undefined): RoleRequest {
  const [tasksFrom, varsFrom, defaultsFrom, handlersFrom] = ['tasks_from', 'vars_from', 'defaults_from', 'handlers_from'].map(text)
  const validate = flagOf(task, 'rolespec_validate')
  return {
    name, span: task.argSpans.get('name') ?? task.argSpans.get('role') ?? task.span, ...(tasksFrom === undefined ? {} : { tasksFrom }), ...(varsFrom === undefined ? {} : { varsFrom }),
    ...(defaultsFrom === undefined ? {} : { defaultsFrom }), ...(handlersFrom === undefined ? {} : { handlersFrom }), ...(validate === undefined ? {} : { validate }),
  }
}

function flagOf(task: Task, key: string): boolean | undefined {
  const value: Value | undefined = task.args.get(key)
  return value === undefined ? undefined : readFlag(value)
}
