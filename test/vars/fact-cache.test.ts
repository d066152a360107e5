import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { unknown } from '../../src/value/value.ts'
import { createFactCache } from '../../src/vars/fact-cache.ts'
import { HostStore } from '../../src/vars/host-store.ts'

let directory: string
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'tutti-facts-'))))
afterEach(() => rmSync(directory, { recursive: true, force: true }))
const cacheIn = (more = {}) => createFactCache({ directory: join(directory, 'cache'), prefix: 'p_', timeout: 100, readOnly: false, ...more })
const storeOf = (cache: ReturnType<typeof createFactCache>) => new HostStore({ load: () => cache.load('h1'), save: (facts) => cache.save('h1', facts), forget: () => cache.forget('h1') })
const file = () => join(directory, 'cache/p_h1')

test('facts are there in the next run, and count as gathered where they were', () => {
  storeOf(cacheIn()).addFacts(new Map<string, string | boolean>([['ansible_system', 'Linux'], ['module_setup', true]]))
  const next = storeOf(cacheIn())
  expect([next.facts.get('system'), next.injected.get('ansible_system'), next.gathered]).toEqual(['Linux', 'Linux', true])
  expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ ansible_system: 'Linux', _ansible_facts_gathered: true })
})

test('a fact of set_fact alone is no gathering', () => {
  storeOf(cacheIn()).addFacts(new Map([['mine', 'kept']]))
  const next = storeOf(cacheIn())
  expect([next.facts.get('mine'), next.gathered]).toEqual(['kept', false])
})

test('what is too old or broken is not there; clearing facts forgets them', () => {
  const cache = cacheIn()
  const store = storeOf(cache)
  store.addFacts(new Map([['mine', 'kept']]))
  utimesSync(file(), new Date(0), new Date(0))
  expect([cache.load('h1').size, cacheIn({ timeout: 0 }).load('h1').size]).toEqual([0, 1])
  writeFileSync(file(), '{')
  expect(cache.load('h1').size).toBe(0)
  store.clearFacts()
  expect(existsSync(file())).toBe(false)
})

test('a dry run leaves no trace, and what is unknown is not kept', () => {
  storeOf(cacheIn({ readOnly: true })).addFacts(new Map([['mine', 'kept']]))
  expect(existsSync(file())).toBe(false)
  storeOf(cacheIn()).addFacts(new Map([['mine', 'kept'], ['open', unknown('later')] as never]))
  expect(Object.keys(JSON.parse(readFileSync(file(), 'utf8')))).toEqual(['mine', '_ansible_facts_gathered'])
})
