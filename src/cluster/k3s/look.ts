import { quote } from '../../shell/quote.ts'
import type { ClusterNode, Liveness, NodeRole, SeenNode, WantedNode } from './node.ts'

/** Where k3s and these roles keep things. */
export interface Places {
  readonly program: string
  readonly data: string
  readonly config: string
  /** The file that says where a node joins; see roles/k3s_node. */
  readonly join: string
}

/** Nodes and their leases, in one list; what a kind does not have is empty. */
const COLUMNS = '{range .items[*]}{.kind} {.metadata.name} {.status.nodeInfo.kubeletVersion} {.status.conditions[?(@.type=="Ready")].status} {.spec.unschedulable} {.spec.renewTime} {.spec.leaseDurationSeconds}{"\\n"}{end}'

/**
 * What tells of a host, one thing a line: `word value`. It reads alone. That a server lives is asked by a list of nodes: only a majority
 * of etcd can answer it. The leases tell when a kubelet was last heard of: what the nodes say of themselves may be 40 s old. The password of the token leaves the host as a sum.
 */
export function lookScript(role: NodeRole, { program, data, join }: Places): string {
  const server = role === 'server'
  const unit = server ? 'k3s' : 'k3s-agent'
  const authority = server ? `${data}/server/tls/server-ca.crt` : `${data}/agent/server-ca.crt`
  return [
    'export LC_ALL=C; PATH=$PATH:/usr/sbin:/sbin',
    'echo "clock $(date +%s.%N)"; echo "name $(uname -n)"; echo "machine $(uname -m)"',
    `sed -n 's/^MemTotal: *\\([0-9]*\\) kB/memory \\1/p' /proc/meminfo`,
    '{ grep -qw memory /sys/fs/cgroup/cgroup.controllers || grep -q "^memory.*1$" /proc/cgroups; } 2>/dev/null && echo "counts memory"',
    '[ -d /run/systemd/system ] && echo "init systemd"',
    `echo "unit $(systemctl is-active ${unit} 2>/dev/null) $(systemctl show -p SubState --value ${unit} 2>/dev/null)"`,
    `[ -x ${quote(program)} ] && echo "version $(${quote(program)} --version 2>/dev/null | sed -n '1s/^k3s version \\([^ ]*\\).*/\\1/p')"`,
    server
      ? `for d in ${quote(`${data}/server/db/etcd`)} ${quote(`${data}/server/db/state.db`)}; do [ -e "$d" ] && echo "data $d"; done`
      : `[ -e ${quote(`${data}/agent/client-kubelet.crt`)} ] && echo "data agent"`,
    `[ -r ${quote(authority)} ] && echo "ca $(sha256sum <${quote(authority)} | cut -c1-64)"`,
    `[ -r ${quote(join)} ] && echo "joins $(sed -n 's/^server: *//p' ${quote(join)})"`,
    ...(server ? [
      `[ -r ${quote(`${data}/server/token`)} ] && echo "token $(tr -d '\\n' <${quote(`${data}/server/token`)} | sed 's/^K10[^:]*::[^:]*://' | sha256sum | cut -c1-64)"`,
      `[ -x ${quote(program)} ] && [ "$(systemctl is-active ${unit})" = active ] && ${quote(program)} kubectl get nodes,leases -n kube-node-lease --request-timeout=10s -o ${quote(`jsonpath=${COLUMNS}`)} 2>/dev/null && echo "answers yes"`,
    ] : []),
    'echo "clocked $(date +%s.%N)"',
  ].join('\n')
}

/** What the script said; the times are ours, in milliseconds, before it was sent and after it was heard. */
export function seenFrom(wanted: WantedNode, said: string, asked: number, heard: number): SeenNode {
  const lines = said.split('\n').map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).trim()] as const)
  const words = new Map(lines)
  const get = (word: string): string => words.get(word) ?? ''
  const leases = new Map(lines.filter(([word]) => word === 'Lease').map(([, line]) => leaseFrom(line, get('clock'))))
  const cluster = lines.filter(([word]) => word === 'Node').map(([, line]) => nodeFrom(line, leases))
  return {
    ...wanted, liveness: livenessOf(wanted.role, words), node: (wanted.node ?? get('name')).toLowerCase(), machine: get('machine'), memoryMb: Math.floor(Number(get('memory')) / 1024),
    hasMemoryControl: words.has('counts'), hasSystemd: words.has('init'), ahead: aheadFrom(get('clock'), get('clocked'), asked, heard),
    ...(get('version') ? { version: get('version') } : {}), ...(get('ca') ? { caHash: get('ca') } : {}), ...(get('token') ? { tokenHash: get('token') } : {}),
    ...(words.has('joins') ? { joins: get('joins').replace(/^["']|["']$/g, '') } : {}), ...(cluster.length > 0 ? { cluster } : {}),
  }
}

function livenessOf(role: NodeRole, words: ReadonlyMap<string, string>): Liveness {
  const [active = '', sub = ''] = (words.get('unit') ?? '').split(' ')
  if (role === 'agent' && active === 'active') return 'alive'
  if (words.has('answers')) return 'alive'
  if ((active === 'activating' && sub !== 'auto-restart') || active === 'active') return 'starting'
  return words.has('data') ? 'stopped' : 'clean'
}

function nodeFrom(line: string, leases: ReadonlyMap<string, NonNullable<ClusterNode['lease']>>): ClusterNode {
  const [node = '', version = '', ready = '', cordoned = ''] = line.split(' ')
  const lease = leases.get(node)
  return { node, version, ready: ready === 'True', schedulable: cordoned !== 'true', ...(lease ? { lease } : {}) }
}

/** By the clock of the server that was asked; clocks that differ too much are refused elsewhere. */
function leaseFrom(line: string, clock: string): readonly [string, NonNullable<ClusterNode['lease']>] {
  const [node = '', , , , renewed = '', lasts = ''] = line.split(' ')
  return [node, { silent: Math.max(0, Number.parseFloat(clock) - Date.parse(renewed) / 1000), lasts: Number(lasts) || 40 }]
}

/** Its first time was told after we asked, its last one before we heard of it: so a host that is slow to look is known as well as a quick one. */
function aheadFrom(first: string, last: string, asked: number, heard: number): readonly [number, number] {
  const [told, ended] = [spanOf(first), spanOf(last)]
  return told && ended ? [ended[0] - heard, told[1] - asked] : [-Infinity, Infinity]
}

/** Milliseconds between which a time lies. A `date` without nanoseconds tells the second. */
function spanOf(clock: string): readonly [number, number] | undefined {
  const [, seconds, fraction] = /^(\d+)(?:\.(\d{3}))?/.exec(clock) ?? []
  if (seconds === undefined) return undefined
  const least = Number(seconds) * 1000 + Number(fraction ?? 0)
  return [least, least + (fraction === undefined ? 999 : 1)]
}

export const unreachable = (wanted: WantedNode, reason: string): SeenNode =>
  ({ ...wanted, node: wanted.node ?? wanted.host, liveness: 'unreachable', reason, machine: '', memoryMb: 0, hasMemoryControl: true, hasSystemd: true, ahead: [-Infinity, Infinity] })
