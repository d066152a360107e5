import { gunzipSync, gzipSync } from 'node:zlib'
import { Problem } from '../../problem/problem.ts'
import { decrypt, encrypt, isVaulted } from '../../vault/vault.ts'

/** A snapshot of etcd with what is needed to use it, as it is kept away from the cluster. */
export interface SnapshotCopy {
  readonly name: string
  /** When it was taken. */
  readonly taken: Date
  readonly node: string
  readonly version: string
  /** Without it the snapshot's own keys cannot be opened. */
  readonly token: string
  readonly content: Buffer
}

const FORMAT = 'k3s snapshot 1'

/** One vaulted text: JSON with the snapshot compressed. */
export function sealCopy({ name, taken, node, version, token, content }: SnapshotCopy, key: string): string {
  return encrypt(JSON.stringify({ format: FORMAT, name, taken: taken.toISOString(), node, version, token, content: gzipSync(content).toString('base64') }), key)
}

export function openCopy(text: string, key: string, file: string): SnapshotCopy {
  const held = isVaulted(text) ? parsed(decrypt(text, { secrets: [{ id: 'default', secret: Buffer.from(key) }] })) : undefined
  if (held?.format !== FORMAT) throw new Problem({ code: 'k3s-no-snapshot', summary: 'This is no copy of a snapshot', detail: file, hint: 'name a file that playbooks/k3s-snapshot.yml made' })
  return { name: held.name, taken: new Date(held.taken), node: held.node, version: held.version, token: held.token, content: gunzipSync(Buffer.from(held.content, 'base64')) }
}

type Held = { readonly [key in 'format' | 'name' | 'taken' | 'node' | 'version' | 'token' | 'content']: string }
function parsed(text: string): Held | undefined {
  try {
    return JSON.parse(text) as Held
  } catch {
    return undefined
  }
}

/** For people, in the two largest units: "3 days 4 hours". */
export function sayAge(taken: Date, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - taken.getTime()) / 1000))
  const parts = ([['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]] as const).map(([unit, length], index, all) => [unit, Math.floor((index === 0 ? seconds : seconds % all[index - 1]![1]) / length)] as const)
  const first = parts.findIndex(([, count]) => count > 0)
  if (first < 0) return 'less than a second'
  return parts.slice(first, first + 2).filter(([, count]) => count > 0).map(([unit, count]) => `${count} ${unit}${count === 1 ? '' : 's'}`).join(' ')
}
