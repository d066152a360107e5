import { Problem, type Span } from '../problem/problem.ts'

/** The keys that the API server wants in Secrets of its own types. */
const WANTED: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'], 'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'], 'kubernetes.io/dockercfg': ['.dockercfg'],
}
/** Here one of them is enough. */
const EITHER: Readonly<Record<string, readonly string[]>> = { 'kubernetes.io/basic-auth': ['username', 'password'] }

/** A warning where the API server will not take the Secret for want of a key; not certain, for the controller may be told to add it to one that is there. */
export function typeWarning(type: string | undefined, keys: ReadonlySet<string>, span?: Span): Problem | undefined {
  const either = EITHER[type ?? '']
  const missing = either ? (either.some((key) => keys.has(key)) ? [] : [either.join(' or ')]) : (WANTED[type ?? ''] ?? []).filter((key) => !keys.has(key))
  if (missing.length === 0) return undefined
  return new Problem({ code: 'seal-type', summary: 'a Secret of this type needs other keys', detail: `${type} without ${missing.join(' and ')}`, hint: 'the server refuses it when the controller makes it, unless it is added to one that is there', ...(span ? { span } : {}) })
}

/** Refuses what is over 1 MiB, as the API server does. */
export function checkSize(data: ReadonlyMap<string, Buffer>, span?: Span): void {
  const size = [...data.values()].reduce((sum, { length }) => sum + length, 0)
  if (size > 2 ** 20) throw new Problem({ code: 'seal-size', summary: 'a Secret cannot be that large', detail: `its values are ${size} bytes, and ${2 ** 20} are the most`, ...(span ? { span } : {}) })
}
