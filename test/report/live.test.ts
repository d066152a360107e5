import { expect, test } from 'vitest'
import type { RunEvent } from '../../src/engine/event.ts'
import { live } from '../../src/report/live.ts'
import type { ReportOptions } from '../../src/report/reporter.ts'
import { collector, item, playStart, recap, result, taskStart } from './sample.ts'

async function shown(events: readonly RunEvent[], changes: Partial<ReportOptions> = {}): Promise<string> {
  const options = collector(changes)
  const titles: string[] = []
  const reporter = live(options, { show: (title, detail) => titles.push(detail ? `${title}: ${detail}` : title), hide: async () => undefined })
  events.forEach((event) => reporter.onEvent(event))
  await reporter.end()
  return options.text()
}
const start = [playStart('web', ['h1', 'h2']), taskStart('1', 'Install')]

test('what does not change says nothing, not even its play', async () => expect(await shown([...start, result('1', 'h1', 'ok'), result('1', 'h2', 'skipped')])).toBe(''))
test('hosts with the same change share it', async () => {
  const diff = [{ header: { before: '/x', after: '/x' }, before: '', after: 'a\n' }]
  const text = await shown([...start, result('1', 'h1', 'changed', {}, { diff }), result('1', 'h2', 'changed', {}, { diff })], { diff: true })
  expect(text).toBe('\nweb\nchanged      Install  h1, h2\n    --- before: /x\n    +++ after: /x\n    @@ -0,0 +1 @@\n    +a\n')
})
test('failures are shown in full, with their place', async () => {
  const text = await shown([...start, result('1', 'h1', 'failed', { msg: 'it broke', stderr: 'because\nof this', stdout: '' })])
  expect(text).toContain('failed       Install  h1\n    it broke\n    stderr:\n        because\n        of this\n    at site.yml:4\n')
})
test('a dry run says what would change and what cannot be known', async () => {
  const text = await shown([...start, result('1', 'h1', 'changed', {}, { steps: ['run apt-get install x'] }), result('1', 'h2', 'unknown', {}, { reason: 'it depends' })], { check: true })
  expect(text).toContain('would change Install  h1\n    run apt-get install x\nunknown      Install  h2\n    it depends\n')
})
test('items speak for their loop', async () => {
  const text = await shown([...start, item('1', 'h1', 'a', 'changed'), item('1', 'h1', 'b', 'ok'), result('1', 'h1', 'changed')])
  expect(text).toBe('\nweb\nchanged      Install (a)  h1\n')
})
test('debug says its message', async () => expect(await shown([start[0]!, taskStart('1', 'Say', 'debug'), result('1', 'h1', 'ok', { msg: 'hello', changed: false })])).toContain('same         Say  h1\n    hello\n'))
test('of many hosts the first are named', async () => {
  const hosts = [...Array(12).keys()].map((n) => `h${12 - n}`)
  expect(await shown([playStart('web', hosts), taskStart('1', 'Install'), ...hosts.map((host) => result('1', host, 'changed'))])).toContain('Install  h1, h2, h3, h4, h5, h6 and 6 more\n')
})
test('the recap is a table', async () => {
  expect(await shown([recap({ h1: { ok: 3, changed: 1 } })])).toBe('\nhost  ok  changed  unreachable  failed  skipped  rescued  ignored\nh1     3        1            0       0        0        0        0\n')
})
