import type { Task } from '../playbook/tree.ts'
import { Problem, problemsOf } from '../problem/problem.ts'
import { repr } from '../template/python/text.ts'
import { evaluate } from '../template/template.ts'
import { type Dict, type Value, dict, isDict } from '../value/value.ts'
import { taskName } from './announce.ts'
import { type TaskCall, callOf } from './call.ts'
import { inherited } from './context.ts'
import { moduleArgs } from './module-args.ts'
import type { Run } from './run.ts'
import { overScope } from './scopes.ts'
import { Semaphore } from '../transport/semaphore.ts'
import { type TaskResult, censor, registered, toEvent } from './task-result.ts'

const HELP = `c, continue                    take the result as it is
p, print EXPRESSION            show a value: task, task.args, task_vars, host, result._result
task.args[KEY] = VALUE         change an argument
task_vars[KEY] = VALUE         change a variable
u, update_task                 the arguments as they are written again, with the changed variables
r, redo                        run the task again
q, quit                        end the run
`

/** `debugger:` and the setting `enable_task_debugger`: whether a result of the task is looked into before it counts. */
export function wantsDebugger(call: TaskCall, { status }: TaskResult): boolean {
  const asked = inherited(call.task, call.context, 'debugger')
  const lost = status === 'failed' || status === 'unreachable'
  if (asked === undefined) {
    const { run: { settings: { taskDebugger, debugIgnored, strategy } }, play } = call.playRun
    return (taskDebugger === true || /^(ansible\.builtin\.)?debug$/.test(String(play.strategy ?? strategy))) && lost && (debugIgnored !== false || !(status === 'failed' ? call.ignoreErrors() : call.ignoreUnreachable()))
  }
  return asked === 'always' || (asked === 'on_failed' && status === 'failed') || (asked === 'on_unreachable' && status === 'unreachable') || (asked === 'on_skipped' && status === 'skipped')
}

/** One question at a time, whichever host asks. */
const terminals = new WeakMap<Run, Semaphore>()

/**
 * Asks what to do about a result until it is taken as it is, and answers the one that counts in the end. Where nobody is there to
 * ask, that is the first.
 */
export async function inDebugger(call: TaskCall, result: TaskResult, again: (call: TaskCall) => Promise<TaskResult>): Promise<TaskResult> {
  const { run } = call.playRun
  if (!terminals.has(run)) terminals.set(run, new Semaphore(1))
  return terminals.get(run)!.with(() => new Session(call, result, again).run())
}

class Session {
  #call: TaskCall
  #result: TaskResult
  readonly #original: TaskCall
  readonly #again: (call: TaskCall) => Promise<TaskResult>
  #variables: Dict = dict({})

  constructor(call: TaskCall, result: TaskResult, again: (call: TaskCall) => Promise<TaskResult>) {
    this.#call = this.#original = call
    this.#result = result
    this.#again = again
  }

  async run(): Promise<TaskResult> {
    const { run } = this.#call.playRun
    const prompt = `[${this.#call.host.name}] TASK: ${taskName(this.#call)} (debug)> `
    for (let said = this.#invoked(); ;) {
      const line = await run.ask(run.secrets.redact(said) + prompt, {})
      if (line === undefined || /^(c|continue)$/.test(line.trim())) return this.#result
      if (/^(q|quit)$/.test(line.trim())) throw new Problem({ code: 'ended-by-user', summary: 'The run was ended in the debugger', span: this.#call.task.span })
      said = await this.#answer(line.trim())
      // Another result may need no debugger.
      if (/^(r|redo)$/.test(line.trim()) && !wantsDebugger(this.#call, this.#result)) return this.#result
    }
  }

  #invoked(): string {
    const shown = toEvent(this.#call, this.#result)
    const outputs = (this.#call.noLog ? censor(shown) : shown).outputs
    return `${this.#result.status}: [${this.#call.host.name}] => ${repr(outputs)}\nDebugger invoked\n`
  }

  async #answer(line: string): Promise<string> {
    try {
      const assignment = /^(task\.args|task_vars)\s*((?:\[[^\]]+\]|\.\w+)*)\s*=(?!=)(.+)$/.exec(line)
      if (assignment) return this.#assign(assignment[1] === 'task_vars', assignment[2]!, this.#evaluate(assignment[3]!.trim()))
      const [, command, rest = ''] = /^(\w+)\s*(.*)$/.exec(line) ?? []
      switch (command) {
        case undefined: return ''
        case 'h': case 'help': return HELP
        case 'p': case 'print': case 'pprint': return `${shownAs(this.#evaluate(rest || 'task'))}\n`
        case 'u': case 'update_task': return this.#with(this.#original.task)
        case 'r': case 'redo': return await this.#redo()
        default: return `*** '${command}' is no command: h lists them\n`
      }
    } catch (thrown) {
      const problems = problemsOf(thrown)
      if (!problems) throw thrown
      return `${problems.map(({ message }) => `*** ${message}`).join('\n')}\n`
    }
  }

  #assign(variable: boolean, path: string, value: Value): string {
    const keys = [...path.matchAll(/\[([^\]]+)\]|\.(\w+)/g)].map(([, key, name]) => name ?? this.#evaluate(key!))
    if (variable && keys.length === 0) return '*** name a variable: task_vars[KEY] = VALUE\n'
    if (variable) {
      const [first] = keys
      const before = this.#variables.get(first!) ?? (typeof first === 'string' ? this.#call.scope.get(first) : undefined)
      this.#variables = new Map([...this.#variables, [first!, placed(before, keys.slice(1), value)]])
      return this.#with(this.#call.task)
    }
    const args = placed(this.#call.task.args, keys, value)
    if (!isDict(args)) return '*** the arguments are a dictionary\n'
    return this.#with({ ...this.#call.task, args })
  }

  #with(task: Task): string {
    const { playRun, host, context, round } = this.#original
    this.#call = callOf(playRun, host, task, context, round, this.#variables)
    return ''
  }

  async #redo(): Promise<string> {
    this.#result = await this.#again(this.#call)
    return this.#invoked()
  }

  #evaluate(expression: string): Value {
    const { task, host, scope } = this.#call
    return evaluate(expression, overScope(scope, (name) => {
      switch (name) {
        case 'task': return dict({ name: taskName(this.#call), action: task.actionAsWritten, args: this.#args() })
        case 'task_vars': return new Map([...scope.names()].map((one) => [one, readable(() => scope.get(one) ?? null)]))
        case 'host': return host.name
        case 'result': return dict({ _result: registered(this.#call, this.#result), _host: host.name })
        default: return undefined
      }
    }))
  }

  /** Rendered where they can be, as written where that fails: that may be why the debugger was called. */
  #args(): Value {
    return readable(() => moduleArgs(this.#call), this.#call.task.args)
  }
}

function readable(read: () => Value, otherwise: Value = '<cannot be rendered>'): Value {
  try {
    return read()
  } catch (thrown) {
    if (!problemsOf(thrown)) throw thrown
    return otherwise
  }
}

/** A copy of `within` in which the place that the keys lead to holds the value. */
function placed(within: Value | undefined, keys: readonly Value[], value: Value): Value {
  const [key, ...rest] = keys
  if (key === undefined) return value
  if (Array.isArray(within) && typeof key === 'number') return within.with(key, placed(within.at(key), rest, value))
  return new Map([...(within !== undefined && isDict(within) ? within : []), [key, placed(within !== undefined && isDict(within) ? within.get(key) : undefined, rest, value)]])
}

const shownAs = (value: Value): string => (isDict(value) ? `{${[...value].map(([key, one]) => `${repr(key)}: ${repr(one)}`).join(',\n ')}}` : repr(value))
