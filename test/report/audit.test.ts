import { expect, test } from 'vitest'
import { auditLines } from '../../src/report/audit.ts'
import { painter } from '../../src/report/paint.ts'

test('each difference says what the dry run got wrong', () => {
  const event = { type: 'audit', text: 'one difference', differences: [{ host: 'h1', task: '1', name: 'Install', kind: 'missed-change', detail: '/etc/x' }] } as const
  expect(auditLines(event, painter(false))).toEqual(['AUDIT: one difference', '  h1: Install: the dry run called it unchanged, and it changed (/etc/x)', ''])
})
