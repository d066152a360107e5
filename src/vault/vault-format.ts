import { createCipheriv, createDecipheriv, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'
import { Problem, type Span } from '../problem/problem.ts'

/** A vaulted text taken apart: its header's version and label, and the decoded payload. */
export interface Envelope {
  readonly version: '1.1' | '1.2'
  /** The vault id of a 1.2 header; `default` for 1.1, which carries none. */
  readonly id: string
  readonly salt: Buffer
  readonly hmac: Buffer
  readonly ciphertext: Buffer
}

const MAGIC = '$ANSIBLE_VAULT'
const ITERATIONS = 10_000

/** Whether a text is Ansible Vault's: it begins with the magic word, white space before it aside. */
export const isVaulted = (text: string | Buffer): boolean => (typeof text === 'string' ? text : text.toString('latin1')).trimStart().startsWith(`${MAGIC};`)

/** Takes a vaulted text apart. Throws `vault-format` for anything that is not versions 1.1 or 1.2 with AES256. */
export function parseEnvelope(text: string, span?: Span): Envelope {
  const [header = '', ...lines] = text.trim().split(/\r?\n/)
  const [magic, version, cipher, id] = header.trim().split(';')
  if (magic !== MAGIC) throw broken('it does not begin with $ANSIBLE_VAULT', span)
  if (version !== '1.1' && version !== '1.2') throw broken(`its version is ${version ?? 'missing'}; versions 1.1 and 1.2 can be read`, span)
  if (cipher !== 'AES256') throw broken(`its cipher is ${cipher ?? 'missing'}; only AES256 can be read`, span)
  const body = unhex(lines.map((line) => line.trim()).join(''), span).toString('latin1')
  const [salt, hmac, ciphertext] = body.split('\n', 3)
  if (!salt || !hmac || ciphertext === undefined) throw broken('its payload is cut short', span)
  return { version, id: id || 'default', salt: unhex(salt, span), hmac: unhex(hmac, span), ciphertext: unhex(ciphertext, span) }
}

/** The plain bytes, or `undefined` where the secret is not the one it was encrypted with. */
export function open(envelope: Envelope, secret: Buffer): Buffer | undefined {
  const { key, hmacKey, iv } = derive(secret, envelope.salt)
  const hmac = createHmac('sha256', hmacKey).update(envelope.ciphertext).digest()
  if (hmac.length !== envelope.hmac.length || !timingSafeEqual(hmac, envelope.hmac)) return undefined
  const decipher = createDecipheriv('aes-256-ctr', key, iv)
  return unpad(Buffer.concat([decipher.update(envelope.ciphertext), decipher.final()]))
}

/** A vaulted text of version 1.1, or 1.2 where an id other than `default` is given, in lines of 80 columns with a final line feed. */
export function seal(plain: string | Uint8Array, secret: Buffer, id = 'default', salt: Buffer = randomBytes(32)): string {
  const { key, hmacKey, iv } = derive(secret, salt)
  const cipher = createCipheriv('aes-256-ctr', key, iv)
  const ciphertext = Buffer.concat([cipher.update(pad(Buffer.from(plain as Uint8Array))), cipher.final()])
  const hmac = createHmac('sha256', hmacKey).update(ciphertext).digest()
  // The payload is hex of three lines of hex: Ansible's format since 1.5.
  const body = Buffer.from([salt, hmac, ciphertext].map((part) => part.toString('hex')).join('\n'), 'latin1').toString('hex')
  const header = id === 'default' ? `${MAGIC};1.1;AES256` : `${MAGIC};1.2;AES256;${id}`
  return [header, ...(body.match(/.{1,80}/g) ?? []), ''].join('\n')
}

function derive(secret: Buffer, salt: Buffer): { key: Buffer; hmacKey: Buffer; iv: Buffer } {
  const bytes = pbkdf2Sync(secret, salt, ITERATIONS, 80, 'sha256')
  return { key: bytes.subarray(0, 32), hmacKey: bytes.subarray(32, 64), iv: bytes.subarray(64) }
}

// PKCS#7 to 16 bytes although a stream cipher needs none: part of the format.
function pad(plain: Buffer): Buffer {
  const missing = 16 - (plain.length % 16)
  return Buffer.concat([plain, Buffer.alloc(missing, missing)])
}

const unpad = (padded: Buffer): Buffer => padded.subarray(0, padded.length - (padded.at(-1) ?? 0))

function unhex(text: string, span: Span | undefined): Buffer {
  if (text.length % 2 !== 0) throw broken('Vault format unhexlify error: Odd-length string', span)
  if (!/^[0-9a-fA-F]*$/.test(text)) throw broken('Vault format unhexlify error: Non-hexadecimal digit found', span)
  return Buffer.from(text, 'hex')
}

const broken = (detail: string, span: Span | undefined): Problem =>
  new Problem({ code: 'vault-format', summary: 'this is not a readable Ansible Vault text', detail, ...(span ? { span } : {}) })
