import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ConfigSubject, expandTokens, matchesPatterns, parseDirective, readSshOptions } from '../../src/transport/ssh-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'ssh-config-'))
let count = 0
const file = (text: string): string => {
  const path = join(folder, `config${count++}`)
  writeFileSync(path, text)
  return path
}
const read = (text: string, subject: ConfigSubject = { host: 'web1' }, system?: string) =>
  readSshOptions(subject, [], { user: file(text), system: system === undefined ? undefined : file(system) })

test('the first value of a keyword wins, over blocks and files; key files add up', () => {
  const options = read('Host web*\n  Port 2222\n  IdentityFile ~/a\nHost *\n  Port 22\n  User deploy\n  IdentityFile "~/b c"\n', undefined, 'User other\nCompression yes\n')
  expect([options.word('port'), options.word('user'), options.flag('compression')]).toEqual(['2222', 'deploy', true])
  expect(options.all('identityfile').map(({ rest }) => rest)).toEqual(['~/a', '~/b c'])
})

test('patterns have wildcards and negations', () => {
  expect(matchesPatterns('web1.example.com', ['web?.*'])).toBe(true)
  expect(matchesPatterns('web1', ['web*', '!web1'])).toBe(false)
  expect(matchesPatterns('web1', ['!db*'])).toBe(false)
  expect(matchesPatterns('a.b', ['a?b', 'x'])).toBe(true)
  expect(matchesPatterns('a[b', ['a[b'])).toBe(true)
  expect(read('Host !web1 *\n Port 1\nHost *\n Port 2\n').word('port')).toBe('2')
})

test('keywords know no case, take an equals sign, quotes and comments', () => {
  expect(parseDirective('  HOSTNAME = 10.0.0.1 # here', 'x')).toMatchObject({ keyword: 'hostname', words: ['10.0.0.1'] })
  expect(parseDirective('Port=22', 'x')).toMatchObject({ keyword: 'port', words: ['22'] })
  expect(parseDirective('# Port 22', 'x')).toBeUndefined()
  expect(parseDirective('ProxyCommand ssh -W %h:%p "jump host"', 'x')).toMatchObject({ rest: 'ssh -W %h:%p "jump host"' })
})

test('Match asks for host, user and the name as given', () => {
  const text = 'HostName real.example.com\nMatch host real.example.com user root\n Port 1\nMatch originalhost web1 !user root\n Port 2\nMatch all\n Port 3\n'
  expect(read(text, { host: 'web1', user: 'root' }).word('port')).toBe('1')
  expect(read(text, { host: 'web1', user: 'me' }).word('port')).toBe('2')
  expect(read(text, { host: 'web2', user: 'me' }).word('port')).toBe('3')
  expect(read(`Match localuser ${userInfo().username}\n Port 4\n`).word('port')).toBe('4')
})

test('Match final comes last, Match exec is for the system ssh', () => {
  expect(read('Match final all\n Port 1\nHost *\n Port 2\n').word('port')).toBe('2')
  expect(read('Match final all\n Port 1\n').word('port')).toBe('1')
  expect(read('Match exec "true"\n Port 1\n').undecidable).toContain('Match exec')
  expect(read('Match host other exec "true"\n Port 1\n').undecidable).toBeUndefined()
})

test('Include reads other files where it stands, within the block around it', () => {
  const inside = join(folder, 'conf.d')
  mkdirSync(inside)
  writeFileSync(join(inside, 'b'), 'Port 2\n')
  writeFileSync(join(inside, 'a'), 'Host web1\n User ann\n')
  expect(read('Include conf.d/*\nPort 9\n').word('port')).toBe('2')
  expect(read('Include conf.d/*\n').word('user')).toBe('ann')
  expect(read('Host db\n Include conf.d/*\nHost *\n Port 9\n').word('port')).toBe('9')
})

test('tokens stand for what they say', () => {
  const tokens = { hostName: '10.0.0.1', host: 'web1', port: 2222, user: 'root' }
  expect(expandTokens('~/.ssh/%n-%r@%h:%p-%%-%u', tokens)).toBe(`${homedir()}/.ssh/web1-root@10.0.0.1:2222-%-${userInfo().username}`)
  process.env['SSH_CONFIG_TEST'] = 'x'
  expect(expandTokens('${SSH_CONFIG_TEST}/${NO_SUCH_NAME}', tokens)).toBe('x/${NO_SUCH_NAME}')
})
