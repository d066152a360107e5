import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fingerprint, hostKeyAlgorithms, judgeKey, keyType, linesAbout, loadKnownHosts, parseKnownHosts, rememberHost } from '../../src/transport/known-hosts.ts'

const keyOf = (type: string, seed: number): Buffer => {
  const name = Buffer.from(type)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(name.length)
  return Buffer.concat([length, name, Buffer.alloc(32, seed)])
}
const mine = keyOf('ssh-ed25519', 1)
const other = keyOf('ssh-ed25519', 2)
const rsa = keyOf('ssh-rsa', 3)
const line = (names: string, key: Buffer, marker = '') => `${marker}${names} ${keyType(key)} ${key.toString('base64')} comment`
const parse = (...lines: string[]) => parseKnownHosts(lines.join('\n'), 'kh')

test('a key is known, changed, unknown or revoked', () => {
  const hosts = parse('# comment', line('web1,10.0.0.1', mine), line('web2', rsa), line('*.bad', other, '@revoked '))
  expect(judgeKey(['web1'], mine, hosts).kind).toBe('known')
  expect(judgeKey(['10.0.0.1'], other, hosts)).toMatchObject({ kind: 'changed', entry: { file: 'kh', line: 2 } })
  expect(judgeKey(['web2'], mine, hosts)).toMatchObject({ kind: 'unknown', others: [{ type: 'ssh-rsa', line: 3 }] })
  expect(judgeKey(['x.bad'], other, hosts).kind).toBe('revoked')
  expect(judgeKey(['web9'], mine, hosts).kind).toBe('unknown')
})

test('ports, patterns and negations', () => {
  const hosts = parse(line('[web1]:2222', mine), line('*.example.com,!no.example.com', mine))
  expect(judgeKey(['[web1]:2222', 'web1'], mine, hosts).kind).toBe('known')
  expect(judgeKey(['web1'], mine, hosts).kind).toBe('unknown')
  expect(judgeKey(['a.example.com'], mine, hosts).kind).toBe('known')
  expect(judgeKey(['no.example.com'], mine, hosts).kind).toBe('unknown')
  // As ssh does: a host known at its usual port is known at others, but a different key there is no change.
  expect(judgeKey(['[b]:2', 'b'], mine, parse(line('b', mine))).kind).toBe('known')
  expect(judgeKey(['[b]:2', 'b'], other, parse(line('b', mine))).kind).toBe('unknown')
})

test('what is remembered is found again, hashed or not, by us and by ssh-keygen', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'known-')), 'sub', 'known_hosts')
  rememberHost(file, '[web1]:2222', mine, true)
  rememberHost(file, 'web2', rsa, false)
  expect(readFileSync(file, 'utf8')).toMatch(/^\|1\|\S+ ssh-ed25519 \S+\nweb2 ssh-rsa \S+\n$/)
  const hosts = loadKnownHosts([file, '/nonexistent'])
  expect(linesAbout('[web1]:2222', hosts)).toHaveLength(1)
  expect(judgeKey(['[web1]:2222'], mine, hosts).kind).toBe('known')
  expect(loadKnownHosts([file, '/nonexistent'])).toBe(hosts)
  rememberHost(file, 'web3', mine, true)
  expect(judgeKey(['web3'], mine, loadKnownHosts([file, '/nonexistent'])).kind).toBe('known')
  expect(linesAbout('web4', loadKnownHosts([file]))).toEqual([])
  expect(execFileSync('ssh-keygen', ['-F', '[web1]:2222', '-f', file]).toString()).toContain(mine.toString('base64'))
})

test('the algorithms of known keys are asked for first', () => {
  expect(hostKeyAlgorithms(['web2'], parse(line('web2', rsa))).slice(0, 4)).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa', 'ssh-ed25519'])
  expect(hostKeyAlgorithms(['new'], [])[0]).toBe('ssh-ed25519')
})

test('fingerprints look as ssh shows them', () => {
  expect(fingerprint(mine)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
})
