import { render } from '../template/template.ts'
import type { Scope } from '../template/scope.ts'
import { isOmit } from '../template/objects.ts'
import { splitWords } from '../shell/split-words.ts'
import { Problem } from '../problem/problem.ts'
import type { Module } from '../contract/define-module.ts'
import { FREE_FORM } from '../playbook/read-action.ts'
import type { Task } from '../playbook/tree.ts'
import { type Dict, TemplateString, type Unknown, type Value, isDict, isUnknown } from '../value/value.ts'
import type { TaskCall } from './call.ts'
import { type Context, accumulated } from './context.ts'

/** The arguments of a task, rendered: defaults of the module below, what a template gave next, the task's own on top. What is `asWritten` the action renders itself. */
export function moduleArgs({ task, context, scope }: TaskCall, module?: Pick<Module, 'standsFor' | 'params'>, asWritten: readonly string[] = []): Dict | Unknown {
  const args = new Map<Value, Value>([...(module?.standsFor ?? []).flatMap((name) => [...defaultsFor(fullAndShort([name]), task, context, scope)]), ...defaultsFor(fullAndShort([task.action, task.actionAsWritten]), task, context, scope)])
  if (task.argsTemplate !== undefined) {
    const rendered = render(task.argsTemplate, scope)
    if (isUnknown(rendered)) return rendered
    for (const [key, value] of asArgs(rendered, task)) args.set(key, value)
  }
  for (const [key, value] of task.args) {
    const rendered = asWritten.includes(String(key)) ? value : render(value, scope)
    if (isOmit(rendered)) {
      args.delete(key)
      continue
    }
    // A template that stands for all arguments.
    if (key === '_raw_params' && isDict(rendered)) for (const [name, one] of rendered) args.set(name, one)
    else args.set(key, rendered)
  }
  refuseFreeForm(task, args)
  for (const [name, { variable, aliases }] of Object.entries(module?.params ?? {})) {
    const value = variable === undefined || [name, ...aliases].some((key) => args.has(key)) ? undefined : scope.get(variable)
    if (value !== undefined) args.set(name, render(value, scope))
  }
  return args
}

/** Text beside named arguments that a template made: an action that takes none must not take it for arguments. */
function refuseFreeForm({ action, args: written, span }: Task, args: Dict): void {
  if (FREE_FORM.has(action) || !args.has('_raw_params') || !(written.get('_raw_params') instanceof TemplateString)) return
  throw new Problem({ code: 'free-form-arguments', summary: `invalid or malformed argument: '${String(args.get('_raw_params'))}'`, span })
}

const fullAndShort = (names: readonly string[]): ReadonlySet<string> => new Set(names.flatMap((name) => [name, `ansible.builtin.${name}`, `ansible.legacy.${name}`]))

function defaultsFor(names: ReadonlySet<string>, task: Task, context: Context, scope: Scope): Dict {
  const merged = new Map<Value, Value>()
  for (const layer of accumulated(task, context, 'moduleDefaults')) {
    for (const [name, defaults] of layer as Dict) if (names.has(String(name)) && isDict(defaults)) for (const [key, value] of defaults) merged.set(key, render(value, scope))
  }
  return merged
}

function asArgs(value: Value, task: Task): Dict {
  if (isDict(value)) return value
  if (value === null) return new Map()
  if (typeof value === 'string') return new Map(splitWords(value).map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]))
  throw new Problem({ code: 'wrong-type', summary: 'the arguments of a task must be a dict', detail: task.actionAsWritten, span: task.span })
}
