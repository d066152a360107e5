import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type LoadTarget, measureHttp, percentile } from '../../src/contract/measure-http.ts'

const servers: ReturnType<typeof createServer>[] = []
afterEach(() => servers.splice(0).forEach((server) => (server.closeAllConnections(), server.close())))

async function serving(answer: Parameters<typeof createServer>[1]): Promise<LoadTarget> {
  const server = createServer(answer)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: new URL(`http://shop.example.com:${(server.address() as AddressInfo).port}/page?a=b`), addresses: ['127.0.0.1'], method: 'GET', headers: {}, body: undefined, ca: undefined, verify: true }
}
const options = { connections: 3, seconds: 0.4, warmUp: 0.1, timeout: 5, signal: new AbortController().signal }

test('each client asks one thing at a time, by the name, on a connection that it keeps', async () => {
  let [now, most] = [0, 0]
  const [asked, sockets] = [new Set<string>(), new Set<unknown>()]
  const target = await serving((request, response) => {
    most = Math.max(most, ++now)
    asked.add(`${request.headers.host?.replace(/:.*/, '')} ${request.url}`)
    sockets.add(request.socket)
    setTimeout(() => (now--, response.end('hello')), 20)
  })
  const load = await measureHttp(target, options)
  expect({ most, asked: [...asked], sockets: sockets.size }).toEqual({ most: 3, asked: ['shop.example.com /page?a=b'], sockets: 3 })
  expect(Object.keys(load.statuses)).toEqual(['200'])
  expect(load.statuses['200']).toBe(load.latencies.length)
  // 20 ms each: not more than twenty in 0.4 s for each of three.
  expect(load.latencies.length).toBeGreaterThan(20)
  expect(load.latencies.length).toBeLessThanOrEqual(63)
  expect(load.latencies[0]).toBeGreaterThanOrEqual(19)
})

test('what is not answered in time, or not at all, is an error of its kind', async () => {
  const silent = await serving(() => undefined)
  expect(await measureHttp(silent, { ...options, seconds: 0.3, timeout: 0.1 })).toMatchObject({ latencies: [], statuses: {}, errors: { ETIMEDOUT: expect.any(Number) } })
  expect(await measureHttp({ ...silent, url: new URL('http://127.0.0.1:9/'), addresses: [] }, options)).toMatchObject({ latencies: [], errors: { ECONNREFUSED: expect.any(Number) } })
})

test('percentiles are values that were measured', () => {
  const sorted = Array.from({ length: 200 }, (_, i) => i + 1)
  expect([50, 90, 99, 100].map((percent) => percentile(sorted, percent))).toEqual([100, 180, 198, 200])
  expect([percentile([7], 50), percentile([7], 99), percentile([], 50)]).toEqual([7, 7, undefined])
})
