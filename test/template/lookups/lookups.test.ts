import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { problemsOf } from '../../../src/problem/problem.ts'
import { evaluate, render, runLookup } from '../../../src/template/template.ts'
import { toJson } from '../../../src/value/json.ts'
import { TemplateString, dict, isUnknown, type Value } from '../../../src/value/value.ts'
import { scopeOf } from '../scope-of.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'tutti-lookups-'))
afterAll(() => rmSync(folder, { recursive: true }))
for (const [name, text] of Object.entries({
  'files/a.txt': 'text of a\n', 'files/b.txt': 'b', 'templates/t.j2': 'port {{ port }}\n', 'files/u.csv': 'li,"Lithium, the",3\nhe,Helium,2\n',
  'files/c.ini': '[main]\nuser=robin\n[other]\nuser = batman\nLong=1\n', 'files/tree/sub/x': 'x', 'vars/Debian.yml': '', 'files/Debian.yml': '',
})) {
  mkdirSync(path.join(folder, path.dirname(name)), { recursive: true })
  writeFileSync(path.join(folder, name), text)
}
const scope = scopeOf({ port: 6379, groups: { all: ['a', 'b', 'c'], web: ['a', 'b'], db: ['b', 'c'] } }, { searchPaths: (subdir) => [path.join(folder, subdir), folder] })
const rendered = (source: string): unknown => toJson(render(new TemplateString(source), scope))

describe('lookups', () => {
  test.each<[string, unknown]>([
    ["{{ lookup('file', 'a.txt') }}", 'text of a'],
    ["{{ lookup('file', 'a.txt', 'b.txt') }}", 'text of a,b'],
    ["{{ lookup('file', 'a.txt', rstrip=false) }}", 'text of a\n'],
    ["{{ lookup('template', 't.j2') }}", 'port 6379\n'],
    ["{{ lookup('template', 't.j2', template_vars={'port': 1}) }}", 'port 1\n'],
    ["{{ query('fileglob', '*.txt') | map('basename') | list }}", ['a.txt', 'b.txt']],
    ["{{ lookup('first_found', ['nope', 'b.txt']) | basename }}", 'b.txt'],
    ["{{ lookup('first_found', {'files': ['x.txt', 'x'], 'paths': ['none', 'tree/sub']}) | basename }}", 'x'],
    ["{{ query('first_found', ['nope'], skip=true) }}", []],
    ["{{ lookup('csvfile', 'li file=u.csv delimiter=,') }}", 'Lithium, the'],
    ["{{ lookup('csvfile', 'he', file='u.csv', delimiter=',', col=2) }}", '2'],
    ["{{ lookup('ini', 'user', section='other', file='c.ini') }}", 'batman'],
    ["{{ lookup('ini', 'user section=main file=c.ini') }}", 'robin'],
    ["{{ lookup('ini', 'nope', section='main', file='c.ini', default='d') }}", 'd'],
    ["{{ query('community.general.filetree', 'tree') | map(attribute='path') | list }}", ['sub', 'sub/x']],
    ["{{ lookup('pipe', 'printf \"a\\nb\\n\\n\"') }}", 'a\nb'],
    ["{{ query('lines', 'printf \"a\\nb\\n\"') }}", ['a', 'b']],
    ["{{ query('inventory_hostnames', 'web:!db') }}", ['a']],
    ["{{ query('inventory_hostnames', 'web:&db') }}", ['b']],
    ["{{ lookup('file', 'nope', errors='ignore') }}", ''],
    ["{{ query('varnames', '^por') }}", ['port']],
  ])('%s', (source, value) => {
    expect(rendered(source)).toEqual(value)
  })

  test('a loop gets lists', () => {
    expect(runLookup('items', [[1, 2], 3], {}, scope)).toEqual([1, 2, 3])
    expect(runLookup('nested', [['a'], [1, 2]], {}, scope)).toEqual([['a', 1], ['a', 2]])
  })
  test('first_found looks where the action says', () => {
    const inVars = { ...scope, lookupContext: { ...scope.lookupContext!, firstFoundSubdir: 'vars' } }
    expect(runLookup('first_found', ['Debian.yml'], {}, inVars)).toEqual([path.join(folder, 'vars/Debian.yml')])
    expect(runLookup('first_found', ['Debian.yml'], {}, scope)).toEqual([path.join(folder, 'files/Debian.yml')])
  })
  test('what fails is a problem, or a warning where it is asked for', () => {
    const warnings: string[] = []
    const warning = scopeOf({}, { warnings, searchPaths: () => [folder] })
    expect(render(new TemplateString("{{ query('file', 'nope', errors='warn') }}"), warning)).toEqual([])
    expect(warnings).toEqual(["the lookup 'file' failed: there is no file 'nope'"])
    try {
      render(new TemplateString("{{ lookup('pipe', 'exit 3') }}"), scope)
      expect.unreachable()
    } catch (error) {
      expect(problemsOf(error)?.[0]).toMatchObject({ code: 'template-failed', detail: "the command 'exit 3' ended with 3: " })
    }
  })
})

describe('the password lookup', () => {
  const file = path.join(folder, 'secrets/one')
  const source = `{{ lookup('password', '${file} length=12 chars=digits') }}`
  const dry = scopeOf(new Map<string, Value>([['ansible_check_mode', true]]))
  test('makes nothing in a dry run', () => {
    expect(isUnknown(render(new TemplateString(source), dry))).toBe(true)
    expect(() => statSync(file)).toThrow()
  })
  test('is made once and kept for its owner alone', () => {
    const first = rendered(source)
    expect(first).toMatch(/^\d{12}$/)
    expect(render(new TemplateString(source), scopeOf(new Map([['x', dict({})]])))).toBe(first)
    expect(readFileSync(file, 'utf8')).toBe(`${String(first)}\n`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })
  test('keeps the salt of an encrypted one', () => {
    const encrypted = `{{ lookup('password', '${file}2', length=8, encrypt='md5_crypt') }}`
    const first = rendered(encrypted)
    expect(first).toMatch(/^\$1\$.{8}\$/)
    expect(render(new TemplateString(encrypted), scopeOf({}))).toBe(first)
  })
})

test('subelements takes a dict of flags, also with flags that it does not know', () => {
  const scope = scopeOf({ users: [{ name: 'a' }, { name: 'b', keys: ['k'] }] })
  expect(toJson(evaluate("lookup('subelements', users, 'keys', {'flags': none, 'skip_missing': true}, wantlist=true)", scope))).toEqual([[{ name: 'b' }, 'k']])
  expect(() => evaluate("lookup('subelements', users, 'keys', 'skip_missing')", scope)).toThrow('the optional third item must be a dict')
})
