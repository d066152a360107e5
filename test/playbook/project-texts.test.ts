import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { projectTexts } from '../../src/playbook/project-texts.ts'

let root: string
const put = (name: string, text: string | Buffer): string => {
  mkdirSync(dirname(join(root, name)), { recursive: true })
  writeFileSync(join(root, name), text)
  return join(root, name)
}
const texts = (directories = ['project'], files: readonly string[] = []) => projectTexts(directories.map((name) => join(root, name)), files, { secrets: [] })?.toSorted()
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'tutti-texts-'))))
afterEach(() => rmSync(root, { recursive: true }))

test('reads what may be playbooks, variables and templates, and nothing else', () => {
  for (const name of ['site.yml', 'roles/r/templates/run.sh', 'roles/r/templates/sshd_config', 'group_vars/all', 'README.md', 'tool.py', '.git/config', 'logo.png']) put(`project/${name}`, name)
  put('project/data.bin', Buffer.from([1, 0, 2]))
  symlinkSync(join(root, 'project'), join(root, 'project/roles/circle'))
  expect([...new Set(texts())]).toEqual(['', 'group_vars/all', 'roles/r/templates/run.sh', 'roles/r/templates/sshd_config', 'site.yml'])
})

test('reads files that are named by a whole path, wherever they are', () => {
  const outside = put('elsewhere/x.j2', 'outside')
  put('project/site.yml', `src: ${outside}`)
  expect(texts()).toContain('outside')
  expect(texts(['nothing'], [outside, join(root, 'not-there')])).toEqual(['outside'])
})

test('leaves out playbooks of other runs, and nothing that only looks like one', () => {
  const [mine] = [put('project/site.yml', '- hosts: all\n'), put('project/other.yml', '---\n# another\n\n- name: another\n  hosts: all\n'), put('project/imports.yml', '- import_playbook: site.yml\n')]
  const kept = { 'tasks.yml': '- name: x\n  copy:\n    hosts: y\n', 'hosts.yml': 'all:\n  hosts:\n    n1:\n', 'list.yml': 'a:\n- hosts: b\n' }
  for (const [name, text] of Object.entries(kept)) put(`project/${name}`, text)
  expect(texts(['project'], [mine!])?.filter(Boolean)).toEqual(['- hosts: all\n', ...Object.values(kept)].toSorted())
})

test('knows nothing where a file is locked or too much is there', () => {
  put('project/vars.yml', '$ANSIBLE_VAULT;1.1;AES256\n6162\n')
  expect(texts()).toBeUndefined()
  rmSync(join(root, 'project/vars.yml'))
  put('project/large.yml', 'a: 1\n'.repeat(200_000))
  expect(texts()).toBeUndefined()
})

test('waits for no pipe, and knows nothing where a directory is closed', () => {
  put('project/site.yml', 'site')
  execFileSync('mkfifo', [join(root, 'project/pipe')])
  expect(texts()).toEqual(['site'])
  put('project/vars/x.yml', 'x')
  chmodSync(join(root, 'project/vars'), 0)
  if (process.getuid?.() !== 0) expect(texts()).toBeUndefined()
  chmodSync(join(root, 'project/vars'), 0o755)
})
