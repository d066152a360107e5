import { Duplex } from 'node:stream'
import type { Channel } from './wire.ts'

/** A program's output and input as one stream; its failure, in its own words, is the stream's error. */
export function channelStream({ stdin, stdout, stderr, ended, close }: Channel): Duplex {
  let said = ''
  stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)))
  const stream = new Duplex({
    read: () => void stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => void (stdin.write(chunk) ? done() : stdin.once('drain', () => done())),
    final: (done) => void stdin.end(() => done()),
    destroy: (error, done) => {
      close()
      done(error)
    },
  })
  // Whoever uses the stream hears of its failure; when nobody does any more, it must not end the process.
  stream.on('error', () => undefined)
  stdout.on('data', (chunk: Buffer) => stream.push(chunk) || stdout.pause())
  void ended.then(({ code }) => {
    if (stream.destroyed) return
    if (code === 0) stream.push(null)
    else stream.destroy(new Error(said.trim().replaceAll(/\s*\n\s*/g, '; ') || 'the program that carried the connection ended'))
  })
  return stream
}
