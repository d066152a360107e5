import { expect, test } from 'vitest'
import { parseClientAges, parseInfo, parseNodes } from '../../../src/cluster/redis/nodes.ts'

const A = 'a'.repeat(40)
const B = 'b'.repeat(40)
const C = 'c'.repeat(40)

test('reads what CLUSTER NODES answers', () => {
  const nodes = parseNodes([
    `${A} 10.0.0.1:7000@17000,host-a,shard-id=1f myself,master - 0 1700000000000 3 connected 0-5460 5462 [5461->-${B}] [9000-<-${C}]`,
    `${B} fe80::1:7003@17003 slave ${A} 0 1700000000001 3 connected`,
    `${C} :0@0 master,noaddr,fail - 1700000000000 1700000000000 0 disconnected`,
    '',
  ].join('\n'))
  expect(nodes).toHaveLength(3)
  expect(nodes[0]).toMatchObject({ address: '10.0.0.1', port: 7000, busPort: 17000, role: 'master', epoch: 3, connected: true, slots: [{ first: 0, last: 5460 }, { first: 5462, last: 5462 }], migrating: [{ slot: 5461, to: B }], importing: [{ slot: 9000, from: C }] })
  expect(nodes[0]).not.toHaveProperty('master')
  expect(nodes[1]).toMatchObject({ address: 'fe80::1', port: 7003, role: 'replica', master: A, slots: [] })
  expect(nodes[2]).toMatchObject({ address: '', connected: false })
  expect(nodes[2]!.flags.has('fail')).toBe(true)
})

test('leaves the last line of a nodes.conf out', () => {
  expect(parseNodes(`${A} 10.0.0.1:7000@17000 myself,master - 0 0 1 connected\nvars currentEpoch 6 lastVoteEpoch 0\n`)).toHaveLength(1)
})

test('reads INFO and the ages of clients', () => {
  expect(parseInfo('# Server\r\nredis_version:7.0.15\r\nconfig_file:/a:b\r\n').get('config_file')).toBe('/a:b')
  expect(parseClientAges('id=1 addr=1:2 age=14 idle=0\nid=2 addr=1:3 age=3 idle=0\n')).toEqual([14, 3])
})
