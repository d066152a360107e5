import { expect, test } from 'vitest'
import { normal, pathOf } from '../../src/host/sysctl.ts'

test.each([['net.core.somaxconn', 'net/core/somaxconn'], ['net/ipv4/ip_forward', 'net/ipv4/ip_forward'], ['net.ipv4.conf.eth0/1.forwarding', 'net/ipv4/conf/eth0.1/forwarding']])('%s is read from %s', (name, path) => {
  expect(pathOf(name)).toBe(path)
})
test('white space is single', () => expect(normal(' 4096\t87380  6291456\n')).toBe('4096 87380 6291456'))
