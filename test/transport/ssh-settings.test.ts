import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Target } from '../../src/transport/connection.ts'
import { jumpTarget, readSshSettings } from '../../src/transport/ssh-settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'ssh-settings-'))
const read = (config: string, more: Partial<Target> = {}) => {
  const user = join(folder, 'config')
  writeFileSync(user, config)
  return readSshSettings({ connection: 'ssh', address: 'web1', ...more }, { user, system: undefined })
}

test('the target goes before its arguments, and these before the configuration', () => {
  const config = 'HostName 10.0.0.9\nPort 3\nUser c\n'
  expect(read(config)).toMatchObject({ host: 'web1', hostName: '10.0.0.9', port: 3, user: 'c' })
  expect(read(config, { sshArguments: ['-p', '2', '-l', 'b'] })).toMatchObject({ port: 2, user: 'b' })
  expect(read(config, { sshArguments: ['-p', '2'], port: 1, user: 'a' })).toMatchObject({ port: 1, user: 'a' })
})

test('host keys are strict unless somebody says otherwise', () => {
  expect(read('').strictHostKeys).toBe('yes')
  expect(read('StrictHostKeyChecking ask\n').strictHostKeys).toBe('yes')
  expect(read('StrictHostKeyChecking accept-new\n').strictHostKeys).toBe('accept-new')
  expect(read('', { hostKeyChecking: false }).strictHostKeys).toBe('no')
  expect(read('', { sshArguments: ['-o', 'StrictHostKeyChecking=no'] }).strictHostKeys).toBe('no')
})

test('a host is known by name and port, by name, or by its alias', () => {
  expect(read('Port 2222\n').knownNames).toEqual(['[web1]:2222', 'web1'])
  expect(read('HostKeyAlias cluster\nPort 2222\n').knownNames).toEqual(['cluster'])
  expect(read('UserKnownHostsFile /a "/b c"\n').knownHostsFiles.slice(0, 2)).toEqual(['/a', '/b c'])
  expect(read('UserKnownHostsFile /a\n', { knownHostsFiles: ['/lab'] })).toMatchObject({ userKnownHostsFile: '/lab' })
})

test('the second road is taken for what ssh2 cannot do, and only for that', () => {
  expect(read('CertificateFile /c\n').secondRoad).toContain('certificatefile')
  expect(read('GSSAPIAuthentication yes\n').secondRoad).toContain('gssapiauthentication')
  expect(read('GSSAPIAuthentication no\n').secondRoad).toBeUndefined()
  expect(read('', { sshArguments: ['-o', 'KexAlgorithms=+diffie-hellman-group1-sha1'] }).secondRoad).toContain('kexalgorithms')
  expect(read('', { sshArguments: ['-L', '1:x:2'] }).secondRoad).toContain('-L')
  expect(read('', { sshArguments: ['-C', '-o', 'ControlMaster=auto', '-o', 'ControlPersist=60s', '-o', 'ControlPath=/none'] }).secondRoad).toBeUndefined()
  writeFileSync(join(folder, 'key'), '')
  writeFileSync(join(folder, 'key-cert.pub'), '')
  expect(read('', { privateKeyFile: join(folder, 'key') }).secondRoad).toContain('certificate')
})

test('a host known only by its certificate authority takes the second road', () => {
  const file = join(folder, 'known_hosts')
  writeFileSync(file, '@cert-authority *.example.com ssh-ed25519 AAAA\nb.example.com ssh-ed25519 BBBB\n')
  const of = (address: string) => read('', { address, knownHostsFiles: [file] }).secondRoad
  expect([of('a.example.com'), of('b.example.com'), of('web1')]).toEqual([`the certificate authority in ${file}:1`, undefined, undefined])
})

test('times and methods are read as ssh reads them', () => {
  expect(read('ConnectTimeout 1m30s\nServerAliveInterval 5\nServerAliveCountMax 2\n')).toMatchObject({ connectTimeout: 90, aliveInterval: 5, aliveCount: 2 })
  expect(read('PreferredAuthentications password,publickey\n').methods).toEqual(['password', 'publickey'])
  expect(read('PasswordAuthentication no\n').methods).toEqual(['publickey', 'keyboard-interactive'])
})

test('jumps and proxy commands', () => {
  expect(read('ProxyJump a@b:1,c\nProxyCommand x\n')).toMatchObject({ proxyJump: ['a@b:1', 'c'] })
  expect(read('ProxyCommand nc %h %p\nPort 5\n').proxyCommand).toBe('nc web1 5')
  expect(read('ProxyJump none\n').proxyJump).toEqual([])
  const from: Target = { connection: 'ssh', address: 'x', user: 'me', privateKeyFile: '/k' }
  expect(jumpTarget('root@[fe80::1]:22', from)).toEqual({ connection: 'ssh', address: 'fe80::1', user: 'root', port: 22, privateKeyFile: '/k' })
  expect(() => jumpTarget('a:b:c:d', from)).toThrow('ProxyJump')
})
