import { setTimeout as sleep } from 'node:timers/promises'
import { type Decision, decide } from '../cluster/k3s/decide.ts'
import { type Demands, archOf, gateProblems, sayQuorum, wishProblems } from '../cluster/k3s/gates.ts'
import { type Places, lookScript, seenFrom, unreachable } from '../cluster/k3s/look.ts'
import { type ClusterNode, type NodeRole, type SeenNode, type WantedNode, isSilent } from '../cluster/k3s/node.ts'
import { type Outputs, type Surroundings, defineModule } from '../contract/define-module.ts'
import { Problem } from '../problem/problem.ts'
import { flag, integer, list, number, type Params, path, record, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, type Value, dict } from '../value/value.ts'

const node = record({
  host: text('The host in the inventory.', { required: true }),
  address: text('The address that the other nodes use.', { required: true }),
  node: text('Its name in the cluster, where that is not its host name.'),
}, 'A node.')

const params = {
  servers: list(node, 'All servers, in the order of the inventory.', { required: true }),
  agents: list(node, 'All agents.', { default: [] }),
  version: text('The release of k3s that is wanted.', { required: true }),
  upgrade: flag('Nodes may have an older version, by one minor version at most.', { default: false }),
  token: text('The token of the cluster, compared with the one that is there.', { secret: true }),
  virtual_address: text('The address of all servers, where there is one.'),
  port: integer('Where servers answer.', { default: 6443 }),
  remove: list(text('A host.'), 'Hosts that are to leave: nobody registers with them.', { default: [] }),
  server_memory_mb: integer('What a server needs.', { default: 1800 }),
  agent_memory_mb: integer('What an agent needs.', { default: 450 }),
  clock_spread: number('Seconds that two clocks may differ.', { default: 2 }),
  settle: integer('Seconds to wait for servers that are about to start.', { default: 60 }),
  gates: flag('Refuse what cannot become a cluster. Without it only a second cluster is refused.', { default: true }),
  decides: flag('Say who makes the cluster and where the others join, or refuse. Without it they are only looked at.', { default: true }),
  data_directory: path('Where k3s keeps its data.', { default: '/var/lib/rancher/k3s' }),
  program: path('The program.', { default: '/usr/local/bin/k3s' }),
} as const
type Given = Params<typeof params>

interface Seen {
  readonly nodes: readonly SeenNode[]
  readonly decision: Decision
}

export const k3sClusterState = defineModule({
  name: 'k3s_cluster_state',
  summary: 'Look at all hosts of a k3s cluster, and tell who makes it and where the others join.',
  notes: [
    'It only looks, at every host by its own connection, also at those that `--limit` leaves out. Run it once (`run_once: true`).',
    'Any server that lives is joined. Where none lives and a cluster once existed it refuses: a second cluster beside the first one would be worse than none.',
    'With `gates` it refuses everything that cannot become a cluster, all of it at once: an even number of servers, a version that is not pinned, older than what runs or more than one minor version newer, names and addresses that are used twice, clocks that disagree, too little memory.',
  ],
  examples: `
- name: Who is there, and who goes first?
  k3s_cluster_state:
    servers: [{ host: n1, address: 192.0.2.11 }, { host: n2, address: 192.0.2.12 }, { host: n3, address: 192.0.2.13 }]
    agents: [{ host: n4, address: 192.0.2.14 }]
    version: v1.34.2+k3s1
  register: k3s_state
  run_once: true
- name: Show it
  debug: { msg: "{{ k3s_state.lines }}" }
  run_once: true
`,
  params,
  eager: false,
  async probe(_host, given, around): Promise<{ readonly seen: Aside<Seen | Unknown> }> {
    const wanted = [...wantedNodes('server', given.servers), ...wantedNodes('agent', given.agents)]
    const demands = demandsOf(given)
    if (given.gates) refuse(wishProblems(wanted, demands))
    const nodes = await lookUntilSettled(wanted, given, around)
    if (nodes instanceof Unknown) return { seen: aside(nodes) }
    if (given.gates) refuse(gateProblems(nodes, demands))
    const decision = given.decides ? decide(nodes, { port: given.port, virtualAddress: given.virtual_address, remove: given.remove }) : { parts: [], bootstrap: undefined, caHash: undefined }
    return { seen: aside({ nodes, decision }) }
  },
  plan: (_params, before) => before,
  result: ({ params: given, before: { seen: { value } } }) => ({ outputs: value instanceof Unknown ? unknownOutputs(value) : outputsOf(value, given) }),
})

const wantedNodes = (role: NodeRole, listed: Given['servers']): readonly WantedNode[] => listed.map(({ host, address, node }) => ({ host, role, address, node: node || undefined }))

const demandsOf = (given: Given): Demands => ({
  version: given.version, upgrades: given.upgrade, minimumMemoryMb: { server: given.server_memory_mb, agent: given.agent_memory_mb }, clockSpread: given.clock_spread * 1000, remove: given.remove, token: given.token || undefined,
})

/** All at once, so that a user mends them in one go. */
function refuse(problems: readonly Problem[]): void {
  if (problems.length === 0) return
  if (problems.length === 1) throw problems[0]!
  const lines = problems.map(({ message, hint }) => `  - ${message}${hint ? ` — ${hint}` : ''}`)
  throw new Problem({ code: 'k3s-refused', summary: `${problems.length} things stand in the way, and nothing was touched`, detail: `\n${lines.join('\n')}` })
}

/** A server that systemd starts right now will soon answer: nobody is chosen over its head. */
async function lookUntilSettled(wanted: readonly WantedNode[], given: Given, around: Surroundings): Promise<readonly SeenNode[] | Unknown> {
  for (const end = Date.now() + given.settle * 1000; ; await sleep(2000)) {
    const seen = await Promise.all(wanted.map((one) => lookAt(one, given, around)))
    const open = seen.find((one) => one instanceof Unknown)
    if (open) return open
    const nodes = seen as readonly SeenNode[]
    const servers = nodes.filter(({ role }) => role === 'server')
    if (servers.every(({ liveness }) => liveness !== 'starting') || servers.some(({ liveness }) => liveness === 'alive') || Date.now() > end) return nodes
  }
}

async function lookAt(wanted: WantedNode, given: Given, { other }: Surroundings): Promise<SeenNode | Unknown> {
  try {
    const { host } = await other(wanted.host)
    const places = placesOf(given)
    const asked = Date.now()
    const reply = await host.run(lookScript(wanted.role, places), [places.program, places.join, places.config, places.data], { now: true, timeout: 60 })
    return reply instanceof Unknown ? reply : seenFrom(wanted, reply.stdout.toString(), asked, Date.now())
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown
    return unreachable(wanted, thrown.message)
  }
}

const placesOf = ({ data_directory, program }: Given): Places => ({ program, data: data_directory, config: '/etc/rancher/k3s/config.yaml', join: '/etc/rancher/k3s/config.yaml.d/90-join.yaml' })

function unknownOutputs(open: Unknown): Outputs {
  return { nodes: open, lines: open, quorum: open, bootstrap: open, ca_hash: open, alive: open, ill: open }
}

function outputsOf({ nodes, decision }: Seen, { remove }: Given): Outputs {
  const servers = nodes.filter(({ role }) => role === 'server')
  const parts = new Map(decision.parts.map((part) => [part.host, part]))
  const cluster = new Map(nodes.find((one) => one.cluster)?.cluster?.map((one) => [one.node, one]))
  return {
    nodes: new Map(nodes.map((one): [Value, Value] => {
      const part = parts.get(one.host)
      const known = cluster.get(one.node)
      return [one.host, dict({
        role: one.role, state: one.liveness, action: part?.action ?? 'none', server: part?.server ?? '', node: one.node, address: one.address, arch: archOf(one.machine) ?? '', version: one.version ?? '',
        member: known !== undefined, ready: known !== undefined && known.ready && !isSilent(known), schedulable: known?.schedulable ?? false, runs: known?.version ?? '',
      })]
    })),
    ill: nodes.flatMap((one) => illnessOf(one, cluster)),
    alive: servers.filter(({ liveness }) => liveness === 'alive').map(({ host }) => host),
    bootstrap: decision.bootstrap ?? '',
    ca_hash: decision.caHash ?? '',
    quorum: sayQuorum(servers.filter(({ host }) => !remove.includes(host)).length),
    lines: nodes.map((one) => lineOf(one, parts.get(one.host))),
  }
}

/** Why a part of the cluster is not well; empty hosts are no part of it yet. */
function illnessOf({ host, node, role, liveness, reason }: SeenNode, cluster: ReadonlyMap<string, ClusterNode>): readonly string[] {
  if (liveness === 'unreachable') return [`${host} cannot be reached (${reason})`]
  if (liveness === 'clean') return []
  if (liveness !== 'alive') return [`${host}: ${role === 'server' ? 'its API does not answer' : 'k3s-agent does not run'}`]
  const known = cluster.get(node)
  if (cluster.size > 0 && known?.ready !== true) return [`${host}: its node ${node} is not Ready`]
  if (known && isSilent(known)) return [`${host}: its node ${node} was last heard of ${known.lease!.silent.toFixed(0)} s ago`]
  return []
}

const DOES = { bootstrap: 'makes the cluster', join: 'joins', run: 'is part of the cluster' } as const
function lineOf({ host, role, liveness, version, reason }: SeenNode, part: Decision['parts'][number] | undefined): string {
  if (liveness === 'unreachable') return `${host}: ${role}, unreachable (${reason})`
  if (!part) return `${host}: ${role}, ${liveness}${version ? ` ${version}` : ''}`
  return `${host}: ${role}, ${liveness}${version ? ` ${version}` : ''}, ${DOES[part.action]}${part.action === 'join' && part.server ? ` by ${part.server}` : ''}`
}
