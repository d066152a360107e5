import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Demands, gateProblems, majority, passwordOf, sayQuorum, wishProblems } from '../../../src/cluster/k3s/gates.ts'
import type { SeenNode } from '../../../src/cluster/k3s/node.ts'
import { compareVersions, getVersion, parseVersion, whyNoStep } from '../../../src/cluster/k3s/version.ts'

const demands: Demands = { version: 'v1.34.2+k3s1', upgrades: false, minimumMemoryMb: { server: 1800, agent: 450 }, clockSpread: 2000, remove: [], token: undefined }
const node = (host: string, more: Partial<SeenNode> = {}): SeenNode =>
  ({ host, node: host, role: 'server', address: `192.0.2.${host.slice(1)}`, liveness: 'alive', machine: 'x86_64', memoryMb: 4000, hasMemoryControl: true, hasSystemd: true, ahead: [-5, 5], ...more })
const codes = (problems: readonly { readonly code: string; readonly hint: string | undefined }[]) => problems.map(({ code, hint }) => (hint ? code : `${code} without a next move`))

describe('the wish', () => {
  test.each([[1, []], [3, []], [5, []], [0, ['k3s-no-servers']], [2, ['k3s-even-servers']], [4, ['k3s-even-servers']]])('%i servers', (count, wanted) => {
    expect(codes(wishProblems(Array.from({ length: count }, (_, i) => node(`n${i + 1}`)), demands))).toEqual(wanted)
  })
  test('those that leave do not count', () => expect(wishProblems([node('n1'), node('n2')], { ...demands, remove: ['n2'] })).toEqual([]))
  test.each(['stable', 'latest', 'v1.34', '1.34.2+k3s1', 'v1.34.2', 'v1.34.2-k3s1', 'v1.34.2+k3s1 ', ''])('the version %j is not pinned', (version) => {
    expect(codes(wishProblems([node('n1')], { ...demands, version }))).toEqual(['k3s-version-not-pinned'])
  })
  test('one host in both groups, one address for two', () => {
    expect(codes(wishProblems([node('n1'), node('n1', { role: 'agent' })], demands))).toEqual(['k3s-two-roles'])
    expect(codes(wishProblems([node('n1'), node('n2', { role: 'agent', address: '192.0.2.1' })], demands))).toEqual(['k3s-not-unique'])
  })
})

describe('the hosts', () => {
  const one = (more: Partial<SeenNode>, wanted: Partial<Demands> = {}) => codes(gateProblems([node('n1', more)], { ...demands, ...wanted }))
  test.each<[string, Partial<SeenNode>, string]>([
    ['too little memory', { memoryMb: 1700 }, 'k3s-memory'], ['no build for it', { machine: 'riscv64' }, 'k3s-architecture'], ['no memory control', { hasMemoryControl: false }, 'k3s-memory-cgroup'],
    ['no systemd', { hasSystemd: false }, 'k3s-systemd'], ['a newer version', { version: 'v1.34.3+k3s1' }, 'k3s-downgrade'], ['a version two minors older', { version: 'v1.32.9+k3s1' }, 'k3s-minor-skipped'],
    ['an older version', { version: 'v1.33.13+k3s1' }, 'k3s-other-version'],
  ])('%s', (_, more, wanted) => expect(one(more)).toEqual([wanted]))
  test('an upgrade takes the next minor version, and the same', () => {
    expect(one({ version: 'v1.33.13+k3s1' }, { upgrades: true })).toEqual([])
    expect(one({ version: 'v1.34.2+k3s1' }, { upgrades: true })).toEqual([])
    expect(one({ version: 'v1.32.9+k3s1' }, { upgrades: true })).toEqual(['k3s-minor-skipped'])
  })
  test('a program that lies on a host without a cluster binds nobody', () => expect(one({ version: 'v1.35.0+k3s1', liveness: 'clean' })).toEqual([]))
  test('clocks that are surely apart, and no others', () => {
    const apart = (ahead: readonly [number, number]) => codes(gateProblems([node('n1', { ahead: [0, 10] }), node('n2', { ahead })], demands))
    expect(apart([2011, 2020])).toEqual(['k3s-clocks'])
    expect(apart([-2010, -2001])).toEqual(['k3s-clocks'])
    expect(apart([1500, 2500])).toEqual([])
  })
  test('host names used twice, whatever the case', () => expect(codes(gateProblems([node('n1', { node: 'a' }), node('n2', { node: 'a' })], demands))).toEqual(['k3s-not-unique']))
  test('a token that is not that of the cluster; both ways to write it', () => {
    const tokenHash = createHash('sha256').update('word').digest('hex')
    expect(one({ tokenHash }, { token: 'word' })).toEqual([])
    expect(one({ tokenHash }, { token: `K10${'a'.repeat(64)}::server:word` })).toEqual([])
    expect(one({ tokenHash }, { token: 'other' })).toEqual(['k3s-other-token'])
  })
  test('what cannot be reached is not judged', () => expect(one({ liveness: 'unreachable', memoryMb: 0, machine: '' })).toEqual([]))
})

test('versions are ordered, and a step is one minor at most', () => {
  const version = fc.tuple(fc.constant(1), fc.nat(40), fc.nat(30), fc.nat(5)).map(([a, b, c, d]) => getVersion(`v${a}.${b}.${c}+k3s${d}`))
  fc.assert(fc.property(version, version, (a, b) => {
    expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)))
    const refused = whyNoStep('n1', a, b)?.code
    expect(refused).toBe(compareVersions(b, a) < 0 ? 'k3s-downgrade' : b.parts[1] - a.parts[1] > 1 ? 'k3s-minor-skipped' : undefined)
  }))
  expect(parseVersion('v1.34.10+k3s2')!.parts).toEqual([1, 34, 10, 2])
})
test('what the majority is', () => {
  expect([1, 3, 5].map(majority)).toEqual([1, 2, 3])
  expect(sayQuorum(3)).toBe('3 servers: 2 are a majority, so 1 may be away at a time')
  expect(passwordOf('a::b')).toBe('a::b')
})
