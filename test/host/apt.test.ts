import { expect, test } from 'vitest'
import { parseSimulation, simulationScript } from '../../src/host/apt.ts'

const answer = `@@simulated
The following NEW packages will be installed:
Inst libx (1:2.0-1 Debian:12/stable [amd64])
Inst nginx [1.18-1] (1.22-9 Debian:12/stable [amd64]) []
Remv old [0.9]
Purg gone [1.1]
Conf libx (1:2.0-1 Debian:12/stable [amd64])
@@code 0
@@uris
'http://deb.example.org/pool/libx_2.0-1_amd64.deb' libx_1%3a2.0-1_amd64.deb 100 SHA256:ab
`

test('what apt would do, with versions and where packages come from', () => {
  expect(parseSimulation(answer).actions).toEqual([
    { name: 'libx', before: '', after: '1:2.0-1', purge: false, source: { uri: 'http://deb.example.org/pool/libx_2.0-1_amd64.deb', hash: 'SHA256:ab' } },
    { name: 'nginx', before: '1.18-1', after: '1.22-9', purge: false }, { name: 'old', before: '0.9', after: '', purge: false }, { name: 'gone', before: '1.1', after: '', purge: true },
  ])
})

test('a refresh that found something new, nothing new, or failed', () => {
  expect(parseSimulation('@@newer\n@@simulated\n@@code 0\n').lists).toBe('newer')
  expect(parseSimulation('@@same\n').lists).toBe('same')
  expect(parseSimulation('@@stale E: no network \n').lists).toEqual({ failed: 'E: no network ' })
})

test('a simulation never takes a lock, and a refresh has a place of its own', () => {
  const script = simulationScript({ args: ['install', 'a b'], refresh: true })
  expect(script).toContain('Debug::NoLocking=true')
  // With -y, as the real run: only so apt refuses packages that are held, older or essential.
  expect(script).toContain("install 'a b' -s -y")
  expect(script).toContain('Dir::State::lists=$d/lists')
})
