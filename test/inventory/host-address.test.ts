import { expect, test } from 'vitest'
import { expandHosts, parseAddress } from '../../src/inventory/host-address.ts'

const names = (text: string): string => expandHosts(text).map(({ name, port }) => (port === undefined ? name : `${name} ${port}`)).join(',')

test.each<[string, string]>([
  ['web', 'web'], ['web:22', 'web 22'], ['::1', '::1'], ['[::1]', '::1'], ['[2001:db8::1]:2222', '2001:db8::1 2222'], ['10.0.0.1:22', '10.0.0.1 22'],
  ['w[1:3]', 'w1,w2,w3'], ['w[01:03].x', 'w01.x,w02.x,w03.x'], ['w[:2]', 'w0,w1,w2'], ['w[1:9:4]', 'w1,w5,w9'], ['w[9:10]', 'w9,w10'], ['d-[a:c]', 'd-a,d-b,d-c'], ['d[X:Z]', 'dX,dY,dZ'],
  ['r[1:2]-[a:b]', 'r1-a,r1-b,r2-a,r2-b'], ['w[1:2]:2222', 'w1 2222,w2 2222'],
])('%s', (text, hosts) => {
  expect(names(text)).toBe(hosts)
})

test('backwards a range of numbers is empty, as for Ansible', () => expect(expandHosts('w[3:1]')).toEqual([]))
test.each([['w[1:]', 'must specify end value'], ['w[1:a]', 'both'], ['w[01:100]', 'equal-length'], ['w[1:2:0]', 'not 0'], ['w[1:2', 'closing'], ['w[1:2:3:4]', 'begin:end:step'], ['w[c:a]', 'begin <= end']])('%s is refused', (text, why) => {
  expect(() => expandHosts(text)).toThrow(new RegExp(why))
})

test('parseAddress leaves names alone', () => {
  expect([parseAddress('web:db'), parseAddress('a b')]).toEqual([{ name: 'web:db' }, { name: 'a b' }])
})
