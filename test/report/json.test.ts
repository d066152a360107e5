import { expect, test } from 'vitest'
import { json } from '../../src/report/json.ts'
import { Secrets } from '../../src/text/secrets.ts'
import { dict, unknown } from '../../src/value/value.ts'
import { collector, recap, result } from './sample.ts'

test('one event a line, with its version; maps are objects, unknowns say why', () => {
  const options = collector()
  const reporter = json(options)
  reporter.onEvent(result('1', 'h1', 'changed', { rc: 0, nested: dict({ a: [1, unknown('later')] }) }))
  reporter.onEvent(recap({ h1: { ok: 1 } }))
  const [first, second] = options.text().trimEnd().split('\n').map((line) => JSON.parse(line))
  expect(first).toMatchObject({ version: 1, type: 'result', host: 'h1', result: { status: 'changed', outputs: { rc: 0, nested: { a: [1, { unknown: 'later' }] } } } })
  expect(second).toMatchObject({ version: 1, type: 'recap', hosts: { h1: { ok: 1 } } })
})
test('a masked secret leaves valid JSON', () => {
  const secrets = new Secrets()
  secrets.add('pa"ss\\word')
  const options = collector({ secrets })
  json(options).onEvent(result('1', 'h1', 'ok', { msg: 'it is pa"ss\\word' }))
  expect(JSON.parse(options.text()).result.outputs.msg).toBe('it is ********')
})
