/** Whom a sealed value binds: to one Secret, to a namespace, or to nothing but the cluster. */
export type Scope = (typeof SCOPES)[number]
export const SCOPES = ['strict', 'namespace-wide', 'cluster-wide'] as const

export interface Place {
  readonly name: string
  readonly namespace: string | undefined
  readonly scope: Scope
}

/** The prefix of the controller's annotations. */
export const PREFIX = 'sealedsecrets.bitnami.com/'

/** What is authenticated with a sealed value: it opens only where this is the same. */
export function labelOf({ name, namespace = '', scope }: Place): string {
  if (scope === 'cluster-wide') return ''
  return scope === 'namespace-wide' ? namespace : `${namespace}/${name}`
}

export const scopeAnnotations = (scope: Scope): Readonly<Record<string, string>> => (scope === 'strict' ? {} : { [PREFIX + scope]: 'true' })

/** As the controller reads annotations: only the text `true` counts, and the widest scope wins. */
export function scopeOf(annotations: Readonly<Record<string, string>>): Scope {
  const found = [...SCOPES].reverse().find((scope) => annotations[PREFIX + scope] === 'true')
  return found ?? 'strict'
}

/** Annotations with those of another scope taken out and those of this one put in. */
export const withScope = (annotations: Readonly<Record<string, string>>, scope: Scope): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(Object.entries(annotations).filter(([name]) => !SCOPES.some((one) => name === PREFIX + one))), ...scopeAnnotations(scope),
})

/** How a place is named to people. */
export const showPlace = ({ name, namespace, scope }: Place): string => `${namespace === undefined ? '' : `${namespace}/`}${name} (${scope})`
