import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'

/** What PostgreSQL keeps instead of passwords, and takes in their place. */
const VERIFIER = /^(?:md5[0-9a-f]{32}|SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+))$/

export const isVerifier = (password: string): boolean => VERIFIER.test(password)

/** Whether the password is the one that the server keeps under `kept`. */
export function fitsPassword(kept: string, password: string, role: string): boolean {
  if (isVerifier(password)) return kept === password
  if (kept.startsWith('md5')) return kept === md5Verifier(password, role)
  const scram = VERIFIER.exec(kept)
  if (scram?.[1] === undefined) return kept === password
  const wanted = Buffer.from(scramVerifier(password, Buffer.from(scram[2]!, 'base64'), Number(scram[1])))
  return wanted.length === kept.length && timingSafeEqual(wanted, Buffer.from(kept))
}

/**
 * What the server is told, as `password_encryption` says it keeps passwords: made here, so that the password itself never
 * appears in the statements that a server may log.
 */
export function verifierFor(password: string, role: string, encryption: string): string {
  if (isVerifier(password)) return password
  return encryption === 'scram-sha-256' ? scramVerifier(password, randomBytes(16), 4096) : md5Verifier(password, role)
}

const md5Verifier = (password: string, role: string): string => `md5${createHash('md5').update(password + role).digest('hex')}`

/** RFC 5802 and 7677, as PostgreSQL writes it. */
export function scramVerifier(password: string, salt: Buffer, iterations: number): string {
  const salted = pbkdf2Sync(prepared(password), salt, iterations, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${hmac('Server Key').toString('base64')}`
}

// SASLprep (RFC 4013): odd spaces become spaces, some marks go, the rest is normalised; what it forbids is taken as it is.
const SPACES = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/g
const NOTHING = /[\u00AD\u034F\u1806\u180B-\u180D\u200C\u200D\u2060\uFE00-\uFE0F\uFEFF]/g
const FORBIDDEN = /[\u0000-\u001F\u007F-\u009F\u06DD\u070F\u180E\u2028\u2029\u2061-\u2063\u206A-\u206F\uFFF9-\uFFFF\uE000-\uF8FF\u{1D173}-\u{1D17A}\u0340\u0341\u200E\u200F\u202A-\u202E\u2FF0-\u2FFB]/u

function prepared(password: string): string {
  const mapped = password.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC')
  return FORBIDDEN.test(mapped) || mapped === '' ? password : mapped
}
