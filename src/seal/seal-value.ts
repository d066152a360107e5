import { type KeyObject, constants, createCipheriv, createDecipheriv, privateDecrypt, publicEncrypt, randomBytes } from 'node:crypto'

// The session key is used once, so the nonce may be fixed: the format of Sealed Secrets has it so.
const NONCE = Buffer.alloc(12)
const TAG = 16
const oaep = (label: string) => ({ padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: Buffer.from(label) }) as const

/** A sealed value taken apart: the session key under RSA, the text under AES, and its tag. */
export interface Sealed {
  readonly wrapped: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

/** Seals bytes as the controller opens them: base64 of the wrapped session key with its length before it, ciphertext, tag. Never the same twice. */
export function sealValue(plain: Uint8Array, key: KeyObject, label: string): string {
  const session = randomBytes(32)
  const wrapped = publicEncrypt({ key, ...oaep(label) }, session)
  const cipher = createCipheriv('aes-256-gcm', session, NONCE)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(wrapped.length)
  return Buffer.concat([length, wrapped, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64')
}

/** The parts of a sealed value; `undefined` for a text that cannot be one. */
export function parseSealed(text: string): Sealed | undefined {
  const base64 = text.replace(/[\r\n]/g, '')
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined
  const bytes = Buffer.from(base64, 'base64')
  const length = bytes.length < 2 ? 0 : bytes.readUInt16BE()
  // The smallest RSA key anybody uses is of 1024 bits; sizes are whole bytes of 64 bits.
  if (length < 128 || length % 8 !== 0 || bytes.length < 2 + length + TAG) return undefined
  return { wrapped: bytes.subarray(2, 2 + length), ciphertext: bytes.subarray(2 + length, -TAG), tag: bytes.subarray(-TAG) }
}

/** The bytes; `undefined` where none of the private keys opens the value with this label: another key, another place, or a changed text. */
export function unsealValue(sealed: Sealed, keys: readonly KeyObject[], label: string): Buffer | undefined {
  for (const key of keys) {
    const plain = openWith(key, sealed, label)
    if (plain) return plain
  }
  return undefined
}

function openWith(key: KeyObject, { wrapped, ciphertext, tag }: Sealed, label: string): Buffer | undefined {
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8 !== wrapped.length) return undefined
  try {
    const decipher = createDecipheriv('aes-256-gcm', privateDecrypt({ key, ...oaep(label) }, wrapped), NONCE, { authTagLength: TAG })
    decipher.setAuthTag(tag)
    return Buffer.concat([decipher.update(ciphertext), decipher.final()])
  } catch {
    return undefined // What went wrong is not told apart, and must not be: only whether it opens counts.
  }
}
