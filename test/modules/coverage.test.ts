import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { controls } from '../../src/engine/control/controls.ts'
import { registry } from '../../src/modules/registry.ts'
import { loadCases } from './run-case.ts'

const folder = join(import.meta.dirname, 'cases')
const ENOUGH = 8

const countOf = (name: string): number => readdirSync(folder).includes(name) ? readdirSync(join(folder, name)).filter((file) => file.endsWith('.yml')).reduce((count, file) => count + loadCases(join(folder, name, file)).length, 0) : 0
const names = [...Object.keys(registry), ...controls.keys()].sort()

test('every module and every action has enough cases', () => {
  expect(names.filter((name) => countOf(name) < ENOUGH).map((name) => `${name}: ${countOf(name)}`)).toEqual([])
})

test('every directory of cases is that of a module or an action', () => {
  expect(readdirSync(folder).filter((name) => !names.includes(name))).toEqual([])
})
