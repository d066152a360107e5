/** What a program of Linux says of itself. */
export interface ElfProgram {
  readonly architecture: string
  /** The loader that a program with shared libraries needs; undefined for a static one. */
  readonly loader: string | undefined
}

const MACHINES: Readonly<Record<number, string>> = { 62: 'amd64', 183: 'arm64' }
/** The part of a program that names its loader. */
const INTERPRETER = 3

/** Undefined for what is no ELF program of 64 bits: a script, data. */
export function readElf(bytes: Buffer): ElfProgram | undefined {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) return undefined
  const [offset, size, count] = [Number(bytes.readBigUInt64LE(32)), bytes.readUInt16LE(54), bytes.readUInt16LE(56)]
  const headers = Array.from({ length: count }, (_, i) => offset + i * size).filter((at) => at + 56 <= bytes.length)
  const named = headers.find((at) => bytes.readUInt32LE(at) === INTERPRETER)
  const machine = bytes.readUInt16LE(18)
  return { architecture: MACHINES[machine] ?? `machine ${machine}`, loader: named === undefined ? undefined : textAt(bytes, Number(bytes.readBigUInt64LE(named + 8)), Number(bytes.readBigUInt64LE(named + 32))) }
}

const textAt = (bytes: Buffer, at: number, length: number): string => bytes.subarray(at, at + length).toString().replace(/\0.*$/s, '')
