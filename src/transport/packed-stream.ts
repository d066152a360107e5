import { Readable } from 'node:stream'
import { createGzip, gzipSync } from 'node:zlib'

/** What is looked at before it is decided, bytes; what is smaller is not worth it. */
const SAMPLE = 64 * 1024
const QUICK = { level: 1 } as const

/**
 * The content for a slow link: packed by gzip where its beginning says that this helps, else as it is. Reads ahead in `content`, and rejects with its error.
 */
export async function packed(content: Readable): Promise<{ readonly content: Readable; readonly unpack: boolean }> {
  const source = content[Symbol.asyncIterator]() as AsyncIterator<Buffer | string>
  const ahead: Buffer[] = []
  let length = 0
  while (length < SAMPLE) {
    const { done, value } = await source.next()
    if (done) return { content: Readable.from(ahead, { objectMode: false }), unpack: false }
    ahead.push(Buffer.from(value))
    length += ahead.at(-1)!.length
  }
  const all = Readable.from(again(ahead, source), { objectMode: false })
  const sample = Buffer.concat(ahead).subarray(0, SAMPLE)
  if (gzipSync(sample, QUICK).length > 0.9 * sample.length) return { content: all, unpack: false }
  const zipped = createGzip(QUICK)
  all.on('error', (error) => zipped.destroy(error))
  zipped.on('close', () => all.destroy())
  return { content: all.pipe(zipped), unpack: true }
}

async function* again(ahead: readonly Buffer[], source: AsyncIterator<Buffer | string>): AsyncGenerator<Buffer | string> {
  try {
    yield* ahead
    yield* { [Symbol.asyncIterator]: () => source }
  } finally {
    await source.return?.()
  }
}

/** A script that reads what was packed. The exit code is that of the script. */
export const unpacking = (script: string): string => `gzip -dc | {\n${script}\n}`
