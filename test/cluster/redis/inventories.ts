import type { Instance } from '../../../src/cluster/redis/topology.ts'

/** Instances from short words: `a1` is a process on host a1 in zone a; a repeated word is one more process on that host. */
export function instances(words: string): Instance[] {
  const ports = new Map<string, number>()
  return words.split(' ').map((host, index) => {
    const port = ports.get(host) ?? 7000
    ports.set(host, port + 1)
    return { name: `${host}:${port}`, host, address: `10.0.0.${index}`, port, domains: { zone: host[0]! } }
  })
}
