import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { parseCertificate } from '../../src/seal/certificate.ts'
import { type Json, toJson } from '../../src/value/json.ts'
import { encrypt } from '../../src/vault/vault.ts'
import { parseYamlAll } from '../../src/yaml/parse-value.ts'
import { project } from '../playbook/project.ts'
import { makePair } from '../seal/make-certificate.ts'
import { fakeTerminal } from './fake-terminal.ts'

const [pair, next, stranger, expired] = [makePair(), makePair({ bits: 3072 }), makePair({ bits: 1024 }), makePair({ bits: 1024, to: '20210101000000Z' })]
const SECRET = 'hush-hush-4711'
const FILES = {
  'c.pem': pair.certificate, 'k.pem': pair.keyPem, 'next.pem': next.certificate, 'nextkey.pem': next.keyPem, 'stranger.pem': stranger.certificate, 'strangerkey.pem': stranger.keyPem, 'expired.pem': expired.certificate,
  'plain.yml': `apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop, labels: {app: x}}\ntype: Opaque\nstringData:\n  password: ${SECRET}\ndata: {user: YWRtaW4=}\n`,
  'hmac': `${'ab'.repeat(32)}\n`, '.env': `# all\nUSER=admin\nexport PASSWORD="${SECRET}"\n`, 'pw': 'one\n', 'blob': `${SECRET}\n`,
}
const CERT = ['--cert', 'DIR/c.pem']
const KEY = ['--recovery-private-key', 'DIR/k.pem']

function sealIn(files: Readonly<Record<string, string>> = {}, answers: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const directory = project({ ...FILES, ...files })
  const at = (name: string): string => join(directory, name)
  const seal = async (...args: readonly string[]) => {
    const terminal = fakeTerminal({ env: { HOME: '/nowhere', ...env } }, answers)
    const exitCode = await dispatch(['seal', ...args.map((arg) => arg.replaceAll('DIR/', `${directory}/`))], terminal)
    return { exitCode, out: terminal.text().replaceAll(`${directory}/`, 'DIR/'), err: terminal.errors().replaceAll(`${directory}/`, 'DIR/') }
  }
  return {
    directory, at, seal, text: (name: string) => readFileSync(at(name), 'utf8'), put: (name: string, text: string) => writeFileSync(at(name), text),
    /** What a SealedSecret of a text or file opens to. */
    async opened(name: string, ...keys: readonly string[]): Promise<Readonly<Record<string, string>>> {
      const { exitCode, out, err } = await seal('--unseal', ...(keys.length > 0 ? keys : KEY), `DIR/${name}`)
      if (exitCode !== 0) throw new Error(err)
      return values(out)
    },
  }
}
const manifestsIn = (text: string) => parseYamlAll(text).map(toJson) as readonly { readonly [key: string]: Json }[]
const values = (text: string): Readonly<Record<string, string>> => Object.fromEntries(manifestsIn(text).flatMap(({ data }) => Object.entries(data as Record<string, string>)).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
const EVERY = { password: SECRET, user: 'admin' }

describe('sealing', () => {
  test('a manifest, with what is not secret in it', async () => {
    const { seal, put, opened } = sealIn()
    const { exitCode, out, err } = await seal(...CERT, 'DIR/plain.yml')
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(out).not.toContain(SECRET)
    expect(manifestsIn(out)).toEqual([{
      apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: { name: 'db', namespace: 'shop' },
      spec: { encryptedData: { password: expect.stringMatching(/^AQ/), user: expect.stringMatching(/^AQ/) }, template: { metadata: { name: 'db', namespace: 'shop', labels: { app: 'x' } }, type: 'Opaque' } },
    }])
    put('s.yml', out)
    expect(await opened('s.yml')).toEqual(EVERY)
  })
  test('values from everywhere', async () => {
    const { seal, opened, at } = sealIn({}, ['typed'])
    mkdirSync(at('dir'))
    writeFileSync(at('dir/one'), 'a\n')
    writeFileSync(at('dir/not a key'), 'b')
    mkdirSync(at('dir/sub'))
    const { exitCode, err } = await seal(...CERT, '--name', 'db', '-n', 'shop', '--from-literal', 'lit=a=b', '--from-file', 'DIR/blob', '--from-file', 'other=DIR/pw', '--from-file', 'DIR/dir', '--from-env-file', 'DIR/.env', '--ask', 'asked', '-w', 'DIR/new/s.yml')
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(await opened('new/s.yml')).toEqual({ lit: 'a=b', blob: `${SECRET}\n`, other: 'one\n', one: 'a\n', USER: 'admin', PASSWORD: SECRET, asked: 'typed' })
  })
  test('scopes, types, JSON', async () => {
    const { seal, put } = sealIn()
    const { out } = await seal(...CERT, '--name', 'db', '--scope', 'cluster-wide', '--type', 'x/y', '--from-literal', 'a=b', '-o', 'json')
    const wide = { 'sealedsecrets.bitnami.com/cluster-wide': 'true' }
    expect(JSON.parse(out)).toMatchObject({ metadata: { name: 'db', annotations: wide }, spec: { template: { type: 'x/y', metadata: { annotations: wide } } } })
    put('s.json', out.replaceAll('"db"', '"other"'))
    expect((await seal('--validate', ...KEY, 'DIR/s.json')).out).toMatch(/: other \(cluster-wide\), 1 value, opened\n$/)
  })
  test('a type that wants other keys', async () => {
    const { seal } = sealIn()
    for (const [type, message] of [['kubernetes.io/tls', /tls without tls\.crt and tls\.key/], ['kubernetes.io/basic-auth', /^$/], ['kubernetes.io/ssh-auth', /without ssh-privatekey/]] as const) {
      const { exitCode, err } = await seal(...CERT, 'DIR/plain.yml', '--type', type, '-w', 'DIR/s.yml')
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: expect.stringMatching(message) })
      expect(await seal('--validate', 'DIR/s.yml')).toEqual({ exitCode: 0, out: expect.stringContaining('valid'), err: expect.stringMatching(message) })
    }
  })
  test('several at once', async () => {
    const { seal, put, text } = sealIn()
    put('two.yml', `${text('plain.yml')}---\n${text('plain.yml').replace('name: db', 'name: db2')}`)
    expect(manifestsIn((await seal(...CERT, 'DIR/two.yml')).out)).toHaveLength(2)
    expect(JSON.parse((await seal(...CERT, 'DIR/two.yml', '-o', 'json')).out).items).toHaveLength(2)
  })
  test('with --hmac-key a second run changes nothing, and a change only what changed', async () => {
    const { seal, text, put, opened } = sealIn()
    const args = [...CERT, '--hmac-key', 'DIR/hmac', 'DIR/plain.yml', '-w', 'DIR/s.yml']
    expect((await seal(...args)).err).toBe('')
    const before = text('s.yml')
    expect((await seal(...args)).err).toBe('same DIR/s.yml\n')
    expect(text('s.yml')).toBe(before)
    put('plain.yml', text('plain.yml').replace(SECRET, 'another'))
    await seal(...args)
    const lines = (yaml: string, key: string) => yaml.split('\n').filter((line) => line.includes(key))
    expect(lines(text('s.yml'), '    user:')).toEqual(lines(before, '    user:'))
    expect(lines(text('s.yml'), '    password:')).not.toEqual(lines(before, '    password:'))
    expect(await opened('s.yml')).toEqual({ ...EVERY, password: 'another' })
    await seal(...args.map((arg) => (arg === 'DIR/c.pem' ? 'DIR/next.pem' : arg)))
    expect(await opened('s.yml', '--recovery-private-key', 'DIR/nextkey.pem')).toEqual({ ...EVERY, password: 'another' })
  })
  test('vaulted manifests and keys', async () => {
    const { seal } = sealIn({ 'sealed.yml': encrypt(FILES['plain.yml'], 'one'), 'vk.pem': encrypt(pair.keyPem, 'one'), 'inline.yml': FILES['plain.yml'].replace(SECRET, `!vault |\n${encrypt(SECRET, 'one').trimEnd().replace(/^/gm, '      ')}`) })
    for (const name of ['sealed.yml', 'inline.yml']) {
      expect(await seal(...CERT, '--vault-password-file', 'DIR/pw', `DIR/${name}`, '-w', 'DIR/s.yml')).toMatchObject({ exitCode: 0 })
      expect(values((await seal('--unseal', '--recovery-private-key', 'DIR/vk.pem', '--vault-password-file', 'DIR/pw', 'DIR/s.yml')).out)).toEqual(EVERY)
    }
  })
  test('the certificate of a server, pinned or not, or of the environment', async () => {
    const server = createServer((request, answer) => answer.writeHead(request.url === '/v1/cert.pem' ? 200 : 404).end(pair.certificate)).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise((done) => server.once('listening', done))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { fingerprint } = parseCertificate(pair.certificate, { source: '' })
    const { seal } = sealIn({}, [], { SEALED_SECRETS_CERT: `${url}/v1/cert.pem` })
    expect(await seal('DIR/plain.yml', '--fingerprint', fingerprint)).toMatchObject({ exitCode: 0, err: '' })
    expect(await seal('DIR/plain.yml')).toMatchObject({ exitCode: 0, err: expect.stringContaining('WARNING') })
    expect(await seal('DIR/plain.yml', '--cert', `${url}/no`)).toMatchObject({ exitCode: 1, err: expect.stringContaining('answered 404') })
    expect(await seal('DIR/plain.yml', '--cert', 'http://127.0.0.1:1/')).toMatchObject({ exitCode: 1, err: expect.stringContaining('cannot be fetched') })
  })
  test('from standard input, by the program itself', () => {
    const { at } = sealIn()
    const run = (args: readonly string[], input: string): string => execFileSync(resolve('bin/tutti'), ['seal', ...args], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
    const sealed = run(['--cert', at('c.pem')], FILES['plain.yml'])
    expect(values(run(['--unseal', '--recovery-private-key', at('k.pem')], sealed))).toEqual(EVERY)
    const one = run(['--cert', at('c.pem'), '--name', 'a', '-n', 'b', '--from-file', 'k=-'], SECRET)
    expect(values(run(['--unseal', '--recovery-private-key', at('k.pem'), '-'], one))).toEqual({ k: SECRET })
  }, 60_000)
})

describe('--merge-into', () => {
  const file = async () => {
    const made = sealIn()
    await made.seal(...CERT, 'DIR/plain.yml', '-w', 'DIR/s.yml')
    made.put('s.yml', `# ours\n${made.text('s.yml').replace('  encryptedData:\n', '  encryptedData: # sealed\n').replace(/( user: .*)/, '$1   # who')}\n# end\n---\nkind: ConfigMap\n`)
    chmodSync(made.at('s.yml'), 0o640)
    return made
  }
  test('one value is set, one is added, and nothing else changes', async () => {
    const { seal, text, at, opened } = await file()
    const before = text('s.yml')
    expect(await seal('--merge-into', 'DIR/s.yml', ...CERT, '--from-literal', 'password=new', '--from-literal', 'added=x')).toMatchObject({ exitCode: 0, out: '', err: 'sealed DIR/s.yml: password, added\n' })
    const without = (yaml: string): string => yaml.replace(/^ {4}(password|added): .*\n/gm, '')
    expect(without(text('s.yml'))).toBe(without(before))
    expect(statSync(at('s.yml')).mode & 0o777).toBe(0o640)
    expect(await opened('s.yml')).toEqual({ password: 'new', user: 'admin', added: 'x' })
  })
  test('values of a manifest; with --hmac-key again without a change', async () => {
    const { seal, text, put, opened } = await file()
    put('more.yml', 'kind: Secret\nstringData: {token: t}\n')
    const args = ['--merge-into', 'DIR/s.yml', ...CERT, '--hmac-key', 'DIR/hmac', 'DIR/more.yml']
    expect((await seal(...args)).err).toBe('sealed DIR/s.yml: token\n')
    const before = text('s.yml')
    expect((await seal(...args)).err).toBe('same DIR/s.yml\n')
    expect(text('s.yml')).toBe(before)
    expect(await opened('s.yml')).toEqual({ ...EVERY, token: 't' })
  })
  test('JSON stays JSON, and a SealedSecret of a List is found', async () => {
    const { seal, text, put, opened } = await file()
    await seal(...CERT, 'DIR/plain.yml', '-o', 'json', '-w', 'DIR/s.json')
    put('s.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ kind: 'ConfigMap' }, JSON.parse(text('s.json'))] }, null, 4))
    expect(await seal('--merge-into', 'DIR/s.json', ...CERT, '--from-env-file', 'DIR/.env')).toMatchObject({ exitCode: 0, err: 'sealed DIR/s.json: USER, PASSWORD\n' })
    expect(JSON.parse(text('s.json')).items[0]).toEqual({ kind: 'ConfigMap' })
    expect(await opened('s.json')).toEqual({ ...EVERY, USER: 'admin', PASSWORD: SECRET })
  })
  test('one of several', async () => {
    const { seal, text, put } = await file()
    put('s.yml', `${text('s.yml')}---\n${text('s.yml').replaceAll('name: db', 'name: db2')}`)
    expect(await seal('--merge-into', 'DIR/s.yml', ...CERT, '--from-literal', 'a=b')).toMatchObject({ exitCode: 5, err: expect.stringContaining('shop/db (strict), shop/db2 (strict)') })
    expect(await seal('--merge-into', 'DIR/s.yml', ...CERT, '--from-literal', 'a=b', '--name', 'db2')).toMatchObject({ exitCode: 0 })
    expect((await seal('--validate', 'DIR/s.yml')).out).toBe('valid DIR/s.yml: shop/db (strict), 2 values\nvalid DIR/s.yml: shop/db2 (strict), 3 values\n')
  })
})

describe('--validate', () => {
  test('a directory: what is right is listed, everything wrong is told at its place', async () => {
    const { seal, put, text, at } = sealIn({ 'd/.git/x.yml': 'kind: SealedSecret\n', 'd/chart.yaml': '{{ if .Values }}\nkind: Deployment\n', 'd/other.json': '{"a": 1}' })
    await seal(...CERT, 'DIR/plain.yml', '-w', 'DIR/d/a/good.yml')
    put('d/bad.yml', text('d/a/good.yml').replace(/password: .*/, `password: ${SECRET}`).replace('v1alpha1', 'v1'))
    put('d/foreign.yml', text('d/a/good.yml').replaceAll('shop', 'other'))
    symlinkSync(at('d/a'), at('d/link'))
    const { exitCode, out, err } = await seal('--validate', ...KEY, 'DIR/d')
    expect(exitCode).toBe(4)
    expect(out).toBe('valid DIR/d/a/good.yml: shop/db (strict), 2 values, opened\n')
    expect(err.match(/--> \S+/g)).toEqual(['--> DIR/d/bad.yml:1:13', '--> DIR/d/bad.yml:8:15', '--> DIR/d/foreign.yml:8:15', '--> DIR/d/foreign.yml:9:11'])
    expect(err).not.toContain(SECRET)
    expect((await seal('--validate', 'DIR/d/foreign.yml')).exitCode).toBe(0)
    expect(await seal('--validate', '--cert', 'DIR/next.pem', 'DIR/d/a/good.yml')).toMatchObject({ exitCode: 4, err: expect.stringContaining('for a key of 2048 bits') })
  })
})

describe('--re-encrypt', () => {
  const RENEW = ['--re-encrypt', '--cert', 'DIR/next.pem']
  const tree = async () => {
    const made = sealIn({ 'd/chart.yaml': '{{ if .Values }}\n' })
    for (const [i, scope] of ['strict', 'namespace-wide', 'cluster-wide'].entries()) await made.seal(...CERT, 'DIR/plain.yml', '--scope', scope, '-w', `DIR/d/${i}/s.${i === 2 ? 'json' : 'yml'}`, ...(i === 2 ? ['-o', 'json'] : []))
    made.put('d/0/s.yml', `# mine\r\n${made.text('d/0/s.yml').replaceAll('\n', '\r\n')}`)
    return { ...made, all: () => readdirSync(made.at('d'), { recursive: true, encoding: 'utf8', withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'utf8')]) }
  }
  test('a tree, and again: the second time nothing changes', async () => {
    const { seal, all, text, opened } = await tree()
    const before = all()
    const would = await seal(...RENEW, ...KEY, '--check', 'DIR/d')
    expect(would.out.match(/would re-encrypt/g)).toHaveLength(3)
    expect(all()).toEqual(before)
    const { exitCode, out } = await seal(...RENEW, ...KEY, 'DIR/d', 'DIR/d/1/../1/s.yml')
    expect({ exitCode, out: out.replace('1/../', '') }).toEqual({ exitCode: 0, out: ['0/s.yml', '1/s.yml', '2/s.json'].map((name) => `re-encrypted DIR/d/${name}: 2 values\n`).join('') })
    const without = (files: readonly string[][]) => files.map(([, content]) => content!.replace(/A[QY][\w+/=]{100,}/g, 'SEALED'))
    expect(without(all())).toEqual(without(before))
    expect(text('d/0/s.yml')).toContain('# mine\r\n')
    for (const name of ['0/s.yml', '1/s.yml', '2/s.json']) expect(await opened(`d/${name}`, '--recovery-private-key', 'DIR/nextkey.pem')).toEqual(EVERY)
    const after = all()
    expect((await seal(...RENEW, ...KEY, '--recovery-private-key', 'DIR/nextkey.pem', 'DIR/d')).out).toMatch(/^(same .*\n){3}$/)
    expect(all()).toEqual(after)
  })
  test('where one value does not open, no file changes', async () => {
    const { seal, all, put, text } = await tree()
    put('d/1/s.yml', text('d/1/s.yml').replaceAll('shop', 'other'))
    const before = all()
    const { exitCode, out, err } = await seal(...RENEW, ...KEY, 'DIR/d')
    expect({ exitCode, out }).toEqual({ exitCode: 4, out: '' })
    expect(err).toMatch(/^failed DIR\/d\/1\/s\.yml\n/)
    expect(err).toContain('no file was changed: 2 could have been')
    expect(err).not.toContain(SECRET)
    expect(all()).toEqual(before)
  })
  test('where one file cannot be written, it is what it was, and the others are done', async () => {
    const { seal, put, text, at, opened } = await tree()
    const before = text('d/0/s.yml')
    put(`d/0/.s.yml.${process.pid}.tmp`, 'of somebody else')
    const { exitCode, out, err } = await seal(...RENEW, ...KEY, 'DIR/d')
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: 're-encrypted DIR/d/1/s.yml: 2 values\nre-encrypted DIR/d/2/s.json: 2 values\n' })
    expect(err).toContain("Destination 'DIR/d/0/s.yml' not writable")
    expect(text('d/0/s.yml')).toBe(before)
    expect(readdirSync(at('d/1'))).toEqual(['s.yml'])
    for (const name of ['0/s.yml', '1/s.yml']) expect(await opened(`d/${name}`, ...KEY, '--recovery-private-key', 'DIR/nextkey.pem')).toEqual(EVERY)
  })
  test('with the keys that the role sealed_secrets keeps', async () => {
    const { seal, put, all, opened } = await tree()
    const secret = (name: string, key: string) => ({ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name, labels: { 'sealedsecrets.bitnami.com/sealed-secrets-key': 'active' } }, data: { 'tls.crt': '', 'tls.key': Buffer.from(key).toString('base64') } })
    put('keys.vault', encrypt(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [secret('old', pair.keyPem), secret('new', next.keyPem)] }), 'one'))
    const before = all()
    expect(await seal(...RENEW, '--recovery-private-key', 'DIR/keys.vault', '--vault-password-file', 'DIR/pw', 'DIR/d')).toMatchObject({ exitCode: 0, err: '' })
    expect(all()).not.toEqual(before)
    for (const name of ['0/s.yml', '1/s.yml', '2/s.json']) expect(await opened(`d/${name}`, '--recovery-private-key', 'DIR/nextkey.pem')).toEqual(EVERY)
  })
  test('notes of what values were sealed from are renewed, too', async () => {
    const { seal } = sealIn()
    const args = (cert: string) => ['--cert', cert, '--hmac-key', 'DIR/hmac', 'DIR/plain.yml', '-w', 'DIR/s.yml']
    await seal(...args('DIR/c.pem'))
    await seal(...RENEW, ...KEY, '--hmac-key', 'DIR/hmac', 'DIR/s.yml')
    expect((await seal(...args('DIR/next.pem'))).err).toBe('same DIR/s.yml\n')
  })
})

describe('--unseal', () => {
  test('to a file that only its owner can read; with the backup of the controller', async () => {
    const { seal, put, at, text } = sealIn()
    put('backup.yml', `apiVersion: v1\nkind: List\nitems:\n- kind: Secret\n  metadata: {name: old}\n  data: {tls.key: ${Buffer.from(stranger.keyPem).toString('base64')}}\n- kind: Secret\n  metadata: {name: new}\n  data: {tls.key: ${Buffer.from(pair.keyPem).toString('base64')}}\n`)
    await seal(...CERT, 'DIR/plain.yml', '-w', 'DIR/s.yml')
    expect(await seal('--unseal', '--recovery-private-key', 'DIR/backup.yml', 'DIR/s.yml', '-w', 'DIR/open.yml')).toMatchObject({ exitCode: 0, out: '' })
    expect(statSync(at('open.yml')).mode & 0o777).toBe(0o600)
    expect(values(text('open.yml'))).toEqual(EVERY)
    expect(JSON.parse((await seal('--unseal', '--recovery-private-key', 'DIR/strangerkey.pem,DIR/k.pem', '-o', 'json', 'DIR/s.yml')).out)).toMatchObject({ kind: 'Secret', metadata: { name: 'db', namespace: 'shop', labels: { app: 'x' } }, type: 'Opaque' })
  })
  test.each([['strict', false, false], ['namespace-wide', false, true], ['cluster-wide', true, true]] as const)('%s: under another namespace, another name', async (scope, namespace, name) => {
    const { seal, put, text } = sealIn()
    await seal(...CERT, '--scope', scope, 'DIR/plain.yml', '-w', 'DIR/s.yml')
    put('moved.yml', text('s.yml').replaceAll('shop', 'other'))
    put('renamed.yml', text('s.yml').replaceAll('name: db', 'name: other'))
    expect((await seal('--unseal', ...KEY, 'DIR/moved.yml')).exitCode).toBe(namespace ? 0 : 4)
    expect((await seal('--unseal', ...KEY, 'DIR/renamed.yml')).exitCode).toBe(name ? 0 : 4)
  })
})

describe('refused, without a value in any message', () => {
  const LITERAL = ['--name', 'db', '-n', 'shop', '--from-literal']
  test.each([
    [['DIR/plain.yml'], 5, /A certificate must be named/],
    [['--cert', 'DIR/nothing', 'DIR/plain.yml'], 1, /Unable to read source file/],
    [['--cert', 'DIR/k.pem', 'DIR/plain.yml'], 1, /it is a private key/],
    [['--cert', 'DIR/expired.pem', 'DIR/plain.yml'], 1, /has expired: .*2021-01-01/],
    [[...CERT, '--fingerprint', 'aa', 'DIR/plain.yml'], 1, /not the one that was asked for/],
    [[...CERT, ...LITERAL, SECRET], 5, /wants KEY=VALUE/],
    [[...CERT, ...LITERAL, `${SECRET} x=y`], 5, /wants KEY=VALUE/],
    [[...CERT, ...LITERAL, 'a=b', '--from-literal', `a=${SECRET}`], 5, /given twice: a/],
    [[...CERT, ...LITERAL, `a=${SECRET}`, 'DIR/plain.yml'], 5, /not both/],
    [[...CERT, '-n', 'shop', '--from-literal', `a=${SECRET}`], 5, /The name of the Secret must be said/],
    [[...CERT, '--name', 'db', '--from-literal', `a=${SECRET}`], 5, /The namespace of the Secret must be said/],
    [[...CERT, '--name', 'D B', '-n', 'x', '--from-literal', `a=${SECRET}`], 1, /no name in Kubernetes/],
    [[...CERT, ...LITERAL, 'a=b', '--scope', 'wide'], 5, /no such value/],
    [[...CERT, '-n', 'other', 'DIR/plain.yml'], 4, /is not that of the manifest[^]*plain\.yml:1:1/],
    [[...CERT, 'DIR/number.yml'], 4, /pin must be a text[^]*number\.yml:4:8\n/],
    [[...CERT, 'DIR/broken.yml'], 4, /not valid YAML[^]*broken\.yml:/],
    [[...CERT, 'DIR/twice.yml'], 4, /duplicate dict key[^]*twice\.yml:/],
    [[...CERT, 'DIR/base.yml'], 4, /data\.a is not base64[^]*base\.yml:4:6\n/],
    [[...CERT, '--name', 'a', '-n', 'b', '--from-env-file', 'DIR/bad.env'], 4, /no NAME=value[^]*bad\.env:2:1\n/],
    [[...CERT, '--hmac-key', 'DIR/pw', 'DIR/plain.yml'], 1, /3 bytes, and 16/],
    [[...CERT, '--name', 'a', '-n', 'b', '--from-file', '-'], 5, /Standard input needs a key/],
    [[...CERT, '--name', 'a', '-n', 'b', '--ask', 'x'], 1, /there is no terminal: x/],
    [[...CERT, ...LITERAL, `a=${'x'.repeat(2 ** 20 + 1)}`], 1, /1048577 bytes, and 1048576/],
    [[...CERT, '--check', 'DIR/plain.yml'], 5, /no meaning here: --check/],
    [['--validate', '--unseal', 'DIR/plain.yml'], 5, /exclude each other: --validate and --unseal/],
    [['--validate', ...LITERAL, 'a=b'], 5, /no meaning here: --name with --validate/],
    [['--validate', 'DIR/plain.yml'], 1, /there is no SealedSecret/],
    [['--validate', 'DIR/'], 1, /there is no SealedSecret/],
    [['--re-encrypt', ...CERT, ...KEY, 'DIR/'], 1, /there is no SealedSecret/],
    [['--validate', 'DIR/nowhere'], 1, /Unable to read source file/],
    [['--unseal', 'DIR/plain.yml'], 5, /A recovery key must be named/],
    [['--unseal', '--recovery-private-key', 'DIR/plain.yml', 'DIR/plain.yml'], 1, /no private key in it/],
    [['--merge-into', 'DIR/plain.yml', ...CERT, '--from-literal', 'a=b'], 1, /no such SealedSecret/],
    [['--re-encrypt', ...CERT, 'DIR/plain.yml'], 5, /A recovery key must be named/],
  ])('%j', async (args, exitCode, message) => {
    const { seal, directory } = sealIn({
      'number.yml': `kind: Secret\nmetadata: {name: a, namespace: b}\nstringData:\n  pin: 4711 # ${SECRET}\n`, 'broken.yml': `kind: Secret\nstringData: {a: "${SECRET}\n`, 'twice.yml': `kind: Secret\nstringData:\n  ${SECRET}: a\n  ${SECRET}: b\n`,
      'base.yml': `kind: Secret\nmetadata: {name: a, namespace: b}\ndata:\n  a: ${SECRET}\n`, 'bad.env': `A=1\n${SECRET}\n`,
    })
    const before = readdirSync(directory)
    const found = await seal(...args)
    expect(found.err).toMatch(message)
    expect(found.exitCode).toBe(exitCode)
    expect(found.out + found.err).not.toContain(SECRET)
    expect(found.out).toBe('')
    expect(readdirSync(directory)).toEqual(before)
  })
})
