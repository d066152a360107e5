import type { Json } from '../../src/value/json.ts'

const host = (zone: string): { readonly [key: string]: Json } => ({ zone, groups: ['redis'], memory: '1G', cpus: 2 })

/** Three hosts in three zones for playbooks/redis-cluster.yml, as inventory/lab.yml has them. */
export const REDIS_HOSTS = { n1: host('a'), n2: host('b'), n3: host('c') }
export const REDIS_PLAYBOOK = 'playbooks/redis-cluster.yml'
