import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { pauseAt } from '../../src/cli/pause-at.ts'

const at = (keys: string, given: { readonly secret?: boolean; readonly seconds?: number } = {}) => {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const answer = pauseAt('Go?', { input, output, secret: given.secret ?? false, seconds: given.seconds })
  input.write(keys)
  return answer.then((typed) => ({ typed, shown: String(output.read()) }))
}

test('what is typed until enter is the answer, and can be mended', async () => {
  expect(await at('hello thre\x7f\x7fere\r')).toMatchObject({ typed: 'hello there' })
  expect((await at('xy\n', { secret: true })).shown).not.toContain('x')
})
test('Ctrl-C asks whether to go on', async () => {
  expect(await at('ab\x03xC')).toMatchObject({ typed: '', shown: expect.stringContaining("Press 'C' to continue the play or 'A' to abort") })
  await expect(at('\x03a')).rejects.toThrow('user requested abort!')
})
test('enter does not end a pause that ends by itself', async () => {
  const started = Date.now()
  expect((await at('typed\r', { seconds: 0.2 })).typed).toBe('')
  expect(Date.now() - started).toBeGreaterThan(150)
})
