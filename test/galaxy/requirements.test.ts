import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readRequirements, typedCollection, typedRole } from '../../src/galaxy/requirements.ts'
import { project } from '../playbook/project.ts'

const read = (text: string, files: Readonly<Record<string, string>> = {}) => {
  const directory = project({ 'requirements.yml': text, ...files })
  return { directory, ...readRequirements(join(directory, 'requirements.yml')) }
}
describe('roles', () => {
  test.each([
    ['- geerlingguy.redis', { kind: 'galaxy', source: 'geerlingguy.redis', name: 'geerlingguy.redis', version: undefined }],
    ['- src: geerlingguy.redis\n  version: 1.2.0\n  name: redis', { kind: 'galaxy', source: 'geerlingguy.redis', name: 'redis', version: '1.2.0' }],
    ['- src: https://github.com/me/ansible-role-web', { kind: 'git', source: 'https://github.com/me/ansible-role-web', name: 'ansible-role-web' }],
    ['- src: https://git.example.org/web\n  scm: git', { kind: 'git', name: 'web' }],
    ['- git+ssh://git@example.org/me/web.git,v1,web2', { kind: 'git', source: 'ssh://git@example.org/me/web.git', name: 'web2', version: 'v1' }],
    ['- src: https://example.org/files/web.tar.gz', { kind: 'tar', source: 'https://example.org/files/web.tar.gz', name: 'web' }],
  ])('%s', (text, expected) => expect(read(text).roles).toMatchObject([expected]))
  test('beside the file, and included lists', () => {
    const { roles, directory } = read('- src: ./web\n- include: more.yml\n', { 'web/meta/main.yml': '', 'more.yml': '- a.b\n' })
    expect(roles).toMatchObject([{ kind: 'directory', source: join(directory, 'web'), name: 'web' }, { kind: 'galaxy', source: 'a.b' }])
  })
  test('what is no role', () => {
    expect(() => read('roles:\n  - src: nonsense\n')).toThrow(/no name of a role/)
    expect(() => read('- src: hg+https://x/y\n')).toThrow(/Roles come from/)
    expect(typedRole('a.b,1.0', '/').version).toBe('1.0')
  })
})
describe('collections', () => {
  test.each([
    ['- community.general', { kind: 'galaxy', source: 'community.general', version: '*' }],
    ['- name: community.general\n      version: ">=1,<2"\n      source: https://hub/', { kind: 'galaxy', version: '>=1,<2', server: 'https://hub/' }],
    ['- name: https://x/y.git\n      type: git\n      version: devel', { kind: 'git', source: 'https://x/y.git', version: 'devel' }],
    ['- name: git+https://x/y.git#/sub/dir', { kind: 'git', source: 'https://x/y.git', path: 'sub/dir', version: 'HEAD' }],
    ['- source: https://x/y.git\n      name: my.own\n      type: git', { kind: 'git', source: 'https://x/y.git' }],
    ['- name: https://x/a-b-1.0.0.tar.gz\n      type: url', { kind: 'tar', source: 'https://x/a-b-1.0.0.tar.gz' }],
  ])('%s', (text, expected) => expect(read(`collections:\n    ${text}\n`).collections).toMatchObject([expected]))
  test('typed', () => {
    expect(typedCollection('a.b:>=1', '/')).toMatchObject({ kind: 'galaxy', source: 'a.b', version: '>=1' })
    expect(typedCollection('git@x:y.git,v1', '/')).toMatchObject({ kind: 'git', source: 'git@x:y.git', version: 'v1' })
  })
  test('wrong types and keys, with their places', () => {
    expect(() => read('collections:\n  - name: a.b\n    type: svn\n')).toThrow(/no such type/)
    expect(() => read('rols: []\n')).toThrow(expect.objectContaining({ span: expect.objectContaining({ line: 1 }) }))
  })
})
