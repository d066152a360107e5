import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MarkerReader } from '../../src/transport/marker-reader.ts'

const WORD = 'done-0123'

function read(chunks: readonly Buffer[]): { bytes: string; notes: string[] } {
  const bytes: Buffer[] = []
  const notes: string[] = []
  const reader = new MarkerReader(WORD, (piece) => bytes.push(piece), (note) => notes.push(note))
  for (const chunk of chunks) reader.push(chunk)
  reader.end()
  return { bytes: Buffer.concat(bytes).toString('latin1'), notes }
}

test('markers are found however the stream is cut, and near misses are output', () => {
  const stream = Buffer.from(`one done-012${WORD} 1 0\ntwo\0\xff${WORD} 2 7\ndone-01`, 'latin1')
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 30 }), (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length]
      const chunks = at.slice(1).map((end, i) => stream.subarray(at[i], end))
      expect(read(chunks)).toEqual({ bytes: 'one done-012two\0\xffdone-01', notes: ['1 0', '2 7'] })
    }),
  )
})
