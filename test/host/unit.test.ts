import { expect, test } from 'vitest'
import { parseProperties, parseUnit, unitName } from '../../src/host/unit.ts'

const show = (lines: Record<string, string>) => parseProperties(Object.entries(lines).map(([name, value]) => `${name}=${value}`).join('\n'))

test('a running enabled unit', () => {
  expect(parseUnit(show({ LoadState: 'loaded', ActiveState: 'active', UnitFileState: 'enabled', MainPID: '7', InvocationID: 'a1' }))).toMatchObject({ exists: true, active: true, enabled: true, masked: false, run: '7 a1' })
})

test('states of unit files that have no say in enabling are static', () => {
  for (const word of ['static', 'transient', 'generated']) expect(parseUnit(show({ LoadState: 'loaded', UnitFileState: word })).enabled).toBe('static')
})

test('a unit made from an init script is enabled by its links', () => {
  const unit = show({ LoadState: 'loaded', UnitFileState: 'generated', SourcePath: '/etc/init.d/old' })
  expect([parseUnit(unit, true).enabled, parseUnit(unit, false).enabled]).toEqual([true, false])
})

test('what is not found does not exist; what is masked does', () => {
  expect(parseUnit(show({ LoadState: 'not-found' })).exists).toBe(false)
  expect(parseUnit(show({ LoadState: 'masked', UnitFileState: 'masked' }))).toMatchObject({ exists: true, masked: true, enabled: false })
})

test('a value may hold an equals sign', () => {
  expect(show({ Environment: 'A=b C=d' }).get('Environment')).toBe('A=b C=d')
})

test('names without an ending are services', () => {
  expect(['ssh', 'ssh.socket', 'a.b', 'getty@tty1'].map(unitName)).toEqual(['ssh', 'ssh.socket', 'a.b', 'getty@tty1'].map((name) => (name === 'ssh.socket' ? name : `${name}.service`)))
})

test('an indirect unit is enabled where links say so, and one that only /run enables is not', () => {
  expect(parseUnit(show({ LoadState: 'loaded', UnitFileState: 'indirect' })).enabled).toBe(false)
  expect(parseUnit(show({ LoadState: 'loaded', UnitFileState: 'indirect' }), false, true).enabled).toBe(true)
  expect(parseUnit(show({ LoadState: 'loaded', UnitFileState: 'enabled-runtime' })).enabled).toBe(false)
})
