import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { K3sApi } from '../k3s/k3s-api.ts'
import { ConfigMapWriter } from '../k3s/k3s-clients.ts'
import { NodeWatch } from '../k3s/node-watch.ts'
import { differences } from '../k3s/object-state.ts'
import { type ApiServer, apiServer, whyNoApiServer } from './api-server.ts'

const HERE = '127.0.0.1'
/** Nobody answers there. */
const NOWHERE = '127.0.0.2'
const MAPS = '/api/v1/namespaces/default/configmaps'
let server: ApiServer
let api: K3sApi

/** The tools by which tests on clusters judge would judge nothing if they saw nothing. */
describe.skipIf(whyNoApiServer() !== undefined)('what is told of a cluster from outside', () => {
  beforeAll(async () => {
    server = await apiServer()
    api = new K3sApi({ ca: readFileSync(server.certificate), token: server.token, port: server.port })
  }, 90_000)
  afterAll(() => server?.close())

  test('what becomes of nodes, in order, also past a server that does not answer', async () => {
    const status = (kubeletVersion: string, ready: string) => ({ status: { nodeInfo: { kubeletVersion }, conditions: [{ type: 'Ready', status: ready }] } })
    const change = (path: string, body: object) => api.ask(HERE, 'PATCH', `/api/v1/nodes/n1${path}`, body)
    const watch = await new NodeWatch(api, [HERE, NOWHERE]).start()
    await api.ask(HERE, 'POST', '/api/v1/nodes', { metadata: { name: 'n1' } })
    await change('/status', status('v1', 'True'))
    await change('', { spec: { unschedulable: true } })
    await change('/status', status('v1', 'False'))
    await change('/status', status('v2', 'True'))
    await change('', { metadata: { labels: { any: 'thing' } } })
    await change('', { spec: { unschedulable: false } })
    await api.ask(HERE, 'DELETE', '/api/v1/nodes/n1')
    expect((await watch.stop()).map(({ node, what }) => `${node} ${what}`)).toEqual(['added', 'v1', 'Ready', 'cordoned', 'not Ready', 'v2', 'Ready', 'uncordoned', 'deleted'].map((what) => `n1 ${what}`))
  })

  test('which writes were acknowledged, which of them are lost, and how long there were none', async () => {
    const writer = new ConfigMapWriter(api, [NOWHERE, HERE]).start()
    await sleep(2000)
    await writer.stop()
    expect(writer.acknowledged.length).toBeGreaterThan(2)
    expect(writer.longest).toBeGreaterThan(200)
    expect(writer.longest).toBeLessThan(2000)
    expect(writer.tally.get(NOWHERE)).toMatchObject({ yes: 0 })
    expect(await writer.lost(HERE)).toEqual([])
    await api.ask(HERE, 'DELETE', `${MAPS}/${writer.acknowledged[1]!}`)
    expect(await writer.lost(HERE)).toEqual([writer.acknowledged[1]])
  })

  test('which objects are not as they were', async () => {
    for (const name of ['stays', 'changes', 'goes']) await api.ask(HERE, 'POST', MAPS, { metadata: { name }, data: { a: 'b' } })
    const before = await api.all(HERE)
    expect(before.size).toBeGreaterThan(40)
    await api.ask(HERE, 'PATCH', `${MAPS}/changes`, { data: { a: 'c' } })
    await api.ask(HERE, 'DELETE', `${MAPS}/goes`)
    await api.ask(HERE, 'POST', MAPS, { metadata: { name: 'comes' } })
    const told = differences(before, await api.all(HERE))
    expect(told.map((line) => line.slice(0, 42))).toEqual([expect.stringMatching(/^v1 configmaps default\/changes: /), 'v1 configmaps default/comes came', 'v1 configmaps default/goes is gone'])
    // One that was made anew is another one.
    await api.ask(HERE, 'DELETE', `${MAPS}/stays`)
    await api.ask(HERE, 'POST', MAPS, { metadata: { name: 'stays' }, data: { a: 'b' } })
    expect(differences(before, await api.all(HERE)).some((line) => line.startsWith('v1 configmaps default/stays: '))).toBe(true)
  })
})
