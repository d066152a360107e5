import { afterAll, expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'
import { apiServer, whyNoApiServer } from './api-server.ts'

const path = process.env['PATH']
afterAll(async () => {
  if (whyNoApiServer() !== undefined) return
  process.env['PATH'] = path
  await (await apiServer()).close()
})

test.skipIf(whyNoApiServer() !== undefined)('thirty objects that are as they should be cost one round trip, however many they are', async () => {
  const { programs, kubeconfig } = await apiServer()
  process.env['PATH'] = `${programs}:${path}`
  const definition = Array.from({ length: 30 }, (_, i) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `settings-${i}`, namespace: 'default' }, data: { number: String(i) } }))
  const play = JSON.stringify([{ hosts: 'all', gather_facts: false, tasks: [{ name: 'task', k8s: { kubeconfig, definition } }] }])
  const run = async () => {
    const { events, results } = await runYaml(play, { settings: { profile: true } })
    const [result] = events.flatMap((event) => (event.type === 'result' ? [event.result] : []))
    return { results, roundTrips: result?.cost?.roundTrips }
  }
  expect(await run()).toEqual({ results: ['h1 changed task'], roundTrips: 2 })
  expect(await run()).toEqual({ results: ['h1 ok task'], roundTrips: 1 })
}, 120_000)
