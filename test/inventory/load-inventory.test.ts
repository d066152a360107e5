import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listInventory } from '../../src/inventory/inventory-list.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { problemsOf } from '../../src/problem/problem.ts'

const cases = join(import.meta.dirname, 'cases')

/** Each case directory holds an inventory and what `ansible-inventory --list` of core 2.19 says of it (`expected.json`). */
const known: [name: string, sources: string[], playbook?: string][] = [
  ['ini-typing', ['inventory']], ['ini-groups', ['hosts']], ['ini-ipv6', ['hosts']], ['ini-priority', ['hosts']], ['ungrouped-reconcile', ['hosts']], ['advanced', ['hosts']], ['crlf', ['hosts']],
  ['yaml-basic', ['hosts.yml']], ['numeric-names', ['hosts.yml']], ['json', ['hosts.json']], ['directory', ['inv']], ['playbook-dir', ['inv/hosts'], 'play'],
  ['script', ['inv.sh']], ['script-host', ['inv.sh']], ['two-sources', ['one/hosts', 'two/hosts']], ['constructed', ['hosts', 'z.yml']], ['host-list', ['b,a:2222,10.0.0.1,::1,']],
]

// Ansible marks computed texts as not to be rendered; ours are plain strings.
const unmarked = (_: string, value: unknown): unknown => (value as { __ansible_unsafe?: string } | null)?.__ansible_unsafe ?? value

describe('as ansible-inventory --list', () => {
  test.each(known.map(([name, sources, playbook]) => ({ name, sources, playbook })))('$name', async ({ name, sources, playbook }) => {
    const directory = join(cases, name)
    const inventory = await loadInventory(sources.map((source) => (source.includes(',') ? source : resolve(directory, source))))
    const { _meta, ...groups } = JSON.parse(readFileSync(join(directory, 'expected.json'), 'utf8'), unmarked)
    const { _meta: ours, ...ourGroups } = JSON.parse(JSON.stringify(listInventory(inventory, playbook && join(directory, playbook))))
    expect(ours.hostvars).toEqual(_meta.hostvars)
    expect(ourGroups).toEqual(groups)
  })
})

describe('refused', () => {
  const refuse = async (...sources: string[]): Promise<string[]> => {
    try {
      await loadInventory(sources)
    } catch (error) {
      const problems = problemsOf(error)
      if (problems) return problems.map(({ code, span }) => `${code} ${span ? `${span.line}:${span.column}` : ''}`.trim())
      throw error
    }
    return []
  }
  test('a source that is not there', async () => {
    expect(await refuse(join(cases, 'nothing'))).toEqual(['inventory-missing'])
  })
  test('every bad line of an INI file, with its place', async () => {
    expect(await refuse(join(cases, 'bad-ini/hosts'))).toEqual([
      'inventory-assignment 2:4', 'inventory-quote 3:6', 'inventory-section 4:1', 'inventory-section 5:1', 'inventory-assignment 7:1', 'inventory-range 9:1', 'inventory-cycle 13:1',
      'inventory-undefined-group 6:1', 'inventory-undefined-group 14:1',
    ])
  })
  test('mistakes of a YAML file', async () => {
    expect(await refuse(join(cases, 'bad-yaml/hosts.yml'))).toEqual(['inventory-yaml 3:5', 'inventory-yaml 5:5', 'inventory-cycle 9:16', 'inventory-yaml 10:1'])
  })
  test('a plugin that is not offered', async () => {
    expect(await refuse(join(cases, 'bad-plugin/aws.yml'))).toEqual(['inventory-plugin 1:1'])
  })
})
