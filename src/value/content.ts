import { hash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { Readable as ReadableStream } from 'node:stream'
import { Unknown } from './value.ts'

/** What stands in a file: bytes in memory, a file of the controller (large, streamed), a file on the host itself, or unknown. */
export type Content =
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly sha1: string }
  | { readonly kind: 'controller'; readonly file: string; readonly size: number; readonly sha1: string }
  | { readonly kind: 'host'; readonly path: string; readonly sha1: string }
  | { readonly kind: 'unknown'; readonly unknown: Unknown }

export const sha1 = (bytes: Uint8Array): string => hash('sha1', bytes, 'hex')

export function bytesContent(text: string | Uint8Array): Content & { kind: 'bytes' } {
  const bytes = typeof text === 'string' ? Buffer.from(text) : Buffer.from(text)
  return { kind: 'bytes', bytes, sha1: sha1(bytes) }
}

/** Bytes that are read when they are first asked for. `read` throws what should be told where they cannot be had. */
export function lazyContent(read: () => Buffer): Content & { kind: 'bytes' } {
  let bytes: Buffer | undefined
  let sum: string | undefined
  return {
    kind: 'bytes',
    get bytes() {
      return (bytes ??= read())
    },
    get sha1() {
      return (sum ??= sha1(this.bytes))
    },
  }
}

export const unknownContent = (unknown: Unknown): Content => ({ kind: 'unknown', unknown })

/** The bytes of a file of the controller. */
export function bytesOf({ content }: { readonly content?: Content }): Buffer {
  if (content?.kind === 'bytes') return Buffer.from(content.bytes)
  if (content?.kind === 'controller') return readFileSync(content.file)
  throw content?.kind === 'unknown' ? content.unknown : new Unknown('no file of the controller')
}

/** The bytes as a stream, for content that goes over a channel of its own. */
export function streamOf(content: Content & { kind: 'bytes' | 'controller' }): Readable {
  return content.kind === 'bytes' ? ReadableStream.from([content.bytes]) : createReadStream(content.file)
}
