import type { RunEvent } from '../engine/event.ts'
import type { Paint } from './paint.ts'

const WORDS = {
  'missed-change': 'the dry run called it unchanged, and it changed', 'false-change': 'the dry run announced a change that did not come',
  'wrong-diff': 'the dry run announced another difference', 'false-failure': 'the dry run said it would fail, and it did not', 'missed-failure': 'it failed, and the dry run did not say so',
  'broken-assumption': 'an opaque task did not leave it alone',
} as const

/** What `--audit` found: how the run differed from its dry run. */
export function auditLines({ text, differences }: Extract<RunEvent, { type: 'audit' }>, paint: Paint): readonly string[] {
  const head = paint(`AUDIT: ${text}`, differences.length > 0 ? 'failed' : 'ok')
  return [head, ...differences.map(({ host, name, kind, detail }) => `  ${host}: ${name}: ${WORDS[kind]}${detail ? ` (${detail})` : ''}`), '']
}
