import { isUtf8 } from 'node:buffer'

// Octal escapes are the one form every printf knows: dash has no \x, and POSIX promises no more than \ddd.
const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '%': '%%', "'": "'\\''", '\r': '\\r', '\0': '\\000' }

// A printf that is a program and not a builtin (mksh) takes at most 128 KiB in one argument; four characters a byte at worst.
const PIECE = 24 * 1024

/** What the text is for: `oneLine` writes newlines as `\n`, for a reader that takes a line. */
export interface PrintOptions {
  readonly oneLine?: boolean
}

/**
 * Shell text that prints exactly these bytes on standard output: `printf '…'`. Text stays as it is, other bytes are octal escapes,
 * so that NUL and broken UTF-8 travel too. No bytes are `:`.
 */
export function printBytes(bytes: Uint8Array, options: PrintOptions = {}): string {
  if (bytes.length === 0) return ':'
  const pieces: string[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = pieceEnd(bytes, start)
    pieces.push(`printf '${formatOf(bytes.subarray(start, end), options)}'`)
    start = end
  }
  return pieces.length === 1 ? pieces[0]! : `{ ${pieces.join('; ')}; }`
}

/** A cut that does not part the bytes of one UTF-8 character. */
function pieceEnd(bytes: Uint8Array, start: number): number {
  let end = Math.min(start + PIECE, bytes.length)
  for (let back = 0; end < bytes.length && back < 3 && (bytes[end]! & 0xc0) === 0x80; back++) end--
  return end
}

function formatOf(bytes: Uint8Array, { oneLine }: PrintOptions): string {
  const text = decode(bytes)
  // A format must not begin with a dash: some printf programs would take it for an option.
  const format = text === undefined ? escapeBytes(bytes) : text.replace(/[\\%'\r\0]/g, (character) => ESCAPES[character]!)
  const lines = oneLine ? format.replaceAll('\n', '\\n') : format
  return lines.startsWith('-') ? `\\055${lines.slice(1)}` : lines
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function escapeBytes(bytes: Uint8Array): string {
  let format = ''
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    if (byte >= 0x80 || (byte < 0x20 && character !== '\n' && character !== '\t')) format += octal(byte)
    else format += ESCAPES[character] ?? character
  }
  return format
}

/**
 * Text of bytes that need not be UTF-8, as file names are: a byte that is no part of a character becomes a lone surrogate, U+DC80 to
 * U+DCFF, as in Python, so that `bytesOfText` finds it again.
 */
export function textOfBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString()
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]!
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    const whole = at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length))
    text += whole ? bytes.toString('utf8', at, at + length) : String.fromCharCode(0xdc00 + lead)
    at += whole ? length : 1
  }
  return text
}

export function bytesOfText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text)
  // With the flag u, a surrogate of a pair is no match.
  return Buffer.concat(text.split(/([\udc80-\udcff])/u).map((part, i) => (i % 2 === 1 ? Buffer.of(part.charCodeAt(0) & 0xff) : Buffer.from(part))))
}
