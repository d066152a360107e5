/** A line of an authorized_keys file that holds a key. */
export interface AuthorizedKey {
  readonly options: string
  readonly type: string
  /** The key itself, base64: what tells keys apart. */
  readonly blob: string
  readonly comment: string
}

const TYPE = /^(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-[\w-]+|sk-[\w.@-]+|ssh-[\w.@-]+|rsa-sha2-\d+(?:-cert-v01@openssh\.com)?)$/

/** The key of a line; undefined for comments, empty lines and what is no key. Options may hold quoted spaces. */
export function parseKey(line: string): AuthorizedKey | undefined {
  if (line.trim() === '' || line.trimStart().startsWith('#')) return undefined
  const words = line.trim().match(/(?:"(?:\\"|[^"])*"|[^\s"])+/g) ?? []
  const at = words.findIndex((word) => TYPE.test(word))
  if (at < 0 || at > 1 || words[at + 1] === undefined) return undefined
  const [type, blob] = [words[at]!, words[at + 1]!]
  const start = line.indexOf(blob, line.indexOf(type, at === 0 ? 0 : words[0]!.length)) + blob.length
  return { options: at === 1 ? words[0]! : '', type, blob, comment: line.slice(start).trim() }
}

export const showKey = ({ options, type, blob, comment }: AuthorizedKey): string => [options, type, blob, comment].filter((word) => word !== '').join(' ')

export interface KeyEdit {
  readonly keys: readonly AuthorizedKey[]
  readonly state: 'present' | 'absent'
  /** Every other key goes. */
  readonly exclusive: boolean
}

/** Lines that are right stay as they are; what is no key stays where it is, unless the keys are to be the only content. */
export function editAuthorizedKeys(text: string, { keys, state, exclusive }: KeyEdit): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const wanted = new Map(keys.map((key) => [key.blob, key]))
  const placed = new Set<string>()
  const kept = lines.flatMap((line) => {
    const key = parseKey(line)
    if (!key) return exclusive && state === 'present' && line.trim() !== '' && !line.trimStart().startsWith('#') ? [] : [line]
    const wish = wanted.get(key.blob)
    if (state === 'absent') return wish ? [] : [line]
    if (!wish) return exclusive ? [] : [line]
    if (placed.has(key.blob)) return []
    placed.add(key.blob)
    return showKey(wish) === showKey(key) ? [line] : [showKey(wish)]
  })
  const added = state === 'present' ? [...wanted.values()].filter(({ blob }) => !placed.has(blob)).map(showKey) : []
  const all = [...kept, ...added]
  if (added.length === 0 && all.length === lines.length && all.every((line, i) => line === lines[i])) return text
  return all.map((line) => `${line}\n`).join('')
}
