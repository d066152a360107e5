import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { graphInventory, varsOfHost } from '../../src/inventory/inventory-list.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'

const at = (path: string): string => join(import.meta.dirname, 'cases', path)
const text = (path: string): string => readFileSync(at(path), 'utf8').trimEnd()

/** What `ansible-inventory --graph` of core 2.19 prints. */
test.each<[source: string, expected: string, options: { root?: string; vars?: boolean }]>([
  ['ini-groups/hosts', 'ini-groups/graph.txt', {}], ['ini-groups/hosts', 'ini-groups/graph-southeast.txt', { root: 'southeast' }],
  ['ini-groups/hosts', 'ini-groups/graph-vars.txt', { vars: true }], ['yaml-basic/hosts.yml', 'yaml-basic/graph-vars.txt', { vars: true }], ['directory/inv', 'directory/graph-vars.txt', { vars: true }],
])('%s %s', async (source, expected, options) => {
  expect(graphInventory({ inventory: await loadInventory([at(source)]) }, options)).toBe(text(expected))
})

test('--host', async () => {
  expect(Object.fromEntries(varsOfHost('w1', { inventory: await loadInventory([at('directory/inv')]) }))).toEqual(JSON.parse(text('directory/host-w1.json')))
})
