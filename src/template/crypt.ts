import { hash, randomInt } from 'node:crypto'
import { BCRYPT_SALT, bcrypt } from './bcrypt.ts'
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

const IDENTS = ['2', '2a', '2y', '2b']
/** What passlib knows and Ansible does not offer. */
const NOT_OFFERED: ReadonlySet<string> = new Set(`apr_md5_crypt argon2 bcrypt_sha256 bsdi_crypt bsd_nthash crypt16 des_crypt fshp lmhash msdcc msdcc2 mssql2000 mssql2005 mysql323
  mysql41 nthash oracle10 oracle11 pbkdf2_sha1 pbkdf2_sha256 pbkdf2_sha512 phpass postgres_md5 scram scrypt sha1_crypt sun_md5_crypt`.split(/\s+/))

export interface CryptOptions {
  readonly salt?: string | undefined
  readonly saltSize?: number | undefined
  readonly rounds?: number | undefined
  /** Which bcrypt: 2, 2a, 2y or 2b. */
  readonly ident?: string | undefined
}
/** How long the salt of a kind of hash is; `undefined` for a kind that is not offered. */
export const saltLength = (type: string): number | undefined => {
  const kind = kindOf(type)
  return kind === 'blowfish' ? BCRYPT_SALT : kind === 'md5' ? 8 : kind && 16
}
/** A salt that is never the same twice. */
export const saltFor = (type: string): string => randomSalt(saltLength(type) ?? 16)
const kindOf = (type: string): 'md5' | 'sha256' | 'sha512' | 'blowfish' | undefined => {
  const kind = type.replace(/_crypt$/, '')
  return kind === 'bcrypt' || kind === 'blowfish' ? 'blowfish' : kind === 'sha512' || kind === 'sha256' || kind === 'md5' ? kind : undefined
}

/** A hash for `/etc/shadow`. `type`: sha512, sha256, md5 or blowfish (bcrypt); anything else is refused by name. */
export function cryptPassword(password: string, type: string, given: CryptOptions = {}): string {
  const kind = kindOf(type)
  if (kind === undefined) return fail(NOT_OFFERED.has(type) ? `${type} is not in the list of supported passlib algorithms: md5, blowfish, sha256, sha512` : `passlib does not support '${type}' algorithm`)
  const limit = saltLength(type)!
  const salt = given.salt ?? randomSalt(given.saltSize ?? limit)
  if (/[^./0-9A-Za-z]/.test(salt)) return fail(`invalid characters in ${nameOf(kind)} salt`)
  if (salt.length > limit) return fail(`salt too large (${nameOf(kind)} requires <= ${limit} chars)`)
  if (kind === 'blowfish') return blowfish(password, salt, given)
  const bytes = Buffer.from(password)
  if (kind === 'md5') return `$1$${salt}$${md5Crypt(bytes, Buffer.from(salt))}`
  const rounds = given.rounds ?? ROUNDS[kind]
  if (!(rounds >= 1000 && rounds <= 999_999_999)) return fail('the rounds lie between 1000 and 999999999')
  const text = encodeSha(shaCrypt(kind, bytes, Buffer.from(salt), rounds))
  return `${PREFIX[kind]}${rounds === 5000 ? '' : `rounds=${rounds}$`}${salt}$${text}`
}
const nameOf = (kind: string): string => (kind === 'blowfish' ? 'bcrypt' : `${kind}_crypt`)
function blowfish(password: string, salt: string, { rounds = 12, ident = '2b' }: CryptOptions): string {
  if (!IDENTS.includes(ident)) return fail(`invalid ident: '${ident}'`)
  if (salt.length < BCRYPT_SALT) return fail(`salt too small (bcrypt requires exactly ${BCRYPT_SALT} chars)`)
  if (!(rounds >= 4 && rounds <= 31)) return fail('the rounds of bcrypt lie between 4 and 31')
  if (password.includes('\0')) return fail('bcrypt does not allow NULL bytes in password')
  return bcrypt(password, salt, rounds, ident)
}
