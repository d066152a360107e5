import { Problem, type Span } from '../problem/problem.ts'

/** The keys that the API server wants in Secrets of its own types. */
const WANTED: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'], 'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'], 'kubernetes.io/dockercfg': ['.dockercfg'],
}
/** Here one of them is enough. */
const EITHER: Readonly<Record<string, readonly string[]>> = { 'kubernetes.io/basic-auth': ['username', 'password'] }

/** Refuses a Secret that the API server would not take, when the controller makes it, for want of a key. */
export function checkType(type: string | undefined, keys: ReadonlySet<string>, span?: Span): void {
  const either = EITHER[type ?? '']
  const missing = either ? (either.some((key) => keys.has(key)) ? [] : [either.join(' or ')]) : (WANTED[type ?? ''] ?? []).filter((key) => !keys.has(key))
  if (missing.length > 0) throw new Problem({ code: 'seal-type', summary: 'a Secret of this type needs other keys', detail: `${type} without ${missing.join(' and ')}`, hint: 'the server would refuse it when the controller makes it', ...(span ? { span } : {}) })
}

/** Secrets may hold 1 MiB. */
export function checkSize(data: ReadonlyMap<string, Buffer>, span?: Span): void {
  const size = [...data.values()].reduce((sum, { length }) => sum + length, 0)
  if (size > 2 ** 20) throw new Problem({ code: 'seal-size', summary: 'a Secret cannot be that large', detail: `its values are ${size} bytes, and ${2 ** 20} are the most`, ...(span ? { span } : {}) })
}
