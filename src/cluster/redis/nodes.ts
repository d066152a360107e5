import { normalRanges, type SlotRange } from './slots.ts'

/** One line of `CLUSTER NODES`: how the node that was asked sees a node. */
export interface ClusterNode {
  readonly id: string
  /** Empty where it is not known (`noaddr`, or a node that has not learnt its own address). */
  readonly address: string
  readonly port: number
  readonly busPort: number
  readonly flags: ReadonlySet<string>
  readonly role: 'master' | 'replica'
  /** The id of its master. */
  readonly master?: string
  readonly epoch: number
  readonly connected: boolean
  readonly slots: readonly SlotRange[]
  /** Slots on their way out or in; only the node itself tells. */
  readonly migrating: readonly { readonly slot: number; readonly to: string }[]
  readonly importing: readonly { readonly slot: number; readonly from: string }[]
}

/** Parses the answer of `CLUSTER NODES`, or a `nodes.conf` (its `vars` line is left out). */
export function parseNodes(text: string): readonly ClusterNode[] {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('vars ')).map(parseNode)
}

function parseNode(line: string): ClusterNode {
  const [id = '', where = '', flagText = '', master = '-', , , epoch = '0', link, ...slots] = line.split(' ')
  // `ip:port@bus,hostname,aux=…`; the address of IPv6 has colons of its own.
  const socket = where.split(',')[0]!
  const [front = '', bus] = socket.split('@')
  const colon = front.lastIndexOf(':')
  const flags = new Set(flagText.split(','))
  const port = Number(front.slice(colon + 1))
  const open = slots.filter((slot) => slot.startsWith('['))
  return {
    id, address: front.slice(0, colon), port, busPort: bus === undefined ? port + 10_000 : Number(bus), flags,
    role: flags.has('slave') ? 'replica' : 'master',
    ...(master === '-' ? {} : { master }),
    epoch: Number(epoch), connected: link === 'connected',
    slots: normalRanges(slots.filter((slot) => !slot.startsWith('[')).map(parseRange)),
    migrating: open.flatMap((slot) => { const match = /^\[(\d+)->-(\w+)\]$/.exec(slot); return match ? [{ slot: Number(match[1]), to: match[2]! }] : [] }),
    importing: open.flatMap((slot) => { const match = /^\[(\d+)-<-(\w+)\]$/.exec(slot); return match ? [{ slot: Number(match[1]), from: match[2]! }] : [] }),
  }
}

function parseRange(text: string): SlotRange {
  const [first, last] = text.split('-').map(Number)
  return { first: first!, last: last ?? first! }
}

/** Parses `INFO` and `CLUSTER INFO`: `key:value` lines. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  return new Map(text.split(/\r?\n/).filter((line) => line.includes(':') && !line.startsWith('#')).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]))
}

/** The ages in seconds of the connections that `CLIENT LIST` names. */
export const parseClientAges = (text: string): readonly number[] => [...text.matchAll(/\bage=(\d+)/g)].map((match) => Number(match[1]))
