import { isIP } from 'node:net'
import { type Dial, NothingListens, Reach } from '../cluster/redis/reach.ts'
import type { Instance } from '../cluster/redis/topology.ts'
import type { Surroundings } from '../contract/define-module.ts'
import { fileResource } from '../host/file.ts'
import { Problem } from '../problem/problem.ts'
import { integer, list, raw, record, text } from '../schema/field.ts'
import { isDict, isUnknown, type Value } from '../value/value.ts'

/** The parameters of every module that speaks with the instances of a cluster. */
export const instanceParams = {
  instances: list(
    record({
      name: text('What it is called, where it is not HOST:PORT.'),
      host: text('The host in the inventory that runs it.', { required: true }),
      address: text('The IP address that its peers and clients use.', { required: true }),
      port: integer('Its port.', { required: true }),
      bus_port: integer('The port of the cluster bus, where it is not the port + 10000.'),
      domains: raw('The failure domains it stands in: `{zone: a, rack: a1}`. The host counts by itself.'),
    }, 'An instance.'),
    'All instances of the cluster.', { required: true },
  ),
  password: text('The password of all instances.', { secret: true }),
  previous_password: text('The password before that one, tried where the new one is not taken yet.', { secret: true }),
  data_directory: text('Where instances keep their data, each in a directory named after its port.', { default: '/var/lib/redis' }),
} as const

export interface InstanceParams {
  readonly instances: readonly { readonly name: string | undefined; readonly host: string; readonly address: string; readonly port: number; readonly bus_port: number | undefined; readonly domains: Value | undefined }[]
  readonly password: string | undefined
  readonly previous_password: string | undefined
  readonly data_directory: string
}

/** The way to the instances: through the SSH connection of each one's own host, so that no Redis port is open to the controller. */
export interface Road {
  readonly instances: readonly Instance[]
  readonly other: Surroundings['other']
  readonly dial: Dial
  readonly open: () => Reach
  readonly isFresh: (instance: Instance) => Promise<boolean>
}

export function roadOf(params: InstanceParams, { other }: Surroundings): Road {
  const passwords = [params.password, params.previous_password].filter((password): password is string => password !== undefined && password !== '')
  const dial: Dial = async ({ name, host, address, port }) => (await other(host)).connection.forward(address, port).catch((thrown: unknown) => { throw isRefused(thrown) ? new NothingListens(name) : thrown })
  return {
    instances: params.instances.map(instanceOf), other, dial,
    open: () => new Reach({ passwords, timeout: 10_000, dial }),
    // Its own list of the cluster is what makes an instance a member; without it, it starts as a new one.
    isFresh: async ({ host, port }) => {
      const state = await (await other(host)).host.get(fileResource, `${params.data_directory}/${port}/nodes.conf`)
      return !isUnknown(state) && state.kind === 'absent'
    },
  }
}

const isRefused = (thrown: unknown): boolean => thrown instanceof Error && /refused/i.test(thrown.message)

function instanceOf({ name, host, address, port, bus_port, domains }: InstanceParams['instances'][number]): Instance {
  if (isIP(address) === 0)
    throw new Problem({ code: 'redis-no-address', summary: 'Redis Cluster needs IP addresses', detail: `the address of ${host} is '${address}'`, hint: `set redis_address of ${host} to the IP address that its peers use` })
  return { name: name ?? `${host}:${port}`, host, address, port, ...(bus_port === undefined ? {} : { busPort: bus_port }), domains: domainsOf(host, domains) }
}

function domainsOf(host: string, domains: Value | undefined): Readonly<Record<string, string>> {
  if (domains === undefined || domains === null) return {}
  if (!isDict(domains)) throw new Problem({ code: 'redis-bad-domains', summary: 'Failure domains are a dict of levels and names', detail: host, hint: 'write {zone: a, rack: a1}' })
  return Object.fromEntries([...domains].map(([level, name]) => [String(level), String(name)]))
}
