/** What goes into a tar archive. Names are without a leading slash; directories have no slash at their end. */
export interface TarEntry {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'link'
  /** Permission bits. */
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
  readonly content?: Buffer
  /** Of a link: where it leads. */
  readonly target?: string
}

const BLOCK = 512
const KINDS = { file: '0', link: '2', directory: '5' } as const

/** An archive with nothing in it that is of the moment: all times are 1970, owners are numbers, and the order is that of the entries. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(packed), Buffer.alloc(2 * BLOCK)])
}

function packed(entry: TarEntry): readonly Buffer[] {
  const name = entry.kind === 'directory' ? `${entry.path}/` : entry.path
  const long = { ...(fits(name) ? {} : { path: name }), ...(fits(entry.target ?? '') ? {} : { linkpath: entry.target! }) }
  const content = entry.kind === 'file' ? (entry.content ?? Buffer.alloc(0)) : Buffer.alloc(0)
  const before = Object.keys(long).length === 0 ? [] : parts({ name: 'pax', type: 'x', mode: 0o644, uid: 0, gid: 0, target: '', size: 0 }, Buffer.from(Object.entries(long).map(paxRecord).join('')))
  return [...before, ...parts({ name: cut(name), type: KINDS[entry.kind], mode: entry.mode, uid: entry.uid ?? 0, gid: entry.gid ?? 0, target: cut(entry.target ?? ''), size: 0 }, content)]
}

interface Header {
  readonly name: string
  readonly type: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly target: string
  readonly size: number
}

const parts = (header: Header, content: Buffer): readonly Buffer[] => [headerOf({ ...header, size: content.length }), content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]

/** The header of POSIX's ustar; its sum counts its own field as spaces. */
function headerOf({ name, type, mode, uid, gid, target, size }: Header): Buffer {
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0, 100)
  const numbers: readonly (readonly [number, number, number])[] = [[mode, 100, 7], [uid, 108, 7], [gid, 116, 7], [size, 124, 11], [0, 136, 11]]
  for (const [value, at, digits] of numbers) header.write(value.toString(8).padStart(digits, '0'), at)
  header.write(`        ${type}`, 148)
  header.write(target, 157, 100)
  header.write('ustar\x0000', 257)
  header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** What is longer than the header's field, or not ASCII, stands in a record before it. */
const fits = (text: string): boolean => text.length <= 100 && /^[\x20-\x7e]*$/.test(text)
const cut = (text: string): string => (fits(text) ? text : text.replace(/[^\x20-\x7e]/g, '_').slice(0, 100))

/** "LENGTH KEY=VALUE\n", where the length counts its own digits. */
function paxRecord([key, value]: readonly [string, string]): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest + String(rest).length
  if (rest + String(length).length !== length) length = rest + String(length).length
  return `${length} ${key}=${value}\n`
}
