import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lookScript, seenFrom } from '../../../src/cluster/k3s/look.ts'
import { isSilent } from '../../../src/cluster/k3s/node.ts'

const wanted = { host: 'n1', role: 'server', address: '192.0.2.1' } as const
const seen = (said: string, role: 'server' | 'agent' = 'server') => seenFrom({ ...wanted, role }, said, 1_000_000, 1_000_200)
let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "tutti k3s'"))
})
afterAll(() => rmSync(root, { recursive: true }))

test('the script reads what is there, and tells the password of the token as a sum only', () => {
  const put = (path: string, content: string) => (mkdirSync(dirname(join(root, path)), { recursive: true }), writeFileSync(join(root, path), content))
  put('data/server/tls/server-ca.crt', 'authority')
  put('data/server/token', `K10${'a'.repeat(64)}::server:pass:word\n`)
  put('data/server/db/etcd/config', '')
  put('join.yaml', 'token: secret\nserver: https://192.0.2.9:6443\n')
  put('k3s', '#!/bin/sh\necho "k3s version v1.34.2+k3s1 (abcdef)"\necho "go version"\n')
  chmodSync(join(root, 'k3s'), 0o755)
  const { status, stdout } = spawnSync('sh', ['-c', lookScript('server', { program: join(root, 'k3s'), data: join(root, 'data'), config: '', join: join(root, 'join.yaml') })], { encoding: 'utf8' })
  expect(status).toBe(0)
  expect(stdout).not.toMatch(/pass|secret/)
  const sum = (text: string) => spawnSync('sha256sum', { input: text, encoding: 'utf8' }).stdout.slice(0, 64)
  expect(seenFrom(wanted, stdout, Date.now() - 1000, Date.now())).toMatchObject({ liveness: 'stopped', version: 'v1.34.2+k3s1', caHash: sum('authority'), tokenHash: sum('pass:word'), joins: 'https://192.0.2.9:6443' })
})

test('a server lives when a majority answers', () => {
  const answer = 'unit active running\ndata /d\nNode n1 v1.34.2+k3s1 True  \nNode n2 v1.33.1+k3s1 False true \nanswers yes\n'
  expect(seen(answer)).toMatchObject({ liveness: 'alive', cluster: [{ node: 'n1', ready: true, schedulable: true }, { node: 'n2', version: 'v1.33.1+k3s1', ready: false, schedulable: false }] })
  expect(seen('unit active running\ndata /d\n').liveness).toBe('starting')
  expect(seen('unit activating start\n').liveness).toBe('starting')
  expect(seen('unit activating auto-restart\ndata /d\n').liveness).toBe('stopped')
  expect(seen('unit inactive dead\n').liveness).toBe('clean')
  expect(seen('unit active running\n', 'agent').liveness).toBe('alive')
  expect(seen('unit failed failed\ndata agent\n', 'agent').liveness).toBe('stopped')
})

test('when a kubelet was last heard of is told by the clock of the server that knows it', () => {
  const at = (seconds: number) => new Date(seconds * 1000).toISOString().replace('Z', '000Z')
  const { cluster } = seen(`clock 2000.5\nNode n1 v1 True  \nNode n2 v1 True  \nNode n3 v1 True  \nNode n4 v1 True  \nLease n1    ${at(1995)} 40\nLease n2    ${at(1970)} 40\nLease n4    ${at(1970)} 80\nanswers yes\n`)
  expect(cluster!.map(({ lease }) => lease?.silent)).toEqual([5.5, 30.5, undefined, 30.5])
  expect(cluster!.map(isSilent)).toEqual([false, true, false, false])
})

test('a clock is known between bounds', () => {
  expect(seen('clock 1000.100000000\nclocked 1000.150000000\n').ahead).toEqual([-50, 101])
  expect(seen('clock 1000.%N\nclocked 1000.%N\n').ahead).toEqual([-200, 999])
  // Ten seconds for its answer, and three ahead.
  expect(seenFrom({ ...wanted, role: 'server' }, 'clock 1003.050000000\nclocked 1012.950000000\n', 1_000_000, 1_010_000).ahead).toEqual([2950, 3051])
  expect(seen('').ahead).toEqual([-Infinity, Infinity])
})
