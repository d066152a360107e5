/** A character encoding by the names Python knows it under. */
export interface Codec {
  /** `undefined` where the bytes are not of this encoding. */
  decode(bytes: Uint8Array): string | undefined
  /** `undefined` where a character is not in this encoding. */
  encode(text: string): Buffer | undefined
}

/** The codec of a name: `utf-8`, `latin-1`, `ascii`, `utf-16`, `utf-16-be`, `utf-8-sig`, and what WHATWG's registry has (`windows-1252`, `shift_jis`, `iso8859-15` …). */
export function codecOf(name: string): Codec | undefined {
  const key = name.toLowerCase().replaceAll('_', '-')
  const plain = PLAIN[key]
  if (plain) return plain
  const label = key.replace(/^cp(\d+)$/, 'windows-$1').replace(/^iso8859-/, 'iso-8859-').replace(/^(latin)-?(\d+)$/, '$1$2')
  return table(label)
}

const strict = (label: string, ignoreBOM = true) => (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder(label, { fatal: true, ignoreBOM }).decode(bytes)
  } catch {
    return undefined
  }
}
/** Characters up to `last` as one byte each. */
const narrow = (last: number): Codec => ({
  decode: (bytes) => (bytes.some((byte) => byte > last) ? undefined : Buffer.from(bytes).toString('latin1')),
  encode: (text) => (Array.from(text).some((char) => char.codePointAt(0)! > last) ? undefined : Buffer.from(text, 'latin1')),
})
const swapped = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()
const UTF8: Codec = { decode: strict('utf-8'), encode: (text) => Buffer.from(text) }
const UTF8_SIG: Codec = { decode: strict('utf-8', false), encode: (text) => Buffer.from(`\ufeff${text}`) }
const UTF16: Codec = {
  // The mark at the start says which half comes first.
  decode: (bytes) => (bytes[0] === 0xfe && bytes[1] === 0xff ? strict('utf-16be', false)(bytes) : strict('utf-16le', false)(bytes)),
  encode: (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
}
const UTF16_LE: Codec = { decode: strict('utf-16le'), encode: (text) => Buffer.from(text, 'utf16le') }
const UTF16_BE: Codec = { decode: strict('utf-16be'), encode: swapped }
const ASCII = narrow(0x7f)
const LATIN1 = narrow(0xff)
const PLAIN: Readonly<Record<string, Codec>> = {
  'utf-8': UTF8, 'utf8': UTF8, 'u8': UTF8, 'utf-8-sig': UTF8_SIG, 'ascii': ASCII, 'us-ascii': ASCII, 'latin-1': LATIN1, 'latin1': LATIN1, 'iso-8859-1': LATIN1, 'iso8859-1': LATIN1,
  'utf-16': UTF16, 'utf16': UTF16, 'utf-16-le': UTF16_LE, 'utf-16le': UTF16_LE, 'utf-16-be': UTF16_BE, 'utf-16be': UTF16_BE,
}

const tables = new Map<string, Codec | undefined>()
/** JavaScript only decodes: the way back is a table of what each byte, or pair of bytes, decodes to. */
function table(label: string): Codec | undefined {
  if (tables.has(label)) return tables.get(label)
  const codec = isLabel(label) ? { decode: strict(label), encode: encoder(label) } : undefined
  tables.set(label, codec)
  return codec
}
function isLabel(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== 'replacement'
  } catch {
    return false
  }
}
function encoder(label: string): Codec['encode'] {
  let known: Map<string, Buffer> | undefined
  return (text) => {
    known ??= encodings(label)
    const parts = Array.from(text, (char) => known!.get(char))
    return parts.includes(undefined) ? undefined : Buffer.concat(parts as Buffer[])
  }
}
function encodings(label: string): Map<string, Buffer> {
  const decode = strict(label)
  const known = new Map<string, Buffer>()
  const add = (bytes: Buffer): void => {
    const char = decode(bytes)
    if (char !== undefined && Array.from(char).length === 1 && !known.has(char)) known.set(char, bytes)
  }
  for (let byte = 0; byte < 256; byte++) add(Buffer.from([byte]))
  if (known.size < 200) for (let lead = 0x81; lead < 0xff; lead++) for (let trail = 0x40; trail < 0xff; trail++) add(Buffer.from([lead, trail]))
  return known
}
