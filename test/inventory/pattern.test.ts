import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { defaultEnvironment } from '../../src/template/environment.ts'
import { InventoryData } from '../../src/inventory/inventory-data.ts'
import { Inventory } from '../../src/inventory/inventory.ts'
import { globPattern, splitPattern } from '../../src/inventory/pattern.ts'
import { DEFAULT_INVENTORY_SETTINGS, type InventorySettings } from '../../src/inventory/inventory-settings.ts'
import { ini } from '../../src/inventory/plugins/ini.ts'
import { type Reading, Source } from '../../src/inventory/plugins/source.ts'
import { VarsFiles } from '../../src/inventory/vars-files.ts'

const text = `alone
[web]
web[1:4].example
[db]
db1
db2
web2.example
[eu]
web1.example
db1
[us]
web3.example
db2
[prod:children]
eu
us
[v6]
::1
10.0.0.1
[web-eu]
web1.example
`

const places = mkdtempSync(join(tmpdir(), 'pattern-'))
afterAll(() => rmSync(places, { recursive: true }))

function inventoryOf(source: string, warnings: string[] = [], settings: InventorySettings = DEFAULT_INVENTORY_SETTINGS): Inventory {
  const load = async (): Promise<InventoryData> => read(source)
  return new Inventory({ data: read(source), directories: [], files: new VarsFiles({ secrets: [] }, () => undefined), reload: load, warn: (problem) => warnings.push(problem.message), settings })
}
function read(text: string): InventoryData {
  const data = new InventoryData()
  writeFileSync(join(places, 'hosts'), text)
  const reading: Reading = {
    data, vault: { secrets: [] }, duplicates: 'refuse', environment: defaultEnvironment, warn: () => undefined, settings: DEFAULT_INVENTORY_SETTINGS, extraVars: new Map(), varsBefore: () => () => ({ get: () => undefined, names: () => [] }),
  }
  void ini.read(new Source(join(places, 'hosts'), reading), reading)
  data.reconcile()
  return data
}

/** What `ansible PATTERN --list-hosts` of core 2.19 answers for the inventory above, in its order. */
const answers: [pattern: string, hosts: string][] = [
  ['all', 'alone web1.example web2.example web3.example web4.example db1 db2 ::1 10.0.0.1'],
  ['*', 'alone web1.example web2.example web3.example web4.example db1 db2 ::1 10.0.0.1'],
  ['web', 'web1.example web2.example web3.example web4.example'],
  ['web:db', 'web1.example web2.example web3.example web4.example db1 db2'],
  ['web,db', 'web1.example web2.example web3.example web4.example db1 db2'],
  ['db:web', 'db1 db2 web2.example web1.example web3.example web4.example'],
  ['web:!eu', 'web2.example web3.example web4.example'],
  ['web:&eu', 'web1.example'],
  ['web:&eu:!db', 'web1.example'],
  ['!web', 'alone db1 db2 ::1 10.0.0.1'],
  ['&eu', 'web1.example db1'],
  ['all:!prod', 'alone web2.example web4.example ::1 10.0.0.1'],
  ['web*', 'web1.example web2.example web3.example web4.example'],
  ['*.example', 'web1.example web2.example web3.example web4.example'],
  ['~web\\d\\.', 'web1.example web2.example web3.example web4.example'],
  ['~(web|db)[12]', 'web1.example web2.example db1 db2'],
  ['web[0]', 'web1.example'],
  ['web[-1]', 'web4.example'],
  ['web[1:2]', 'web2.example web3.example'],
  ['web[1:]', 'web2.example web3.example web4.example'],
  ['web[1-2]', 'web2.example web3.example'],
  ['web[0]:db[1]', 'web1.example db2'],
  ['web?.example', 'web1.example web2.example web3.example web4.example'],
  ['web[13].example', 'web1.example web3.example'],
  ['*eu', 'web1.example db1'],
  ['prod', 'web1.example db1 web3.example db2'],
  ['us:eu', 'web3.example db2 web1.example db1'],
  ['::1', '::1'],
  ['10.0.0.1', '10.0.0.1'],
  ['v6:alone', '::1 10.0.0.1 alone'],
  ['::1,alone', '::1 alone'],
  ['web,!web1.example', 'web2.example web3.example web4.example'],
  ['ungrouped', 'alone'],
  ['all[0]', 'alone'],
  ['db:&web*', 'web2.example'],
  ['nothing', ''],
  ['nothing:web', 'web1.example web2.example web3.example web4.example'],
  ['web1.example:22', ''],
  ['~web.*,db1', 'web1.example web2.example web3.example web4.example db1'],
  ['e*', 'web1.example db1'],
  ['[wd]*', 'web1.example web2.example web3.example web4.example db1 db2'],
  ['web[9]', ''],
  ['web:!web[0]', 'web2.example web3.example web4.example'],
  ['localhost', '::1'],
  ['localhost:web', '::1 web1.example web2.example web3.example web4.example'],
]

describe('patterns', () => {
  const inventory = inventoryOf(text)
  test.each(answers)('%s', (pattern, hosts) => {
    expect(inventory.hostsMatching(pattern).join(' ')).toBe(hosts)
  })
  test('parts that match nothing are warned of', () => {
    const warnings: string[] = []
    expect(inventoryOf(text, warnings).hostsMatching('web[0],nothing,!nobody')).toEqual(['web1.example'])
    expect(warnings).toEqual(['Could not match supplied host pattern, ignoring: nothing', 'Could not match supplied host pattern, ignoring: nobody'])
  })
  test('a broken regular expression is refused', () => {
    expect(() => inventory.hostsMatching('~we(b')).toThrow(/regular expression/)
  })
})

describe('the limit', () => {
  const directory = mkdtempSync(join(tmpdir(), 'limit-'))
  afterAll(() => rmSync(directory, { recursive: true }))
  const inventory = inventoryOf(text)
  test('keeps the order of the pattern', () => {
    expect(inventory.hostsMatching('db:web', 'web3.example,db2')).toEqual(['db2', 'web3.example'])
    expect(inventory.hostsMatching('all', '!web')).toEqual(['alone', 'db1', 'db2', '::1', '10.0.0.1'])
  })
  test('reads patterns from a file', () => {
    writeFileSync(join(directory, 'x.retry'), '# failed\ndb1\nweb[0]\n')
    expect(inventory.hostsMatching('all', `@${join(directory, 'x.retry')}`)).toEqual(['web1.example', 'db1'])
    expect(inventory.hostsMatching('db', `all,!@${join(directory, 'x.retry')}`)).toEqual(['db2', 'web2.example'])
    expect(() => inventory.hostsMatching('db', '@/nowhere')).toThrow(/limit/)
    expect(() => inventory.hostsMatching('db', `@${directory}`)).toThrow(/must be a file/)
  })
  test('limits nothing where it is empty', () => {
    writeFileSync(join(directory, 'none.retry'), '')
    for (const limit of ['', ',,', `@${join(directory, 'none.retry')}`]) expect(inventory.hostsMatching('db,localhost', limit), limit).toEqual(inventory.hostsMatching('db,localhost'))
    expect(inventory.hostsMatching(',,')).toEqual(inventory.hostsMatching('all'))
  })
})

describe('localhost', () => {
  test('is there without being named, and only by its own name', () => {
    const inventory = inventoryOf('a\n')
    expect(inventory.hostsMatching('localhost')).toEqual(['localhost'])
    expect(inventory.layersOf('localhost').at(-1)?.vars.get('ansible_connection')).toBe('local')
    expect([inventory.hostsMatching('all'), inventory.hostsMatching('local*'), [...inventory.data.hostsOf('ungrouped')]]).toEqual([['a'], [], ['a']])
  })
  test('add_host makes it a host like others', () => {
    const inventory = inventoryOf('a\n')
    inventory.hostsMatching('localhost')
    inventory.addHost('localhost', [], new Map())
    // First, as with Ansible: what a run adds stands in `all` itself.
    expect(inventory.hostsMatching('all')).toEqual(['localhost', 'a'])
  })
})

describe('changes of a run', () => {
  test('add_host, group_by and a refresh that keeps what they added', async () => {
    const inventory = inventoryOf('[web]\na\nb\n')
    const before = inventory.revision
    expect(inventory.addHost('new', ['web', 'fresh'], new Map([['x', 1]]))).toBe(true)
    expect(inventory.addHost('new', ['web'], new Map([['x', 1]]))).toBe(false)
    expect(inventory.addToGroup('a', 'os_debian', ['os'])).toBe(true)
    expect(inventory.addToGroup('a', 'os_debian', ['os'])).toBe(false)
    expect([inventory.hostsMatching('web'), inventory.hostsMatching('os'), inventory.hostsMatching('fresh')]).toEqual([['a', 'b', 'new'], ['a'], ['new']])
    expect(inventory.revision).toBeGreaterThan(before)
    await inventory.refresh()
    expect([inventory.hostsMatching('web'), inventory.hostsMatching('os'), inventory.hosts.get('new')?.vars.get('x')]).toEqual([['a', 'b', 'new'], ['a'], 1])
  })
})

test('splitPattern', () => {
  expect([splitPattern('a:b'), splitPattern('a,b:c'), splitPattern('fe80::1'), splitPattern('h:22'), splitPattern('web[1:3]:&x'), splitPattern('')]).toEqual([['a', 'b'], ['a', 'b', 'c'], ['fe80::1'], ['h:22'], ['web[1:3]', '&x'], []])
})

test('globPattern', () => {
  expect(['a*', 'a?c', '[ab]c', '[!a]c', 'a.c'].map((glob) => ['abc', 'ac', 'bc', 'a.c'].filter((name) => globPattern(glob).test(name)))).toEqual([['abc', 'ac', 'a.c'], ['abc', 'a.c'], ['ac', 'bc'], ['bc'], ['a.c']])
})
