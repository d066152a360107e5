import { hash, randomInt } from 'node:crypto'
import { fail } from './template-error.ts'

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
export const randomSalt = (length: number): string => Array.from({ length }, () => ALPHABET[randomInt(64)]).join('')

/** Three bytes as four characters of crypt's alphabet, the lowest six bits first. */
function encode(bytes: readonly number[], characters: number): string {
  let number = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
  let text = ''
  for (let i = 0; i < characters; i++) {
    text += ALPHABET[number % 64]
    number = Math.floor(number / 64)
  }
  return text
}
const digest = (algorithm: string, ...parts: readonly Uint8Array[]): Buffer => hash(algorithm, Buffer.concat(parts), 'buffer')
const repeated = (bytes: Uint8Array, length: number): Buffer => Buffer.alloc(length, bytes)

/** SHA-crypt as Ulrich Drepper specified it ("Unix crypt using SHA-256 and SHA-512"). */
function shaCrypt(algorithm: 'sha256' | 'sha512', password: Buffer, salt: Buffer, rounds: number): Buffer {
  const size = algorithm === 'sha256' ? 32 : 64
  const other = digest(algorithm, password, salt, password)
  const parts: Buffer[] = [password, salt, repeated(other, password.length)]
  for (let bits = password.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? other : password)
  let result = digest(algorithm, ...parts)
  const p = repeated(digest(algorithm, ...Array.from(password, () => password)), password.length)
  const s = repeated(digest(algorithm, ...Array.from({ length: 16 + result[0]! }, () => salt)), salt.length)
  const buffer = Buffer.alloc(2 * p.length + s.length + size)
  for (let round = 0; round < rounds; round++) {
    let at = 0
    const add = (bytes: Buffer): void => void (at += bytes.copy(buffer, at))
    add(round & 1 ? p : result)
    if (round % 3) add(s)
    if (round % 7) add(p)
    add(round & 1 ? result : p)
    result = hash(algorithm, buffer.subarray(0, at), 'buffer')
  }
  return result
}
function encodeSha(result: Buffer): string {
  const third = Math.floor(result.length / 3)
  let text = ''
  let [a, b, c] = [0, third, 2 * third]
  for (let i = 0; i < third; i++) {
    text += encode([result[a]!, result[b]!, result[c]!], 4)
    // Each group turns the three by one; SHA-256 turns the other way round.
    ;[a, b, c] = result.length === 64 ? [b + 1, c + 1, a + 1] : [c + 1, a + 1, b + 1]
  }
  return text + (result.length === 64 ? encode([result[63]!], 2) : encode([result[31]!, result[30]!], 3))
}

/** The old MD5-based `$1$` hashes, after Poul-Henning Kamp's. */
function md5Crypt(password: Buffer, salt: Buffer): string {
  const other = digest('md5', password, salt, password)
  const parts: Uint8Array[] = [password, Buffer.from('$1$'), salt, repeated(other, password.length)]
  for (let bits = password.length; bits > 0; bits >>= 1) parts.push(bits & 1 ? Buffer.alloc(1) : password.subarray(0, 1))
  let result = digest('md5', ...parts)
  for (let round = 0; round < 1000; round++) {
    const [first, last] = round & 1 ? [password, result] : [result, password]
    result = digest('md5', first, round % 3 ? salt : Buffer.alloc(0), round % 7 ? password : Buffer.alloc(0), last)
  }
  const groups = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]]
  return groups.map((group) => encode(group.map((index) => result[index]!), 4)).join('') + encode([result[11]!], 2)
}

/** Default rounds as passlib has them, which Ansible uses. */
const ROUNDS = { sha256: 535_000, sha512: 656_000 } as const
const PREFIX = { sha256: '$5$', sha512: '$6$' } as const

/** A hash for `/etc/shadow`. `type`: sha512, sha256 or md5; anything else is refused by name. */
export function cryptPassword(password: string, type: string, given: { salt?: string | undefined; saltSize?: number | undefined; rounds?: number | undefined } = {}): string {
  const kind = type.replace(/_crypt$/, '')
  if (kind !== 'sha512' && kind !== 'sha256' && kind !== 'md5') {
    return fail(`'${type}' is not supported for passwords (bcrypt among others needs a library); use sha512, sha256 or md5`)
  }
  const limit = kind === 'md5' ? 8 : 16
  const salt = given.salt ?? randomSalt(given.saltSize ?? limit)
  if (/[^./0-9A-Za-z]/.test(salt)) return fail("the salt may hold letters, digits, '.' and '/'")
  if (salt.length > limit) return fail(`the salt of ${kind} has at most ${limit} characters`)
  const bytes = Buffer.from(password)
  if (kind === 'md5') return `$1$${salt}$${md5Crypt(bytes, Buffer.from(salt))}`
  const rounds = given.rounds ?? ROUNDS[kind]
  if (!(rounds >= 1000 && rounds <= 999_999_999)) return fail('the rounds lie between 1000 and 999999999')
  const text = encodeSha(shaCrypt(kind, bytes, Buffer.from(salt), rounds))
  return `${PREFIX[kind]}${rounds === 5000 ? '' : `rounds=${rounds}$`}${salt}$${text}`
}
