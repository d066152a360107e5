import type { Play, Task } from '../playbook/tree.ts'
import type { Scope } from '../template/scope.ts'
import type { Dict, Value } from '../value/value.ts'
import { connectionName } from './connection-names.ts'
import { type Context, blockVars, playContext, rolesAround } from './context.ts'
import type { PlayRun, Run } from './run.ts'
import { searchPaths } from './search-paths.ts'

/** The variables of one task on one host; `item` holds the names of a loop. */
export function scopeOf({ run, play }: PlayRun, host: string, task: Task, context: Context, item: Dict | undefined): Scope {
  return run.vars.scope({
    host, play, roles: rolesAround(context), params: paramsAround(context), blockVars: blockVars(task, context), item, home: task.home,
    connection: (name, defined) => connectionName(name, { host, task, context, settings: run.settings }, defined),
    searchPaths: (subdirectory) => searchPaths(play, context, task, subdirectory), ...firstFound(task.action),
    warn: (text, span) => run.emit({ type: 'warning', text, ...(span ? { span } : {}) }),
  })
}

/** `with_first_found` looks where the task's own files are. */
function firstFound(action: string): { readonly firstFound?: string } {
  const directories: Readonly<Record<string, string>> = { include_vars: 'vars', template: 'templates', include_tasks: 'tasks', include: 'tasks' }
  return directories[action] ? { firstFound: directories[action] } : {}
}

/** The variables of a handler's name: those of the play and of what surrounds it, of no host. */
export function scopeWithoutHost(run: Run, play: Play, task: Task, context: Context): Scope {
  return run.vars.scope({
    host: undefined, play, roles: rolesAround(context), params: paramsAround(context), blockVars: blockVars(task, context), item: undefined, home: task.home,
    searchPaths: (subdirectory) => searchPaths(play, context, task, subdirectory), warn: () => undefined,
  })
}

/** The variables of a play itself, before there is a host. */
export function playScope(run: Run, play: Play): Scope {
  const context = playContext(play)
  return run.vars.scope({
    host: undefined, play, roles: [], params: [], blockVars: [], item: undefined, home: undefined,
    searchPaths: (subdirectory) => searchPaths(play, context, undefined, subdirectory),
    warn: (text, span) => run.emit({ type: 'warning', text, ...(span ? { span } : {}) }),
  })
}

function paramsAround(context: Context): readonly Dict[] {
  const layers: Dict[] = []
  for (let at: Context | undefined = context; at; at = at.parent) if (at.params && at.params.size > 0 && at.params !== at.parent?.params) layers.unshift(at.params)
  return layers
}

/** The same scope with some names answered first, and with its own way to warn. */
export function overScope(scope: Scope, names: (name: string) => Value | undefined, warn: NonNullable<Scope['warn']> = (text, span) => scope.warn?.(text, span)): Scope {
  return {
    environment: scope.environment,
    get: (name) => {
      const own = names(name)
      return own === undefined ? scope.get(name) : own
    },
    names: () => scope.names(),
    ...(scope.loadTemplate ? { loadTemplate: (name: string) => scope.loadTemplate!(name) } : {}),
    warn,
    get lookupContext() {
      return scope.lookupContext as NonNullable<Scope['lookupContext']>
    },
  }
}
