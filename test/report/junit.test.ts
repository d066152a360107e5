import { expect, test } from 'vitest'
import { junit } from '../../src/report/junit.ts'
import { collector, playStart, result, taskStart } from './sample.ts'

test('a suite a play, a case a task and host', () => {
  const options = collector()
  const reporter = junit(options)
  const events = [playStart('p <1>', ['h1']), taskStart('1', 'first & best'), result('1', 'h1', 'ok'), result('1', 'h2', 'failed', { msg: 'bad "x"\x07' }), taskStart('2', 'two'),
    result('2', 'h1', 'skipped', {}, { reason: 'no need' }), result('2', 'h2', 'failed', { msg: 'x' }, { ignored: true })]
  events.forEach((event) => reporter.onEvent(event))
  void reporter.end()
  const text = options.text()
  expect(text).toContain('<testsuites tests="4" failures="1" errors="0" skipped="1" time="0.400">')
  expect(text).toContain('<testsuite name="p &lt;1&gt;" tests="4"')
  expect(text).toContain('<testcase name="[h1] first &amp; best" classname="site.yml:4" time="0.100"/>')
  expect(text).toContain('<failure message="bad &quot;x&quot;">')
  expect(text).toContain('<skipped message="no need"/>')
})
