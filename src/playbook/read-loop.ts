import type { Value } from '../value/value.ts'
import { type YamlNode, toValue } from '../yaml/yaml-node.ts'
import { LOOP_CONTROL } from './keywords.ts'
import { type Loading, report } from './loading.ts'
import { isLoopKey } from './read-action.ts'
import { readConditions } from './read-conditions.ts'
import { isVariableName } from './read-inherited.ts'
import { type YamlMap, checkKeywords, entriesOf, isNothing, isTemplate, keySpan, readFlag, valueAt, wrongType } from './read-value.ts'
import type { Loop } from './tree.ts'

/** `loop` or one `with_*`, with `loop_control`. */
export function readLoop(loading: Loading, map: YamlMap): Loop | undefined {
  const loops = entriesOf(loading, map, 'a task').filter(([key, node]) => (key === 'loop' || isLoopKey(key)) && !(key === 'loop' && isNothing(node)))
  const [first, second] = loops
  if (second) {
    const detail = loops.map(([key]) => `'${key}'`).join(' and ')
    report(loading, { code: 'several-loops', summary: 'A task can have one loop', detail, hint: 'use the product filter, or include_tasks for the inner one', span: keySpan(map, second[0]) })
  }
  if (!first) return undefined
  const [key, node] = first
  if (key === 'loop' && node.kind === 'mapping') wrongType(loading, node, 'loop', 'a list (a mapping needs the dict2items filter)')
  return {
    lookup: key === 'loop' ? 'loop' : key.slice('with_'.length).replace(/^ansible\.(builtin|legacy)\./, ''), over: isNothing(node) ? [] : toValue(node), span: keySpan(map, key),
    ...readLoopControl(loading, valueAt(map, 'loop_control')),
  }
}

type Control = Omit<Loop, 'lookup' | 'over' | 'span'>
const DEFAULT: Control = { loopVar: 'item', extended: false, extendedAllItems: true, breakWhen: [] }

function readLoopControl(loading: Loading, node: YamlNode | undefined): Control {
  if (!node) return DEFAULT
  if (node.kind !== 'mapping') {
    wrongType(loading, node, 'loop_control', 'a mapping')
    return DEFAULT
  }
  checkKeywords(loading, node, LOOP_CONTROL, 'loop_control')
  const indexVar = readName(loading, node, 'index_var')
  const label = valueAt(node, 'label')
  const pause = valueAt(node, 'pause')
  return {
    loopVar: readName(loading, node, 'loop_var') ?? 'item', ...(indexVar ? { indexVar } : {}), ...(label ? { label: toValue(label) } : {}), ...(pause ? { pause: toValue(pause) } : {}),
    extended: readPlainFlag(loading, node, 'extended') ?? false, extendedAllItems: readPlainFlag(loading, node, 'extended_allitems') ?? true,
    breakWhen: readConditions(loading, valueAt(node, 'break_when'), 'break_when'),
  }
}

/** The name of a variable; a template is rendered when the loop runs. */
function readName(loading: Loading, map: YamlMap, key: string): Value | undefined {
  const node = valueAt(map, key)
  if (!node) return undefined
  const value = toValue(node)
  if (!isTemplate(value) && (typeof value !== 'string' || !isVariableName(value))) wrongType(loading, node, key, 'the name of a variable')
  return value
}

function readPlainFlag(loading: Loading, map: YamlMap, key: string): Value | undefined {
  const node = valueAt(map, key)
  if (!node) return undefined
  const value = toValue(node)
  if (isTemplate(value)) return value
  const flag = readFlag(value)
  if (flag === undefined) wrongType(loading, node, key, 'yes or no')
  return flag
}
