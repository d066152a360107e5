import type { Json } from '../value/json.ts'
import { type JsonObject, inside, isObject } from './field-set.ts'

/** Whether labels fit a selector of the API. One that says nothing chooses all; none chooses nothing. */
export function selects(selector: Json | undefined, labels: Json | undefined): boolean {
  if (!isObject(selector)) return false
  const own = isObject(labels) ? labels : {}
  const expressions = Array.isArray(selector.matchExpressions) ? selector.matchExpressions.filter(isObject) : []
  return Object.entries(isObject(selector.matchLabels) ? selector.matchLabels : {}).every(([key, value]) => own[key] === value) && expressions.every((one) => fits(one, own))
}

function fits({ key, operator, values }: JsonObject, labels: JsonObject): boolean {
  const own = labels[String(key)]
  const among = Array.isArray(values) && own !== undefined && values.includes(own)
  return operator === 'In' ? among : operator === 'NotIn' ? !among : operator === 'Exists' ? own !== undefined : own === undefined
}

export const labelsOf = (object: Json | undefined): Json | undefined => inside(object, 'metadata', 'labels')
