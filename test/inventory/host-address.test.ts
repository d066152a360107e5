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

test.each([['w[3:1]', 'after its end'], ['w[1:]', 'end is missing'], ['w[1:a]', 'both'], ['w[01:100]', 'same number of digits'], ['w[1:2:0]', 'written'], ['w[1:2:3:4]', 'written'], ['w[c:a]', 'after its end']])('%s is refused', (text, why) => {
  expect(() => expandHosts(text)).toThrow(new RegExp(why))
})

test('parseAddress leaves names alone', () => {
  expect([parseAddress('web:db'), parseAddress('a b')]).toEqual([{ name: 'web:db' }, { name: 'a b' }])
})
