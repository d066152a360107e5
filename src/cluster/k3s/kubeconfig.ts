import { isDict, type Dict, type Value } from '../../value/value.ts'

/** The three entries that make a context. */
export interface Entry {
  readonly cluster: Value
  readonly user: Value
}

const LISTS = ['clusters', 'users', 'contexts'] as const

/** What k3s wrote for its own machine, with the address that others use. Undefined where it is no kubeconfig with one context. */
export function entryFrom(own: Value, server: string): Entry | undefined {
  const [cluster, user] = [itemsOf(own, 'clusters')[0]?.get('cluster'), itemsOf(own, 'users')[0]?.get('user')]
  return isDict(cluster) && isDict(user) ? { cluster: new Map([...cluster, ['server', server]]), user } : undefined
}

/** The entry of that name, where all of it is there. */
export function findEntry(config: Value, name: string): Entry | undefined {
  const [cluster, user, context] = [named(config, 'clusters', name)?.get('cluster'), named(config, 'users', name)?.get('user'), named(config, 'contexts', name)?.get('context')]
  const isOurs = isDict(context) && context.get('cluster') === name && context.get('user') === name
  return isOurs && cluster !== undefined && user !== undefined ? { cluster, user } : undefined
}

export const currentOf = (config: Value): string => (isDict(config) && typeof config.get('current-context') === 'string' ? (config.get('current-context') as string) : '')

/** Puts an entry into its place, or takes it away; nothing else changes. A namespace that people set for the context stays. */
export function withEntry(config: Value, name: string, entry: Entry | undefined, current: string): Dict {
  const rest = isDict(config) ? config : new Map<Value, Value>([['apiVersion', 'v1'], ['kind', 'Config']])
  const context = named(config, 'contexts', name)?.get('context')
  const made = entry && { clusters: ['cluster', entry.cluster], users: ['user', entry.user], contexts: ['context', new Map<Value, Value>([...(isDict(context) ? context : []), ['cluster', name], ['user', name]])] } as const
  const lists = LISTS.map((list): [Value, Value] => {
    const items = itemsOf(config, list)
    const fresh = made && new Map<Value, Value>([['name', name], made[list] as [string, Value]])
    const at = items.findIndex((item) => item.get('name') === name)
    return [list, at < 0 ? [...items, ...(fresh ? [fresh] : [])] : items.flatMap((item, index) => (index === at ? (fresh ? [fresh] : []) : [item]))]
  })
  return new Map([...rest, ...lists, ['current-context', current]])
}

function itemsOf(config: Value, list: string): readonly Dict[] {
  const items = isDict(config) ? config.get(list) : undefined
  return Array.isArray(items) ? items.filter(isDict) : []
}
const named = (config: Value, list: string, name: string): Dict | undefined => itemsOf(config, list).find((item) => item.get('name') === name)
