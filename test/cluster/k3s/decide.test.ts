import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, type Decision } from '../../../src/cluster/k3s/decide.ts'
import { type Liveness, type NodeRole, type SeenNode, urlOf } from '../../../src/cluster/k3s/node.ts'
import { Problem } from '../../../src/problem/problem.ts'

const CA = 'a'.repeat(64)
const wish = { port: 6443, virtualAddress: undefined, remove: [] }
const address = (host: string) => `192.0.2.${host.slice(1)}`
const url = (host: string) => urlOf(address(host), 6443)

const node = (host: string, liveness: Liveness, more: Partial<SeenNode> = {}): SeenNode => ({
  host, node: host, role: 'server', address: address(host), liveness, machine: 'x86_64', memoryMb: 4000, hasMemoryControl: true, hasSystemd: true, ahead: [-5, 5],
  ...(liveness === 'clean' || liveness === 'unreachable' ? {} : { caHash: CA }), ...more,
})
const agent = (host: string, liveness: Liveness, more: Partial<SeenNode> = {}) => node(host, liveness, { role: 'agent', ...more })
const short = ({ parts }: Decision) => parts.map(({ host, action, server }) => [host, action, server])
const code = (work: () => unknown): string | undefined => {
  try {
    work()
    return undefined
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(Problem)
    expect((thrown as Problem).hint, 'the next move').toBeTruthy()
    return (thrown as Problem).code
  }
}

describe('who makes the cluster', () => {
  test('the first of the inventory, where nothing is anywhere', () => {
    expect(short(decide([node('n1', 'clean'), node('n2', 'clean'), agent('n3', 'clean')], wish))).toEqual([['n1', 'bootstrap', undefined], ['n2', 'join', url('n1')], ['n3', 'join', url('n1')]])
  })
  test('a wiped first server joins a survivor', () => {
    expect(short(decide([node('n1', 'clean'), node('n2', 'alive'), node('n3', 'alive')], wish))).toEqual([['n1', 'join', url('n2')], ['n2', 'run', url('n3')], ['n3', 'run', url('n2')]])
  })
  test('a first server that never saw another goes on', () => {
    expect(short(decide([node('n1', 'stopped', { joins: '' }), node('n2', 'clean')], wish))).toEqual([['n1', 'run', undefined], ['n2', 'join', url('n1')]])
  })
  test('one that stands behind others has to be started first: they come before it, and would wait for it in vain', () => {
    expect(code(() => decide([node('n1', 'clean'), node('n2', 'stopped', { joins: '' })], wish))).toBe('k3s-founder-stopped')
    expect(short(decide([node('n1', 'clean'), node('n2', 'starting', { joins: '' })], wish))).toEqual([['n1', 'join', url('n2')], ['n2', 'run', undefined]])
  })
  test('one that knew others is not the cluster by itself', () => expect(code(() => decide([node('n1', 'stopped', { joins: url('n2') }), node('n2', 'clean')], wish))).toBe('k3s-nobody-alive'))
  test.each<[string, readonly SeenNode[], string]>([
    ['all stopped', [node('n1', 'stopped'), node('n2', 'stopped'), node('n3', 'stopped')], 'k3s-nobody-alive'],
    ['one that cannot be looked at', [node('n1', 'clean'), node('n2', 'unreachable')], 'k3s-cluster-unknown'],
    ['agents of a cluster that is gone', [node('n1', 'clean'), agent('n2', 'alive')], 'k3s-cluster-lost'],
    ['two clusters', [node('n1', 'alive'), node('n2', 'alive', { caHash: 'b'.repeat(64) })], 'k3s-two-clusters'],
    ['data of another cluster', [node('n1', 'alive'), node('n2', 'stopped', { caHash: 'b'.repeat(64) })], 'k3s-foreign-data'],
    ['an agent of another cluster', [node('n1', 'alive'), agent('n2', 'alive', { caHash: 'b'.repeat(64) })], 'k3s-foreign-data'],
  ])('refused: %s', (_, nodes, wanted) => expect(code(() => decide(nodes, wish))).toBe(wanted))
  test('the last living server is not removed under the others', () => expect(code(() => decide([node('n1', 'alive'), node('n2', 'clean')], { ...wish, remove: ['n1'] }))).toBe('k3s-none-stays'))
})

describe('where the others register', () => {
  test('where they do already, while that server lives', () => {
    const nodes = [node('n1', 'alive', { joins: url('n3') }), node('n2', 'alive', { joins: url('n3') }), node('n3', 'alive'), agent('n4', 'alive', { joins: url('n2') })]
    expect(short(decide(nodes, wish)).map(([, , server]) => server)).toEqual([url('n3'), url('n3'), url('n1'), url('n2')])
  })
  test('with the virtual address, where there is one', () => {
    const { parts } = decide([node('n1', 'alive'), node('n2', 'clean'), agent('n4', 'clean')], { ...wish, virtualAddress: '192.0.2.99' })
    expect(parts.map(({ server }) => server)).toEqual([undefined, 'https://192.0.2.99:6443', 'https://192.0.2.99:6443'])
  })
})

const seen = fc.array(fc.record({
  liveness: fc.constantFrom<Liveness>('alive', 'starting', 'stopped', 'clean', 'unreachable'), role: fc.constantFrom<NodeRole>('server', 'agent'),
  joins: fc.option(fc.constantFrom('', url('n1'), url('n2'), url('n9')), { nil: undefined }), foreign: fc.nat(12).map((number) => number === 0),
}), { minLength: 1, maxLength: 7 }).map((list) => list.map(({ liveness, role, joins, foreign }, index) => node(`n${index + 1}`, liveness, {
  role: index === 0 ? 'server' : role, ...(joins === undefined ? {} : { joins }), ...(foreign && liveness !== 'clean' && liveness !== 'unreachable' ? { caHash: 'b'.repeat(64) } : {}),
})))
const wishes = fc.record({ port: fc.constant(6443), virtualAddress: fc.option(fc.constant('192.0.2.99'), { nil: undefined }), remove: fc.subarray(['n1', 'n2', 'n3']) })

describe('of any state', () => {
  const decided = (nodes: readonly SeenNode[], given: typeof wish) => {
    try {
      return decide(nodes, given)
    } catch (thrown) {
      if (thrown instanceof Problem) return undefined
      throw thrown
    }
  }
  test('no second cluster ever comes of it', () => {
    fc.assert(fc.property(seen, wishes, (nodes, given) => {
      const decision = decided(nodes, given as typeof wish)
      if (!decision) return
      const lives = nodes.some(({ role, liveness }) => role === 'server' && liveness === 'alive')
      const everWas = nodes.some(({ liveness }) => liveness !== 'clean' && liveness !== 'unreachable')
      const makers = decision.parts.filter(({ action }) => action === 'bootstrap')
      // Without a server to join, an empty server that is started makes a cluster of its own.
      const alone = decision.parts.filter(({ host, server }) => server === undefined && nodes.find((one) => one.host === host)!.liveness === 'clean')
      expect(alone).toEqual(makers)
      expect(makers.length).toBeLessThanOrEqual(lives || everWas ? 0 : 1)
      if (!lives) expect(nodes.filter(({ role, liveness }) => role === 'server' && liveness === 'unreachable')).toEqual([])
    }), { numRuns: 3000 })
  })
  test('nobody registers with itself, with a server that is dead or leaves, or twice differently', () => {
    fc.assert(fc.property(seen, wishes, (nodes, given) => {
      const decision = decided(nodes, given as typeof wish)
      for (const { host, server } of decision?.parts ?? []) {
        expect(server).not.toBe(url(host))
        const target = nodes.find((one) => url(one.host) === server)
        if (target && nodes.some(({ role, liveness }) => role === 'server' && liveness === 'alive')) expect(target.liveness).toBe('alive')
        if (target) expect(given.remove).not.toContain(target.host)
      }
      const again = decision && decided(nodes.map((one) => ({ ...one, joins: decision.parts.find(({ host }) => host === one.host)?.server ?? '' })), given as typeof wish)
      if (again) expect(again.parts.map(({ server }) => server)).toEqual(decision.parts.map(({ server }) => server))
    }), { numRuns: 3000 })
  })
})
