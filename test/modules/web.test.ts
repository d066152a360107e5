import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Module } from '../../src/contract/define-module.ts'
import { type Outcome, converge } from '../../src/engine/converge.ts'
import { Machine } from '../../src/host/machine.ts'
import { Overlay } from '../../src/host/overlay.ts'
import { getUrl } from '../../src/modules/get-url.ts'
import { uri } from '../../src/modules/uri.ts'
import { waitFor } from '../../src/modules/wait-for.ts'
import { convertParams } from '../../src/schema/convert-params.ts'
import { connectLocal } from '../../src/transport/local-connection.ts'
import { type Json, fromJson, toJson } from '../../src/value/json.ts'
import type { Dict } from '../../src/value/value.ts'

const connection = connectLocal({})
const machine = new Machine(connection)
const folder = mkdtempSync(join(tmpdir(), 'web-'))
const asked: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = []
let server: Server
let base: string

beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  await connection.close()
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  asked.push({ method: request.method!, url: request.url!, headers: request.headers, body: Buffer.concat(chunks).toString() })
  if (request.url === '/json') response.writeHead(200, { 'Content-Type': 'application/json', 'X-Some-Header': 'a b', 'Set-Cookie': 'k=v; Path=/' }).end('{"a": [1, "é"]}')
  else if (request.url === '/moved') response.writeHead(302, { Location: '/json' }).end()
  else if (request.url === '/closed' && !request.headers.authorization) response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end('who?')
  else if (request.url?.startsWith('/to?')) response.writeHead(Number(request.url.slice(4)), { Location: '/landed' }).end()
  else if (request.url === '/away') response.writeHead(302, { Location: `${base.replace('127.0.0.1', 'localhost')}/json` }).end()
  else if (request.url === '/circle') response.writeHead(302, { Location: '/circle' }).end()
  else if (request.url === '/named') response.writeHead(200, { 'Content-Disposition': 'attachment; filename="../../etc/passwd"' }).end('named')
  else if (request.url === '/since' && request.headers['if-modified-since']) response.writeHead(304).end()
  else if (request.url === '/nothing') response.writeHead(204).end()
  else if (request.url === '/missing') response.writeHead(404, 'Not Here').end('no such thing')
  else if (request.url === '/binary') response.writeHead(200).end(Buffer.from([0, 1, 2, 255, 10]))
  else response.writeHead(200, { 'Content-Type': 'text/plain' }).end('hello\n')
}

async function call(module: Module<any, any>, given: Readonly<Record<string, Json>>, overlay?: Overlay, environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const { params, problems } = convertParams(module.params, fromJson(given) as Dict, { owner: module.name })
  if (problems[0]) throw problems[0]
  return converge({ module, params, machine, become: undefined, overlay, around: { environment, hostName: 'here', playbookDirectory: '/', diff: false, readFile: (name) => readFileSync(join(folder, name)), other: () => Promise.reject(new Error('none')) }, signal: new AbortController().signal, progress: () => undefined, by: 'task' })
}

const output = ({ outputs }: Outcome, name: string): Json => toJson(outputs[name] ?? null)

test('a GET answers with status, headers and parsed JSON, and changes nothing', async () => {
  const got = await call(uri, { url: `${base}/json`, return_content: true })
  expect(got.status).toBe('same')
  expect(output(got, 'json')).toEqual({ a: [1, 'é'] })
  expect([output(got, 'status'), output(got, 'x_some_header'), output(got, 'content_type'), output(got, 'cookies'), output(got, 'redirected'), output(got, 'url')]).toEqual([200, 'a b', 'application/json', { k: 'v' }, false, `${base}/json`])
})

test('a dry run asks nobody', async () => {
  const before = asked.length
  const got = await call(uri, { url: `${base}/json`, method: 'POST' }, new Overlay())
  expect([got.status, asked.length]).toEqual(['unknown', before])
  expect(got.outputs.status).toMatchObject({ reason: expect.stringContaining('another machine') })
})

test('dicts are sent as JSON and as a form', async () => {
  await call(uri, { url: `${base}/x`, method: 'POST', body: { a: 'é', b: [1] }, body_format: 'json' })
  expect(asked.at(-1)).toMatchObject({ method: 'POST', body: '{"a": "\\u00e9", "b": [1]}', headers: { 'content-type': 'application/json' } })
  await call(uri, { url: `${base}/x`, method: 'PUT', body: { 'a b': 'c&d', l: ['1', '2'] }, body_format: 'form-urlencoded' })
  expect(asked.at(-1)).toMatchObject({ method: 'PUT', body: 'a+b=c%26d&l=1&l=2', headers: { 'content-type': 'application/x-www-form-urlencoded' } })
})

test('headers, quotes and line ends travel as they are', async () => {
  await call(uri, { url: `${base}/x`, method: 'POST', headers: { 'X-Odd': 'a "b" \\c $HOME `d`' }, body: 'one\n\'two\'\n"\\x"\n' })
  expect(asked.at(-1)).toMatchObject({ body: 'one\n\'two\'\n"\\x"\n', headers: { 'x-odd': 'a "b" \\c $HOME `d`' } })
})

test('another status is a failure, with the content for those who ask', async () => {
  const got = await call(uri, { url: `${base}/missing`, return_content: true })
  expect([got.status, output(got, 'status'), output(got, 'content')]).toEqual(['failed', 404, 'no such thing'])
  expect(got.reason).toContain('Status code was 404 and not [200]')
  expect((await call(uri, { url: `${base}/missing`, status_code: [200, 404] })).status).toBe('same')
  expect((await call(uri, { url: `${base}/nothing`, status_code: 204 })).status).toBe('same')
})

test('nobody there is status -1', async () => {
  const got = await call(uri, { url: 'http://127.0.0.1:1/' })
  expect([got.status, output(got, 'status')]).toEqual(['failed', -1])
})

test('redirects are followed for safe methods and not for others', async () => {
  expect(output(await call(uri, { url: `${base}/moved` }), 'redirected')).toBe(true)
  expect((await call(uri, { url: `${base}/moved`, follow_redirects: 'none', status_code: [302] })).status).toBe('same')
  expect((await call(uri, { url: `${base}/moved`, method: 'POST', status_code: [302] })).status).toBe('same')
})

test('credentials are sent when asked for, or at once, and never shown', async () => {
  const got = await call(uri, { url: `${base}/closed`, user: 'me', password: 'p:a"s\\s' })
  expect(got.status).toBe('same')
  expect(asked.at(-1)!.headers.authorization).toBe(`Basic ${Buffer.from('me:p:a"s\\s').toString('base64')}`)
  const before = asked.length
  await call(uri, { url: `${base}/closed`, user: 'me', password: 'x', force_basic_auth: true })
  expect(asked.length).toBe(before + 1)
  expect(JSON.stringify(got.steps)).not.toContain('a"s')
})

test('hop by hop: methods, bodies, headers and credentials of redirects', async () => {
  const hop = async (rule: string, method: string, status: number) => {
    const got = await call(uri, { url: `${base}/to?${status}`, method, follow_redirects: rule, headers: { 'X-Mine': 'm', 'X-Left': 'l' }, unredirected_headers: ['x-left'], ...(method === 'POST' ? { body: 'b' } : {}), status_code: [200, status] })
    return output(got, 'redirected') ? `${asked.at(-1)!.method} ${asked.at(-1)!.body} ${asked.at(-1)!.headers['x-mine']} ${asked.at(-1)!.headers['x-left'] ?? '-'}` : 'stays'
  }
  expect([await hop('safe', 'GET', 301), await hop('safe', 'POST', 302), await hop('all', 'HEAD', 303)]).toEqual(['GET  m -', 'stays', 'HEAD  m -'])
  expect([await hop('all', 'POST', 301), await hop('all', 'POST', 307), await hop('all', 'PUT', 301)]).toEqual(['GET  m -', 'POST b m -', 'PUT  m -'])
  expect([await hop('urllib2', 'HEAD', 308), await hop('urllib2', 'POST', 307), await hop('none', 'GET', 301)]).toEqual(['GET  m -', 'stays', 'stays'])
  await call(uri, { url: `${base}/to?301`, user: 'me', password: 'pass', force_basic_auth: true })
  expect(asked.at(-1)!.headers.authorization).toBe(`Basic ${Buffer.from('me:pass').toString('base64')}`)
  await call(uri, { url: `${base}/away`, user: 'me', password: 'pass', force_basic_auth: true })
  expect([asked.at(-1)!.url, asked.at(-1)!.headers.authorization]).toEqual(['/json', undefined])
  expect((await call(uri, { url: `${base}/circle` })).reason).toContain('infinite loop')
})

test('a body of several parts, with files of the controller', async () => {
  writeFileSync(join(folder, 'part.txt'), 'from file\n')
  await call(uri, { url: `${base}/x`, method: 'POST', body_format: 'form-multipart', body: { b: { filename: 'part.txt' }, a: 'one', c: { content: 'two', filename: 'c.json', mime_type: 'application/json' } } })
  const { body, headers } = asked.at(-1)!
  const boundary = /boundary="(.*)"/.exec(headers['content-type']!)![1]!
  expect(body.replaceAll(boundary, 'B').replaceAll('\r\n', '\n')).toBe('--B\nContent-Type: text/plain\nContent-Disposition: form-data; name="a"\n\none\n--B\nContent-Transfer-Encoding: base64\nContent-Type: text/plain\nContent-Disposition: form-data; name="b"; filename="part.txt"\n\nZnJvbSBmaWxlCg==\n\n--B\nContent-Type: application/json\nContent-Disposition: form-data; name="c"; filename="c.json"\n\ntwo\n--B--\n')
  expect((await call(uri, { url: `${base}/x`, method: 'POST', body_format: 'form-multipart', body: { a: 1 } })).reason).toBe('failed to parse body as form-multipart: value must be a string, or mapping, cannot be type int')
})

test('a login from a netrc file, above the header of the task', async () => {
  writeFileSync(join(folder, 'netrc'), 'machine other login no password no\nmachine 127.0.0.1\nlogin foo\npassword bar\n')
  await call(uri, { url: `${base}/x`, headers: { Authorization: 'Bearer x' } }, undefined, { NETRC: join(folder, 'netrc') })
  expect(asked.at(-1)!.headers.authorization).toBe(`Basic ${Buffer.from('foo:bar').toString('base64')}`)
  await call(uri, { url: `${base}/x`, headers: { Authorization: 'Bearer x' }, use_netrc: false }, undefined, { NETRC: join(folder, 'netrc') })
  expect(asked.at(-1)!.headers.authorization).toBe('Bearer x')
})

test('in a directory the file has the name that the server gives, never a path', async () => {
  expect(output(await call(getUrl, { url: `${base}/named`, dest: folder }), 'dest')).toBe(join(folder, 'passwd'))
  expect(output(await call(uri, { url: `${base}/named`, dest: folder }), 'path')).toBe(join(folder, 'passwd'))
  expect(readFileSync(join(folder, 'passwd'), 'utf8')).toBe('named')
})

test('what did not change since is not loaded again', async () => {
  const dest = join(folder, 'since')
  writeFileSync(dest, 'old')
  const got = await call(getUrl, { url: `${base}/since`, dest })
  expect([got.status, output(got, 'status_code'), output(got, 'msg')]).toEqual(['same', 304, 'HTTP Error 304: Not Modified'])
  expect((await call(getUrl, { url: `${base}/since`, dest, force: true })).status).toBe('change')
})

test('the answer is written where it belongs, and once', async () => {
  const dest = join(folder, "a 'b")
  expect((await call(uri, { url: `${base}/binary`, dest, mode: '0600' })).status).toBe('change')
  expect(readFileSync(dest)).toEqual(Buffer.from([0, 1, 2, 255, 10]))
  expect((await call(uri, { url: `${base}/binary`, dest, mode: '0600' })).status).toBe('same')
})

test('get_url loads over HTTP, says the status of a failure, and leaves nothing behind', async () => {
  const dest = join(folder, 'got')
  const got = await call(getUrl, { url: `${base}/moved`, dest, mode: '0640' })
  expect([got.status, output(got, 'status_code'), output(got, 'mode')]).toEqual(['change', 200, '0640'])
  expect(readFileSync(dest, 'utf8')).toBe('{"a": [1, "é"]}')
  const missing = await call(getUrl, { url: `${base}/missing`, dest: join(folder, 'no') })
  expect([missing.status, output(missing, 'status_code')]).toEqual(['failed', 404])
  expect((await call(getUrl, { url: `${base}/moved`, dest, force: true })).status).toBe('same')
})

test('wait_for sees an open port and what it says', async () => {
  const { port } = server.address() as AddressInfo
  expect((await call(waitFor, { port, timeout: 2 })).status).toBe('same')
  expect((await call(waitFor, { port, state: 'stopped', timeout: 0 })).status).toBe('failed')
  const { createServer: listen } = await import('node:net')
  const talker = listen((socket) => socket.end('SSH-2.0-OpenSSH_9\r\n'))
  await new Promise<void>((resolve) => talker.listen(0, '127.0.0.1', resolve))
  const got = await call(waitFor, { port: (talker.address() as AddressInfo).port, search_regex: 'SSH-(\\d)', timeout: 2 })
  talker.close()
  expect([got.status, output(got, 'match_groups')]).toEqual(['same', ['2']])
})
