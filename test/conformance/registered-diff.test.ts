import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

const task = (name: string, rest: string) => `  - {name: ${name}, ${rest}, register: r}\n  - {name: ${name} said, debug: {var: r.diff}, when: r.diff is defined}\n`
const play = (...tasks: readonly string[]) => `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.join('')}`

test('a file tells what differs of it on two sides', async () => {
  const run = await runYaml(play(
    task('made', "file: {path: DIR/a, state: directory, mode: '0755'}"),
    task('mode', "file: {path: DIR/a, state: directory, mode: '01777'}"),
    task('same', "file: {path: DIR/a, state: directory, mode: '01777'}"),
    task('link', 'file: {path: DIR/l, src: a, state: link}'),
    task('other link', 'file: {path: DIR/l, src: DIR/a, state: link}'),
    task('content', "copy: {content: x, dest: DIR/a/f}"),
    task('gone', 'file: {path: DIR/a, state: absent}'),
  ))
  const diff = (name: string) => JSON.parse(JSON.stringify(run.outputs(`${name} said`)['r.diff']).replaceAll(run.directory, 'DIR'))
  expect(diff('made')).toEqual({ before: { path: 'DIR/a', state: 'absent' }, after: { path: 'DIR/a', state: 'directory' } })
  expect(diff('mode')).toEqual({ before: { path: 'DIR/a', mode: '0755' }, after: { path: 'DIR/a', mode: '01777' } })
  expect(diff('same')).toEqual({ before: { path: 'DIR/a' }, after: { path: 'DIR/a' } })
  expect(diff('link')).toEqual({ before: { path: 'DIR/l', state: 'absent' }, after: { path: 'DIR/l', state: 'link' } })
  expect(diff('other link')).toEqual({ before: { path: 'DIR/l', src: 'a' }, after: { path: 'DIR/l', src: 'DIR/a' } })
  expect(diff('gone')).toEqual({ before: { path: 'DIR/a', state: 'directory', path_content: { directories: [], files: ['DIR/a/f'] } }, after: { path: 'DIR/a', state: 'absent' } })
})

test('texts are told with their headers, as each module does', async () => {
  const run = await runYaml(play(
    task('copied', "copy: {content: \"a\\n\", dest: DIR/f, mode: '0644'}"),
    task('mode', "copy: {content: \"a\\n\", dest: DIR/f, mode: '0600'}"),
    task('line', "lineinfile: {path: DIR/f, line: b, mode: '0644'}"),
    task('replaced', 'replace: {path: DIR/f, regexp: b, replace: c}'),
  ))
  const diff = (name: string) => JSON.parse(JSON.stringify(run.outputs(`${name} said`)['r.diff']).replaceAll(run.directory, 'DIR'))
  expect(diff('copied')).toEqual([{ before: '', after: 'a\n', before_header: 'DIR/f', after_header: 'DIR/f' }])
  expect(diff('mode')).toEqual({ before: { path: 'DIR/f', mode: '0644' }, after: { path: 'DIR/f', mode: '0600' } })
  expect(diff('line')).toEqual([
    { before: 'a\n', after: 'a\nb\n', before_header: 'DIR/f (content)', after_header: 'DIR/f (content)' },
    { before: { mode: '0600' }, after: { mode: '0644' }, before_header: 'DIR/f (file attributes)', after_header: 'DIR/f (file attributes)' },
  ])
  expect(diff('replaced')).toEqual({ before: 'a\nb\n', after: 'a\nc\n', before_header: 'DIR/f', after_header: 'DIR/f' })
})

test('without diff mode a copy has an empty list, an edited text two empty parts', async () => {
  const run = await runYaml(`- hosts: all
  gather_facts: false
  diff: false
  tasks:
  - {copy: {content: a, dest: DIR/f}, register: copied}
  - {lineinfile: {path: DIR/f, line: b}, register: line}
  - {name: told, debug: {msg: "{{ copied.diff }} {{ line.diff | map(attribute='before', default='none') | list }}"}}
`)
  expect(run.outputs('told').msg).toBe("[] ['', 'none']")
})

test('-vvv shows what a module was asked, but not the content of a copy', async () => {
  const run = await runYaml('- hosts: all\n  gather_facts: false\n  tasks:\n  - {name: copied, copy: {content: inner words, dest: DIR/f}, diff: false}\n', { settings: { verbosity: 3 } })
  const shown = JSON.stringify(run.outputs('copied'))
  expect(shown).toContain('"dest"')
  expect(shown).not.toContain('inner words')
})
