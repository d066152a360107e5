import { type Value, isDict } from './value.ts'

/** A text that is one of the secrets as a whole has Ansible's word in its place, parts of a text become stars. */
export function maskText(text: string, secrets: readonly string[]): string {
  if (secrets.includes(text)) return 'VALUE_SPECIFIED_IN_NO_LOG_PARAMETER'
  return [...secrets].sort((a, b) => b.length - a.length).reduce((left, secret) => left.replaceAll(secret, '********'), text)
}

/** The same for all texts in a value, keys of dicts included. */
export function maskValue(value: Value, secrets: readonly string[]): Value {
  if (typeof value === 'string') return maskText(value, secrets)
  if (Array.isArray(value)) return value.map((one: Value) => maskValue(one, secrets))
  if (isDict(value)) return new Map([...value].map(([key, one]) => [typeof key === 'string' ? maskText(key, secrets) : key, maskValue(one, secrets)]))
  return value
}
