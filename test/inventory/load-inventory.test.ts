import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DEFAULT_INVENTORY_SETTINGS, type InventorySettings } from '../../src/inventory/inventory-settings.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import { type Problem, problemsOf } from '../../src/problem/problem.ts'

const cases = join(import.meta.dirname, 'cases')
const showPlace = ({ code, span }: Problem): string => `${code} ${span ? `${span.line}:${span.column}` : ''}`.trim()

describe('a source that cannot be read is a warning, and the others count', () => {
  const warnings = async (...sources: string[]): Promise<string[]> => {
    const told: Problem[] = []
    const inventory = await loadInventory([join(cases, 'good.yml'), ...sources.map((source) => join(cases, source))], { warn: (problem) => told.push(problem) })
    expect(inventory.find('z')).toBeDefined()
    expect(told.at(-1)?.code).toBe('inventory-unparsed')
    return told.slice(0, -1).filter(({ message }) => message.startsWith('Failed to parse')).map(showPlace)
  }
  test('one that is not there', async () => {
    expect(await warnings('nothing')).toEqual([])
  })
  test('every bad line of an INI file is told, with its place', async () => {
    expect(await warnings('bad-ini/hosts')).toEqual([
      'inventory-assignment 2:4', 'inventory-quote 3:6', 'inventory-section 4:1', 'inventory-section 5:1', 'inventory-assignment 7:1', 'inventory-range 9:1', 'inventory-cycle 13:1',
      'inventory-undefined-group 6:1', 'inventory-undefined-group 14:1',
    ])
  })
  test('every mistake of a YAML file', async () => {
    expect(await warnings('bad-yaml/hosts.yml')).toEqual(['inventory-yaml 3:5', 'inventory-yaml 5:5', 'inventory-cycle 9:16', 'inventory-yaml 10:1'])
  })
  test('TOML that is none', async () => {
    expect(await warnings('toml-bad-twice/hosts.toml')).toEqual(['toml-syntax 3:3'])
  })
})

describe('refused', () => {
  const refuse = async (sources: readonly string[], settings: Partial<InventorySettings> = {}): Promise<string[]> => {
    try {
      await loadInventory(sources.map((source) => join(cases, source)), { settings: { ...DEFAULT_INVENTORY_SETTINGS, ...settings } })
    } catch (error) {
      const problems = problemsOf(error)
      if (problems) return problems.map(showPlace)
      throw error
    }
    return []
  }
  test('a plugin that is not offered, for Ansible might have read it', async () => {
    expect(await refuse(['bad-plugin/aws.yml'])).toEqual(['inventory-plugin 1:1'])
  })
  test('anything that cannot be read, where the settings say so', async () => {
    expect(await refuse(['good.yml', 'nothing'])).toEqual([])
    expect(await refuse(['good.yml', 'nothing'], { anyUnparsedFails: true })).toEqual(['inventory-unparsed'])
    expect(await refuse(['good.yml', 'nothing'], { unparsedFails: true })).toEqual([])
    expect(await refuse(['nothing'], { unparsedFails: true })).toEqual(['inventory-unparsed'])
  })
})

test('a localhost that nobody names has its variables whoever asks first', async () => {
  const inventory = await loadInventory([join(cases, 'good.yml')])
  expect(inventory.layersOf('localhost').map(({ vars }) => vars.get('ansible_connection'))).toContain('local')
})
