import { expect, test } from 'vitest'
import { painter, wantsColour } from '../../src/report/paint.ts'

test.each([[true, {}, true], [false, {}, false], [true, { NO_COLOR: '1' }, false], [false, { ANSIBLE_FORCE_COLOR: 'true' }, true], [true, { ANSIBLE_NOCOLOR: '1' }, false], [true, { TERM: 'dumb' }, false]])(
  'terminal %j with %j: %j', (terminal, env, expected) => expect(wantsColour(terminal, env)).toBe(expected))
test('each line has its own colour', () => expect(painter(true)('a\n\nb', 'ok')).toBe('\x1b[0;32ma\x1b[0m\n\n\x1b[0;32mb\x1b[0m'))
