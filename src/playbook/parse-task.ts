import type { Span } from '../problem/problem.ts'
import { type Value } from '../value/value.ts'
import { type YamlNode, toValue } from '../yaml/yaml-node.ts'
import { checkTask } from './check-task.ts'
import { noteDefinitions } from './check-variables.ts'
import { HANDLER, INCLUDE, TASK } from './keywords.ts'
import { type Loading, type Place, report } from './loading.ts'
import { type Action, isLoopKey, readAction } from './read-action.ts'
import { warnReserved } from './reserved-names.ts'
import { readConditions } from './read-conditions.ts'
import { isVariableName, readInherited, readTagged } from './read-inherited.ts'
import { readLoop } from './read-loop.ts'
import { type YamlMap, entriesOf, keySpan, listOf, textOf, valueAt, wrongType } from './read-value.ts'
import type { Task } from './tree.ts'

/** One task of a file; undefined where it has no usable action, which is reported. Imports are tasks here: `parse-entries` replaces them. */
export function parseTask(loading: Loading, map: YamlMap, place: Place): Task | undefined {
  const keywords = place.handler ? HANDLER : TASK
  const register = readRegister(loading, valueAt(map, 'register'))
  // Also where the module is not known: one mistake must not make others of it.
  loading.names.define(register, valueAt(map, 'register')?.span)
  const action = readAction(loading, map, keywords, place)
  if (!action) return undefined
  checkIncludeKeywords(loading, map, action)
  checkInnerNames(loading, action)
  const loop = readLoop(loading, map)
  const changedWhen = valueAt(map, 'changed_when')
  const failedWhen = valueAt(map, 'failed_when')
  const { name = '', ...rest } = readInherited(loading, map, keywords)
  const { span: _, local, argNodes, ...does } = action
  const task: Task = {
    kind: 'task', span: map.span, name, ...rest, ...(local && rest.delegateTo === undefined ? { delegateTo: 'localhost' } : {}), ...readTagged(loading, map), ...does,
    ...(loop ? { loop } : {}), until: readConditions(loading, valueAt(map, 'until'), 'until'),
    ...(changedWhen ? { changedWhen: readConditions(loading, changedWhen, 'changed_when') } : {}),
    ...(failedWhen ? { failedWhen: readConditions(loading, failedWhen, 'failed_when') } : {}),
    ...(register === undefined ? {} : { register }), notify: readNames(loading, valueAt(map, 'notify'), 'notify'),
    listen: readNames(loading, valueAt(map, 'listen'), 'listen'), home: place.home, spans: spansOf(map),
  }
  noteDefinitions(loading, task)
  checkTask(loading, task, action.span, place, argNodes)
  return task
}

/** The places of `register` and of what is notified. */
export function spansOf(map: YamlMap): ReadonlyMap<string, Span> {
  const register = valueAt(map, 'register')
  const notified = listOf(valueAt(map, 'notify')).map((node) => [`notify ${textOf(toValue(node)) ?? ''}`, node.span] as const)
  return new Map([...(register ? [['register', register.span] as const] : []), ...notified])
}

/** Names of handlers or topics: one or a list. */
export function readNames(loading: Loading, node: YamlNode | undefined, key: string): readonly Value[] {
  return listOf(node).flatMap((item) => {
    const value = toValue(item)
    if (textOf(value) !== undefined) return [typeof value === 'number' ? String(value) : value]
    wrongType(loading, item, key, 'a name or a list of names')
    return []
  })
}

function readRegister(loading: Loading, node: YamlNode | undefined): string | undefined {
  if (!node) return undefined
  const name = textOf(toValue(node))
  warnReserved(loading, name, node.span)
  if (name !== undefined && isVariableName(name)) return name
  if (name === undefined) wrongType(loading, node, 'register', 'the name of a variable')
  else report(loading, { code: 'bad-variable-name', summary: `Invalid variable name in 'register' specified: '${name}'`, hint: 'letters, digits and underscores, not beginning with a digit', span: node.span })
  return undefined
}

function checkInnerNames(loading: Loading, { args, argSpans, actionAsWritten, span }: Action): void {
  const inner = [...args.keys()].find((key) => typeof key === 'string' && key.startsWith('_ansible_'))
  if (inner === undefined) return
  const summary = `Invalid parameter specified beginning with keyword '_ansible_' for action '${actionAsWritten}': '${String(inner)}'. The prefix '_ansible_' is reserved for internal use only.`
  report(loading, { code: 'unknown-parameter', summary, span: argSpans.get(String(inner)) ?? span })
}

/** A dynamic include hands nothing down by itself: `become` and the like belong under `apply:`. */
function checkIncludeKeywords(loading: Loading, map: YamlMap, { action, actionAsWritten }: Action): void {
  if (action !== 'include_tasks' && action !== 'include_role') return
  for (const [key] of entriesOf(loading, map, 'a task')) {
    if (INCLUDE.has(key) || isLoopKey(key) || key === actionAsWritten || !(key in HANDLER)) continue
    const hint = `put it under \`apply:\` of ${action}, or use ${action.replace('include', 'import')}`
    report(loading, { code: 'keyword-of-include', summary: 'An include does not hand this keyword down', detail: `'${key}' on ${action}`, hint, span: keySpan(map, key) })
  }
}
