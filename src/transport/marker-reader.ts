const NEWLINE = 0x0a

/**
 * Splits a stream of bytes at markers: lines that begin with a random word nobody can guess, wherever in a line the output
 * before them stopped. Bytes that may be the start of a marker are held back until it is certain.
 */
export class MarkerReader {
  readonly #word: Buffer
  readonly #onMarker: (note: string) => void
  readonly #onBytes: (bytes: Buffer) => void
  #held: Buffer = Buffer.alloc(0)

  constructor(word: string, onBytes: (bytes: Buffer) => void, onMarker: (note: string) => void) {
    this.#word = Buffer.from(word)
    this.#onBytes = onBytes
    this.#onMarker = onMarker
  }

  push(chunk: Buffer): void {
    let bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk
    for (;;) {
      const start = bytes.indexOf(this.#word)
      const end = start < 0 ? -1 : bytes.indexOf(NEWLINE, start + this.#word.length)
      if (end < 0) return this.#hold(bytes, start < 0 ? this.#possibleStart(bytes) : start)
      if (start > 0) this.#onBytes(bytes.subarray(0, start))
      this.#onMarker(bytes.toString('latin1', start + this.#word.length, end).trim())
      bytes = bytes.subarray(end + 1)
    }
  }

  /** Hands out what was held back: the stream has ended, so it is no marker. */
  end(): void {
    if (this.#held.length > 0) this.#onBytes(this.#held)
    this.#held = Buffer.alloc(0)
  }

  #hold(bytes: Buffer, from: number): void {
    if (from > 0) this.#onBytes(bytes.subarray(0, from))
    this.#held = bytes.subarray(from)
  }

  /** Where the end of the bytes could be the beginning of the word. */
  #possibleStart(bytes: Buffer): number {
    for (let length = Math.min(this.#word.length - 1, bytes.length); length > 0; length--) {
      const from = bytes.length - length
      if (bytes.compare(this.#word, 0, length, from) === 0) return from
    }
    return bytes.length
  }
}
