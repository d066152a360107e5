import { expect, test } from 'vitest'
import { painter } from '../../src/report/paint.ts'
import { profileLines } from '../../src/report/profile.ts'

test('a profile tells hosts, tasks and the critical path, the longest first', () => {
  const cost = { roundTrips: 2, bytesSent: 400, bytesReceived: 25_000, waited: 1, connecting: 0.1 }
  const lines = profileLines({
    type: 'profile', seconds: 3, cpu: 0.5, hosts: new Map([['h1', { seconds: 1.5, ...cost }], ['h2', { seconds: 2.5, ...cost }]]),
    tasks: [{ task: 't1', name: 'Copy', seconds: 4, cpu: 0.25, ...cost }], path: [{ host: 'h2', task: 't1', name: 'Copy', seconds: 2.5 }],
  }, painter(false)).join('\n').split('\n')
  expect(lines[0]).toBe('PROFILE: 3.00 s in all, 500 ms of our own processor time')
  expect(lines.filter((line) => /^h\d /.test(line)).map((line) => line.split(/ {2,}/))).toEqual([
    ['h2', '2.50 s', '100 ms', '1.00 s', '1.40 s', '2', '400 B', '25 kB'], ['h1', '1.50 s', '100 ms', '1.00 s', '400 ms', '2', '400 B', '25 kB'], ['h2', 'Copy', '2.50 s'],
  ])
  expect(lines).toContain('Critical path: 1 results, 2.50 s; before, between and after them 500 ms')
})
