import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { loadInventory } from '../../src/inventory/load-inventory.ts'
import type { Play, Role } from '../../src/playbook/tree.ts'
import { defaultEnvironment } from '../../src/template/environment.ts'
import type { Scope } from '../../src/template/scope.ts'
import { evaluate, render } from '../../src/template/template.ts'
import { Secrets } from '../../src/text/secrets.ts'
import { toJson } from '../../src/value/json.ts'
import { type Dict, TemplateString, type Value, dict } from '../../src/value/value.ts'
import { parseYamlValue } from '../../src/yaml/parse-value.ts'
import { readFileSync } from 'node:fs'
import { createVars } from '../../src/vars/create-vars.ts'
import { inventorySource } from '../../src/vars/inventory-source.ts'
import type { ScopeRequest, Vars } from '../../src/vars/vars.ts'

const made: string[] = []
afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true })
})

/** Files below a new directory; answers with the directory. */
function directoryWith(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'vars-'))
  made.push(directory)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  return directory
}

const loader = { vars: (file: string): Dict => parseYamlValue(readFileSync(file, 'utf8'), { templates: true }) as Dict }
const empty: Dict = new Map()

const playIn = (directory: string, parts: Partial<Play> = {}): Play => ({
  span: { file: join(directory, 'play.yml'), line: 1, column: 1 }, name: 'the play', hosts: 'all', tags: [], when: [], vars: empty, varsFiles: [], varsPrompt: [], serial: [],
  preTasks: [], roles: [], tasks: [], postTasks: [], handlers: [], ...parts,
})
const role = (name: string, parts: Partial<Role> = {}): Role => ({
  name, path: `/roles/${name}`, defaults: empty, vars: empty, tasks: [], handlers: [], dependencies: [], allowDuplicates: false, argumentSpecs: empty, collections: [], ...parts,
})
const use = (of: Role, params: Dict = empty) => ({ span: { file: 'x', line: 1, column: 1 }, role: of, params, tags: [], when: [], vars: empty })

interface World {
  readonly vars: Vars
  readonly inventory: Inventory
  scope(request?: Partial<ScopeRequest>): Scope
}
async function world(files: Readonly<Record<string, string>>, play: Partial<Play> = {}, { extra = empty, merge = false, prompted = empty }: { extra?: Dict; merge?: boolean; prompted?: Dict } = {}): Promise<World & { readonly directory: string }> {
  const directory = directoryWith({ 'inv/hosts': 'h1\nh2\n', ...files })
  const sources = [join(directory, 'inv/hosts')]
  const inventory = await loadInventory(sources)
  const vars = createVars({
    inventory: inventorySource(inventory, sources), environment: defaultEnvironment, extraVars: extra, hashBehaviour: merge ? 'merge' : 'replace', secrets: new Secrets(), openVault: (text) => text,
    magic: { check: true, diff: false, verbosity: 2, forks: 5, tags: [], skipTags: ['slow'] },
  })
  const thePlay = playIn(directory, play)
  await vars.beginPlay(thePlay, prompted, loader)
  vars.beginBatch(thePlay, ['h1', 'h2'], ['h1', 'h2'])
  const scope = (request: Partial<ScopeRequest> = {}): Scope => vars.scope({ host: 'h1', play: thePlay, roles: [], params: [], blockVars: [], item: undefined, home: undefined, searchPaths: () => [], warn: () => undefined, ...request })
  return { vars, inventory, scope, directory }
}
const value = (scope: Scope, name: string) => {
  const raw = scope.get(name)
  return raw === undefined ? undefined : toJson(render(raw, scope))
}

describe('precedence', () => {
  const v = (level: string): Dict => dict({ v: level })
  /** Every level of the documentation, lowest first: how the level is given, and what it must be hidden by. */
  const levels = ['role defaults', 'inventory group', 'inventory group_vars/all', 'playbook group_vars/all', 'inventory group_vars/web', 'playbook group_vars/web', 'inventory host', 'inventory host_vars',
    'playbook host_vars', 'facts', 'play vars', 'vars_prompt', 'vars_files', 'role vars', 'block vars', 'task vars', 'include_vars', 'set_fact', 'role params', 'include params', 'extra vars'] as const

  test.each(levels.map((level, index) => [level, index] as const))('%s is what counts where nothing higher is given', async (level, top) => {
    const given = (name: (typeof levels)[number]): boolean => levels.indexOf(name) <= top
    const line = (name: (typeof levels)[number], text: string): string => (given(name) ? text : '')
    const of = (name: (typeof levels)[number]): Dict => (given(name) ? v(name) : empty)
    const files: Record<string, string> = { 'inv/hosts': `[web]\nh1 ${line('inventory host', 'v="inventory host"')}\n[web:vars]\n${line('inventory group', 'v=inventory group')}\n` }
    for (const [name, file] of [['inventory group_vars/all', 'inv/group_vars/all.yml'], ['playbook group_vars/all', 'group_vars/all'], ['inventory group_vars/web', 'inv/group_vars/web/x.yml'], ['playbook group_vars/web', 'group_vars/web.json'],
      ['inventory host_vars', 'inv/host_vars/h1.yaml'], ['playbook host_vars', 'host_vars/h1.yml'], ['vars_files', 'more.yml']] as const) {
      if (given(name)) files[file] = JSON.stringify({ v: name })
    }
    const theRole = role('r', { defaults: of('role defaults'), vars: of('role vars') })
    const { vars, scope } = await world(files, { vars: of('play vars'), varsFiles: given('vars_files') ? ['more.yml'] : [] }, { extra: of('extra vars'), prompted: of('vars_prompt') })
    if (given('facts')) vars.host('h1').addFacts(v('facts'))
    if (given('include_vars')) vars.host('h1').includeVars(v('include_vars'))
    if (given('set_fact')) vars.host('h1').setFacts(v('set_fact'))
    const request = { roles: [theRole], blockVars: [of('block vars'), of('task vars')], params: [of('role params'), of('include params')] }
    expect(value(scope(request), 'v')).toBe(level)
  })

  test('loop names are above extra vars; magic names too', async () => {
    const { scope } = await world({}, {}, { extra: dict({ item: 'extra', groups: 'extra', inventory_hostname: 'extra' }) })
    expect(scope({ item: dict({ item: 1 }) }).get('item')).toBe(1)
    expect(scope().get('groups')).toBeInstanceOf(Map)
    // Ansible keeps the names of the inventory with the host's variables.
    expect(scope().get('inventory_hostname')).toBe('extra')
  })

  test('registered results and set_fact are one level: the last one counts', async () => {
    const { vars, scope } = await world({})
    vars.host('h1').register('x', 1)
    vars.host('h1').setFacts(dict({ x: 2 }))
    expect(scope().get('x')).toBe(2)
    vars.host('h1').register('x', 3)
    expect(scope().get('x')).toBe(3)
  })

  test('a role sees its dependencies below it, and a play the roles it lists', async () => {
    const base = role('base', { vars: dict({ a: 'base', b: 'base' }), defaults: dict({ d: 'base' }) })
    const top = role('top', { vars: dict({ b: 'top' }), dependencies: [use(base)] })
    const { scope, vars } = await world({}, { roles: [use(role('listed', { vars: dict({ l: 1 }) }))] })
    expect(['a', 'b', 'd', 'l'].map((name) => value(scope({ roles: [top] }), name))).toEqual(['base', 'top', 'base', 1])
    expect(['a', 'l'].map((name) => value(scope(), name))).toEqual([undefined, 1])
    vars.exposeRole(top)
    expect(['a', 'b', 'd'].map((name) => value(scope(), name))).toEqual(['base', 'top', 'base'])
  })

  test('hash_behaviour merge', async () => {
    const files = { 'group_vars/all.yml': 'd: {a: 1, n: {x: 1}}', 'host_vars/h1.yml': 'd: {b: 2, n: {y: 2}}' }
    const replaced = await world(files)
    expect(value(replaced.scope(), 'd')).toEqual({ b: 2, n: { y: 2 } })
    const merged = await world(files, {}, { merge: true, extra: dict({ d: dict({ c: 3 }) }) })
    expect(value(merged.scope(), 'd')).toEqual({ a: 1, n: { x: 1, y: 2 }, b: 2, c: 3 })
  })
})

describe('vars_files', () => {
  const os = new TemplateString('{{ ansible_facts.os }}.yml')
  const files = { 'vars/debian.yml': 'pkg: apt', 'default.yml': 'pkg: any', 'always.yml': 'a: 1' }
  test('a name made of facts waits for them', async () => {
    const { vars, scope } = await world(files, { varsFiles: ['always.yml', os] })
    expect([value(scope(), 'pkg'), value(scope(), 'a')]).toEqual([undefined, 1])
    vars.host('h1').addFacts(dict({ ansible_os: 'debian' }))
    expect(value(scope(), 'pkg')).toBe('apt')
  })
  test('of a list the first that is there counts', async () => {
    const { vars, scope } = await world(files, { varsFiles: [[os, 'default.yml']] })
    vars.host('h1').addFacts(dict({ ansible_os: 'rocky' }))
    expect(value(scope(), 'pkg')).toBe('any')
  })
  test('a file that is nowhere is refused with the places', async () => {
    const { scope } = await world(files, { varsFiles: ['nothing.yml'] })
    expect(() => scope().get('x')).toThrow(/vars\/nothing\.yml/)
  })
})

describe('magic', () => {
  const hosts = 'h1.example.org\nh2\n[web]\nh2 x=1\n[top:children]\nweb\n'
  const ask = (scope: Scope, expression: string): Value => toJson(evaluate(expression, scope)) as Value

  test('hosts and groups', async () => {
    const { scope, inventory, directory } = await world({ 'inv/hosts': hosts })
    const here = scope({ host: 'h1.example.org' })
    expect(ask(here, 'inventory_hostname_short')).toBe('h1')
    expect(ask(here, 'group_names')).toEqual(['ungrouped'])
    expect(ask(scope({ host: 'h2' }), 'group_names')).toEqual(['top', 'web'])
    expect(ask(here, 'groups')).toEqual({ all: ['h1.example.org', 'h2'], ungrouped: ['h1.example.org'], web: ['h2'], top: ['h2'] })
    expect(ask(here, '[inventory_dir, inventory_file, playbook_dir]')).toEqual([join(directory, 'inv'), join(directory, 'inv/hosts'), directory])
    inventory.addHost('new', ['web'], dict({ y: 2 }))
    expect(ask(scope(), "[groups.web, hostvars.new.y, hostvars['new'].group_names]")).toEqual([['h2', 'new'], 2, ['top', 'web']])
  })

  test('hosts of the play, until they are lost', async () => {
    const { scope, vars } = await world({})
    vars.hostLost('h2')
    expect(ask(scope(), '[ansible_play_hosts_all, ansible_play_hosts, ansible_play_batch, play_hosts]')).toEqual([['h1', 'h2'], ['h1'], ['h1'], ['h1']])
  })

  test('settings of the run and roles', async () => {
    const { scope } = await world({}, { roles: [use(role('a', { dependencies: [use(role('dep'))] }))] })
    expect(ask(scope(), '[ansible_check_mode, ansible_diff_mode, ansible_verbosity, ansible_forks, ansible_run_tags, ansible_skip_tags, ansible_play_name]')).toEqual([true, false, 2, 5, ['all'], ['slow'], 'the play'])
    expect(ask(scope(), '[ansible_play_role_names, ansible_dependent_role_names, ansible_role_names]')).toEqual([['a'], ['dep'], ['dep', 'a']])
    expect(ask(scope(), 'role_path is defined')).toBe(false)
    expect(ask(scope({ roles: [role('in.ner.x'), role('outer')] }), '[role_name, ansible_role_name, role_path, ansible_parent_role_names]')).toEqual(['x', 'in.ner.x', '/roles/in.ner.x', ['outer']])
    expect(ask(scope(), "'omit' in vars and vars.inventory_hostname == 'h1' and vars['playbook_dir'] == playbook_dir")).toBe(true)
  })

  test('hostvars shows other hosts without plays, rendered with their own variables', async () => {
    const { scope, vars } = await world({ 'inv/hosts': 'h1 me=one t="{{ me }}"\nh2 me=two t="{{ me }}"\n' }, { vars: dict({ p: 1, me: 'play' }) })
    expect(ask(scope(), '[hostvars.h2.t, hostvars.h1.me, me, hostvars.h2.p is defined]')).toEqual(['two', 'one', 'play', false])
    expect(ask(scope(), "[hostvars | list, 'h2' in hostvars, hostvars.nobody is defined, hostvars.localhost.ansible_connection]")).toEqual([['h1', 'h2'], true, false, 'local'])
    vars.host('h2').setFacts(dict({ s: 1 }))
    vars.host('h2').addFacts(dict({ ansible_os: 'x', packages: [1], ansible_local: dict({ l: 2 }) }))
    expect(ask(scope(), "hostvars['h2'].s + hostvars.h2.packages[0]")).toBe(2)
    expect(ask(scope(), '[hostvars.h2.ansible_facts.os, hostvars.h2.ansible_os, hostvars.h2.ansible_local.l, hostvars.h2.ansible_facts.ansible_local.l]')).toEqual(['x', 'x', 2, 2])
    expect(ask(scope(), "[hostvars.h2 | intersect(['omit', 'vars', 'hostvars', 'me']), (hostvars.h2 | to_json | from_json).t]")).toEqual([['me'], 'two'])
    vars.host('h2').clearFacts()
    expect(ask(scope(), 'hostvars.h2.ansible_os is defined')).toBe(false)
  })
})

test('layers are looked into, never walked through or merged', async () => {
  class Unwalked extends Map<Value, Value> {
    override [Symbol.iterator](): never {
      throw new Error('a layer was walked through')
    }
    override entries = this[Symbol.iterator]
    override keys = this[Symbol.iterator]
  }
  const layer = (name: string): Dict => new Unwalked().set(name, name)
  const { scope } = await world({}, { vars: layer('play') }, { extra: layer('extra') })
  const request = { roles: [role('r', { defaults: layer('default'), vars: layer('role') })], blockVars: [layer('block')], params: [layer('param')] }
  expect(['play', 'extra', 'default', 'role', 'block', 'param', 'nowhere'].map((name) => scope(request).get(name))).toEqual(['play', 'extra', 'default', 'role', 'block', 'param', undefined])
})
