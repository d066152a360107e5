import { expect, test } from 'vitest'
import { channelStream } from '../../src/transport/channel-stream.ts'
import { childChannel } from '../../src/transport/child-channel.ts'

test('a failure after its user gave up ends nothing else', async () => {
  const uncaught: unknown[] = []
  const note = (error: unknown): void => void uncaught.push(error)
  process.on('uncaughtException', note)
  const channel = childChannel('/bin/sh', ['-c', 'echo no way out >&2; exit 3'])
  const stream = channelStream(channel)
  await channel.ended
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('uncaughtException', note)
  expect([uncaught, stream.errored?.message]).toEqual([[], 'no way out'])
})
