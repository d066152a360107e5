import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { fakeTerminal } from '../cli/fake-terminal.ts'

const role = join(import.meta.dirname, '../../roles/counter_app')
const directory = mkdtempSync(join(tmpdir(), 'load-report-'))
afterAll(() => rmSync(directory, { recursive: true }))

const stage = (pods: number, rate: number, p99: number, more: object = {}) => ({ pods, load: { rate, requests: Math.round(rate * 20), latency_ms: { p50: p99 / 4, p90: p99 / 2, p99, max: p99 * 2 }, statuses: { 200: Math.round(rate * 20) }, errors: {}, ...more } })

async function reported(loads: readonly object[]): Promise<{ readonly table: string; readonly plot: string }> {
  const file = join(directory, 'site.yml')
  const tasks = ['md', 'svg'].map((end) => ({ name: end, template: { src: join(role, `templates/load.${end}.j2`), dest: join(directory, `load.${end}`) } }))
  writeFileSync(file, JSON.stringify([{ hosts: 'localhost', connection: 'local', gather_facts: false, vars: { counter_app_name: 'counter-app', counter_app_load_connections: 16, counter_app_load_seconds: 20, counter_app_node_addresses: ['192.0.2.1', '192.0.2.2'], counter_app_loads: loads }, tasks }]))
  const terminal = fakeTerminal()
  expect(await dispatch(['run', file, '-i', 'localhost,'], terminal), terminal.errors()).toBe(0)
  return { table: readFileSync(join(directory, 'load.md'), 'utf8'), plot: readFileSync(join(directory, 'load.svg'), 'utf8') }
}

test('the load test of counter_app gives a table and a plot of what was measured', async () => {
  const { table, plot } = await reported([stage(1, 812.4, 40), stage(4, 1533, 21.32, { statuses: { 200: 30000, 503: 660 }, errors: { ECONNRESET: 2 } })])
  expect(table.split('\n').slice(4)).toEqual([
    '| Pods | Requests per second | p50 ms | p90 ms | p99 ms | Longest ms | Answered | Not 200 | Errors |', '|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
    '| 1 | 812 | 10.0 | 20.0 | 40.0 | 80.0 | 16248 | 0 | 0 |', '| 4 | 1533 | 5.3 | 10.7 | 21.3 | 42.6 | 30660 | 660 | 2 |', '',
  ])
  expect(plot.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true)
  // Two bars of requests, six of latencies, two of the legend, and the ground; the highest bar of each panel is the panel's height.
  expect(plot.match(/<rect /g)).toHaveLength(11)
  expect(plot.match(/height="200.0"/g)).toHaveLength(2)
  expect(plot.match(/<(\w+)/g)!.filter((tag) => !['<svg', '<title', '<rect', '<text', '<path'].includes(tag))).toEqual([])
  expect([...plot.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text)).toEqual(expect.arrayContaining(['812', '1533', '1 pod', '4 pods', 'p50', 'p99', '40.0', '5.3']))
})

test('a stage of nothing but failures can be drawn, too', async () => {
  const { table, plot } = await reported([stage(1, 0, 0, { statuses: {}, errors: { ETIMEDOUT: 5 } })])
  expect(table).toContain('| 1 | 0 | 0.0 | 0.0 | 0.0 | 0.0 | 0 | 0 | 5 |')
  expect(plot).not.toMatch(/nan|inf/i)
})
