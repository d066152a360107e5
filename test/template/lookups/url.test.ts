import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { render } from '../../../src/template/template.ts'
import { TemplateString, type Value } from '../../../src/value/value.ts'
import { scopeOf } from '../scope-of.ts'

// The lookup waits for its answer, so the server lives in a thread of its own.
const SERVER = `
const { parentPort } = require('node:worker_threads')
const server = require('node:http').createServer((request, response) => {
  if (request.url === '/moved') return response.writeHead(302, { location: '/headers' }).end()
  if (request.url === '/lines') return response.end('one\\ntwo\\n')
  if (request.url !== '/headers') return response.writeHead(404).end()
  const { authorization = '', 'user-agent': agent, 'cache-control': cache = '', 'x-own': own = '' } = request.headers
  response.end(JSON.stringify({ authorization, agent, cache, own }))
})
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`
let worker: Worker
let base = ''
const home = mkdtempSync(join(tmpdir(), 'netrc-'))
beforeAll(async () => {
  worker = new Worker(SERVER, { eval: true })
  base = await new Promise<string>((done) => worker.once('message', (port: number) => done(`http://127.0.0.1:${port}`)))
  writeFileSync(join(home, 'netrc'), 'machine 127.0.0.1 login foo password bar\n')
  process.env['NETRC'] = join(home, 'netrc')
})
afterAll(async () => {
  delete process.env['NETRC']
  rmSync(home, { recursive: true })
  await worker.terminate()
})

const asked = (path: string, options = '', variables: Iterable<readonly [string, Value]> = []): Value =>
  render(new TemplateString(`{{ query('url', base ~ '${path}', ${options}) }}`), scopeOf(new Map<string, Value>([['base', base], ...variables])))
const headers = (options = '', variables: Iterable<readonly [string, Value]> = []): unknown => JSON.parse(String((asked('/headers', `split_lines=false, ${options}`, variables) as readonly Value[])[0]))
const basic = (login: string): string => `Basic ${Buffer.from(login).toString('base64')}`

test('gives lines, or the text in one piece', () => {
  expect(asked('/lines')).toEqual(['one', 'two'])
  expect(asked('/lines', 'split_lines=false')).toEqual(['one\ntwo\n'])
})

test('credentials come from arguments, else from ~/.netrc unless it is not to be used', () => {
  expect(headers("username='u', password='p'")).toMatchObject({ authorization: basic('u:p') })
  expect(headers()).toMatchObject({ authorization: basic('foo:bar'), agent: 'ansible-httpget', cache: '' })
  expect(headers("use_netrc='False', headers={'Authorization': 'Bearer x'}")).toMatchObject({ authorization: 'Bearer x' })
})

test('options may come from variables', () => {
  expect(headers('', [['ansible_lookup_url_agent', 'mine'], ['ansible_lookup_url_force', true]])).toMatchObject({ agent: 'mine', cache: 'no-cache' })
})

test('redirects are followed without the headers that must not go along, or are errors', () => {
  const own = "headers={'X-Own': 'secret'}"
  expect(JSON.parse(String((asked('/moved', own) as readonly Value[])[0]))).toMatchObject({ own: 'secret' })
  expect(JSON.parse(String((asked('/moved', `${own}, unredirected_headers=['x-own']`) as readonly Value[])[0]))).toMatchObject({ own: '' })
  expect(() => asked('/moved', "follow_redirects='none'")).toThrow('HTTP Error 302')
})

test('what cannot be had is an error in words', () => {
  expect(() => asked('/none')).toThrow(`Received HTTP error for ${base}/none: HTTP Error 404: Not Found`)
  expect(() => render(new TemplateString("{{ lookup('url', 'http://127.0.0.1:1/') }}"), scopeOf())).toThrow('Failed lookup url for http://127.0.0.1:1/: <urlopen error')
  expect(() => render(new TemplateString("{{ lookup('url', 'file:///etc/passwd') }}"), scopeOf())).toThrow('only http and https')
})
