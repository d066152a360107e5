import { type YamlNode, toValue } from '../yaml/yaml-node.ts'
import { type Loading } from './loading.ts'
import { isNothing, listOf, textOf, wrongType } from './read-value.ts'
import type { Condition } from './tree.ts'

/** `when`, `changed_when`, `failed_when`, `until`, `break_when`: one condition or a list, all of which must hold. An empty one says nothing. */
export function readConditions(loading: Loading, node: YamlNode | undefined, key: string): readonly Condition[] {
  return listOf(node).flatMap((item) => {
    const value = isNothing(item) ? '' : toValue(item)
    const expression = typeof value === 'boolean' ? value : textOf(value)
    if (expression === undefined) wrongType(loading, item, key, 'a condition or a list of conditions')
    return expression === undefined || expression === '' ? [] : [{ expression, span: item.span }]
  })
}
