/** bcrypt as Niels Provos and David Mazières published it ("A Future-Adaptable Password Scheme", 1999). */

const ROUNDS = 16
/** Blowfish begins with the binary digits of pi behind the point: first its 18 subkeys, then four boxes of 256 words. */
const SUBKEYS = ROUNDS + 2
const WORDS = SUBKEYS + 4 * 256

/** `atan(1/x)` as a fraction of `one`. */
function inverseTangent(x: bigint, one: bigint): bigint {
  let [power, sum] = [one / x, 0n]
  for (let n = 1n; power !== 0n; n += 2n) {
    sum += n % 4n === 1n ? power / n : -(power / n)
    power /= x * x
  }
  return sum
}
let digits: Int32Array | undefined
/** Machin's formula is shorter than four kilobytes of constants. */
function digitsOfPi(): Int32Array {
  if (digits) return digits
  const guard = 64n
  const one = 1n << (BigInt(WORDS * 32) + guard)
  const fraction = (16n * inverseTangent(5n, one) - 4n * inverseTangent(239n, one) - 3n * one) >> guard
  const hex = fraction.toString(16).padStart(WORDS * 8, '0')
  return (digits = Int32Array.from({ length: WORDS }, (_, index) => parseInt(hex.slice(index * 8, index * 8 + 8), 16)))
}

/** Encrypts the two words at `at` in place. `keys` holds the subkeys and the boxes behind them. */
function encipher(keys: Int32Array, block: Int32Array, at: number): void {
  let left = block[at]! ^ keys[0]!
  let right = block[at + 1]!
  for (let round = 1; round <= ROUNDS; round += 2) {
    right ^= mix(keys, left) ^ keys[round]!
    left ^= mix(keys, right) ^ keys[round + 1]!
  }
  block[at] = right ^ keys[ROUNDS + 1]!
  block[at + 1] = left
}
const mix = (keys: Int32Array, word: number): number =>
  (((keys[SUBKEYS + (word >>> 24)]! + keys[SUBKEYS + 256 + ((word >>> 16) & 255)]!) ^ keys[SUBKEYS + 512 + ((word >>> 8) & 255)]!) + keys[SUBKEYS + 768 + (word & 255)]!) | 0

/** Bytes as big-endian words, again and again from the start. */
function cyclic(bytes: Uint8Array, count: number): Int32Array {
  let at = 0
  return Int32Array.from({ length: count }, () => {
    let word = 0
    for (let i = 0; i < 4; i++) word = (word << 8) | bytes[at++ % bytes.length]!
    return word
  })
}

function expand(keys: Int32Array, key: Int32Array, salt: Int32Array | undefined): void {
  for (let i = 0; i < SUBKEYS; i++) keys[i]! ^= key[i]!
  const block = new Int32Array(2)
  for (let i = 0; i < WORDS; i += 2) {
    // The salt's four words take turns in pairs.
    if (salt) {
      block[0]! ^= salt[i & 2]!
      block[1]! ^= salt[(i & 2) + 1]!
    }
    encipher(keys, block, 0)
    keys[i] = block[0]!
    keys[i + 1] = block[1]!
  }
}

/** The 23 bytes of the hash. `key` is the password with its final zero byte, `salt` has 16 bytes, the work is 2^`cost`. */
function hashBytes(key: Uint8Array, salt: Uint8Array, cost: number): Buffer {
  const keys = Int32Array.from(digitsOfPi())
  const [keyWords, saltWords] = [cyclic(key, SUBKEYS), cyclic(salt, SUBKEYS)]
  expand(keys, keyWords, saltWords.subarray(0, 4))
  for (let left = 2 ** cost; left > 0; left--) {
    expand(keys, keyWords, undefined)
    expand(keys, saltWords, undefined)
  }
  const text = cyclic(Buffer.from('OrpheanBeholderScryDoubt'), 6)
  for (let at = 0; at < 6; at += 2) for (let i = 0; i < 64; i++) encipher(keys, text, at)
  const bytes = Buffer.alloc(24)
  text.forEach((word, index) => bytes.writeInt32BE(word, index * 4))
  return bytes.subarray(0, 23)
}

const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const translate = (text: string, from: string, to: string): string => text.replace(/[^=]/g, (char) => to[from.indexOf(char)]!)
const encode = (bytes: Uint8Array): string => translate(Buffer.from(bytes).toString('base64').replace(/=+$/, ''), STANDARD, ALPHABET)
const decode = (text: string): Buffer => Buffer.from(translate(text, ALPHABET, STANDARD), 'base64')

export const BCRYPT_SALT = 22
/** Of the salt's last character only two bits count: it becomes one that has no others. */
export const settledSalt = (salt: string): string => encode(decode(salt).subarray(0, 16))

/** `$2b$12$…`: `ident` is 2, 2a, 2b or 2y, `salt` 22 characters of bcrypt's alphabet, `cost` 4 to 31. */
export function bcrypt(password: string, salt: string, cost: number, ident: string): string {
  const bytes = Buffer.from(ident === '2' ? password : `${password}\0`).subarray(0, 72)
  const settled = settledSalt(salt)
  return `$${ident}$${String(cost).padStart(2, '0')}$${settled}${encode(hashBytes(bytes, decode(settled), cost))}`
}
