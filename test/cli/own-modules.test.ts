import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { project } from '../playbook/project.ts'

const ROOT = join(import.meta.dirname, '../..')

/** A process of its own: files of users import 'tutti' by way of Node's own loader. */
function tutti(files: Readonly<Record<string, string>>, command = 'run', directory = project({ hosts: 'h1 ansible_connection=local\n', ...files })) {
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'bin/tutti'), [command, 'site.yml', '-i', 'hosts', '--output', 'json'], { cwd: directory, encoding: 'utf8' })
  const events = stdout.trim().split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as any)
  const results = events.filter(({ type }) => type === 'result')
  return { status, stderr, directory, statuses: results.map(({ result }) => result.status), outputs: results.map(({ result }) => result.outputs) }
}
const play = (tasks: string): string => `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks}`
const MOTTO = /\/\/ library\/motto\.ts\n([^]*?)\n\n(?=\S)/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))![1]!.replaceAll(/^ {4}/gm, '')

test("the README's module: a dry run touches nothing, a run writes, a second one changes nothing", () => {
  const files = { 'site.yml': play('    - motto: { path: "{{ playbook_dir }}/motto", words: work hard }\n'), 'library/motto.ts': MOTTO }
  const dry = tutti(files, 'diff')
  expect(dry, dry.stderr).toMatchObject({ status: 2, statuses: ['changed'] })
  expect(existsSync(join(dry.directory, 'motto'))).toBe(false)
  expect(tutti(files, 'run', dry.directory).statuses).toEqual(['changed'])
  expect(readFileSync(join(dry.directory, 'motto'), 'utf8')).toBe('work hard\n')
  expect(tutti(files, 'run', dry.directory).statuses).toEqual(['ok'])
})

test("the README's module fits its declared types", () => {
  const directory = project({ 'motto.ts': MOTTO, 'tsconfig.json': JSON.stringify({ compilerOptions: { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, skipLibCheck: true, allowImportingTsExtensions: true, types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')], paths: { tutti: [join(ROOT, 'src/tutti.ts')] } }, include: ['motto.ts'] }) })
  expect(() => execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', directory], { encoding: 'utf8' })).not.toThrow()
})

test('its parameters are checked before the first connection', () => {
  const { status, stderr } = tutti({ 'site.yml': play('    - motto: { path: /x, wrds: a }\n'), 'library/motto.ts': MOTTO })
  expect(status).toBe(4)
  expect(stderr).toContain("did you mean 'words'?")
  expect(stderr).toContain('site.yml:4:')
})

test.each([
  ['a mistake in the file', 'export const motto = {{{\n', 'a file of the project cannot be loaded'],
  ['nothing exported', 'const motto = 1\n', 'it exports nothing that defineModule made'],
])('%s is told with its place, without a stack', (_, text, words) => {
  const { status, stderr } = tutti({ 'site.yml': play('    - motto: { path: /x }\n'), 'library/motto.ts': text })
  expect(status).not.toBe(0)
  expect(stderr).toContain(words)
  expect(stderr).toMatch(/library\/motto\.ts:1:1/)
  expect(stderr).not.toMatch(/\n\s+at /)
})

test('filters, tests and lookups, also of a role', () => {
  const { outputs, stderr } = tutti({
    'site.yml': `- hosts: all\n  gather_facts: false\n  roles: [polite]\n`,
    'roles/polite/tasks/main.yml': `- debug: { msg: "{{ 'a' | shout('?') }} {{ {'b': 1.5, 'c': 2} | shout }} {{ 4 is even_more }} {{ lookup('names', 'x', sep='-') }}" }\n`,
    'filter_plugins/shout.ts': `import { defineFilter } from 'tutti'\nexport const shout = defineFilter('shout', 'mark?', (value, mark = '!') => JSON.stringify(value).toUpperCase() + mark)\n`,
    'roles/polite/test_plugins/even.js': `import { defineTest } from 'tutti'\nexport const even = defineTest('even_more', '', (value) => value % 4 === 0)\n`,
    'roles/polite/lookup_plugins/names.mjs': `import { defineLookup } from 'tutti'\nexport const names = defineLookup('names', 'sep', ([term], { sep }) => [term + sep + term])\n`,
  })
  expect(outputs[0]?.msg, stderr).toBe('"A"? {"B":1.5,"C":2}! True x-x')
})

test('programs get their arguments as JSON, as key=value or inside, and set facts', () => {
  const { statuses, outputs, stderr } = tutti({
    'site.yml': play(`    - wants: { list: [1, two], text: "it's \\"so\\"" }\n    - pairs: name="big world"\n    - inside: { a: b }\n    - debug: msg="{{ greeted }}"\n`),
    'library/wants': '#!/bin/sh\n# WANT_JSON\nprintf \'{"changed": false, "got": %s}\' "$(cat "$1")"\n',
    'library/pairs.sh': '#!/bin/sh\n. "$1"\necho noise\necho "{\\"changed\\": true, \\"ansible_facts\\": {\\"greeted\\": \\"$name\\"}}"\n',
    'library/inside.sh': "#!/bin/sh\ncat <<'EOF'\n{\"got\": <<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>}\nEOF\n",
  })
  expect(statuses, stderr).toEqual(['ok', 'changed', 'ok', 'ok'])
  expect(outputs[0].got).toMatchObject({ list: [1, 'two'], text: `it's "so"`, _ansible_check_mode: false })
  expect(outputs[2].got).toMatchObject({ a: 'b' })
  expect(outputs[3].msg).toBe('big world')
})

test('a program that fails, and one that does not answer with JSON', () => {
  const { outputs, statuses } = tutti({
    'site.yml': play('    - broken: {}\n      ignore_errors: true\n    - silent: {}\n'),
    'library/broken': '#!/bin/sh\necho \'{"failed": true, "msg": "no luck"}\'\n', 'library/silent': '#!/bin/sh\necho oops >&2; exit 3\n',
  })
  expect(statuses).toEqual(['failed', 'failed'])
  expect(outputs[0].msg).toBe('no luck')
  expect(outputs[1]).toMatchObject({ rc: 3, module_stderr: 'oops\n' })
})

test('in a dry run a program is unknown, and so is all that it may have set', () => {
  const { status, statuses } = tutti({ 'site.yml': play('    - pairs: {}\n      register: r\n    - debug: msg="{{ r.anything }} {{ some_fact }}"\n'), 'library/pairs': '#!/bin/sh\necho {}\n' }, 'diff')
  expect(statuses).toEqual(['unknown', 'unknown'])
  expect(status).toBe(2)
})

test("what needs Ansible's Python is named before the first connection", () => {
  const { status, stderr } = tutti({ 'site.yml': play('    - need: {}\n'), 'library/need.py': '#!/usr/bin/python3\nfrom ansible.module_utils.basic import AnsibleModule\n' })
  expect(status).toBe(4)
  expect(stderr).toContain('library/need.py')
  expect(stderr).toContain('site.yml:4:7')
})
