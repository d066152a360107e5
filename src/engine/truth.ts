import { truth } from '../template/template.ts'
import { type Unknown, type Value, isUnknown } from '../value/value.ts'

/** A keyword's value as yes or no: Ansible's words for it count, anything else by Python's truth. */
export function evaluateTruth(value: Value): boolean | Unknown {
  if (isUnknown(value)) return value
  if (typeof value === 'string') return /^(yes|on|true|y|t|1)$/i.test(value.trim())
  return truth(value)
}
