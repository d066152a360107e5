import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { fakeTerminal } from '../cli/fake-terminal.ts'

/** Directories that last as long as the file: what one test installs the next one finds. */
const root = mkdtempSync(join(tmpdir(), 'tutti-galaxy-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
function project(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(root, 'x'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  return directory
}

async function galaxy(args: readonly string[], env: Readonly<Record<string, string>>) {
  const terminal = fakeTerminal({ env })
  const exitCode = await dispatch(['galaxy', ...args], terminal)
  return { exitCode, out: terminal.text(), err: terminal.errors() }
}
const git = (directory: string, ...args: readonly string[]): void => void execFileSync('git', ['-C', directory, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { stdio: 'ignore' })
function repository(files: Readonly<Record<string, string>>, tag: string): string {
  const directory = project(files)
  git(directory, 'init', '-q')
  git(directory, 'add', '.')
  git(directory, 'commit', '-qm', 'x')
  git(directory, 'tag', tag)
  return directory
}
const ROLE = { 'meta/main.yml': 'dependencies: []\n', 'tasks/main.yml': '- debug: msg=hi\n' }

describe('roles', () => {
  const home = project({ x: '' })
  const env = { ANSIBLE_ROLES_PATH: join(home, 'roles') }
  test('from a repository at a tag, with what its meta asks for', async () => {
    const other = repository(ROLE, 'v2')
    const source = repository({ ...ROLE, 'meta/main.yml': `dependencies:\n  - src: git+file://${other}\n    name: other\n  - role: local_one\n` }, 'v1.0')
    git(source, 'rm', '-q', 'tasks/main.yml')
    git(source, 'commit', '-qm', 'gone')
    expect(await galaxy(['role', 'install', `git+file://${source},v1.0,web`], env)).toMatchObject({ exitCode: 0, err: '' })
    expect(existsSync(join(home, 'roles/web/tasks/main.yml'))).toBe(true)
    expect(existsSync(join(home, 'roles/web/.git'))).toBe(false)
    expect(readdirSync(join(home, 'roles'))).toEqual(['other', 'web'])
    expect((await galaxy(['role', 'install', `git+file://${source},v1.0,web`], env)).out).toContain('- web (v1.0) is already installed, skipping.')
    expect((await galaxy(['list'], env)).out).toContain(`# ${join(home, 'roles')}\n- other, (unknown version)\n- web, v1.0\n`)
    expect((await galaxy(['role', 'remove', 'web'], env)).out).toBe('- successfully removed web\n')
    expect(existsSync(join(home, 'roles/web'))).toBe(false)
  })
  test('from an archive and a directory', async () => {
    const directory = project(Object.fromEntries(Object.entries(ROLE).map(([name, text]) => [`web-1.0/${name}`, text])))
    execFileSync('tar', ['-czf', join(directory, 'web.tar.gz'), '-C', directory, 'web-1.0'])
    expect(await galaxy(['role', 'install', join(directory, 'web.tar.gz'), join(directory, 'web-1.0')], env)).toMatchObject({ exitCode: 0 })
    expect(existsSync(join(home, 'roles/web/tasks/main.yml')) && existsSync(join(home, 'roles/web-1.0/tasks/main.yml'))).toBe(true)
  })
  test('a name cannot lead out of the directory, a version is no option of git, and no role is no role', async () => {
    const source = repository(ROLE, 'v1')
    expect(await galaxy(['role', 'install', `git+file://${source},v1,../x`], env)).toMatchObject({ exitCode: 1, err: expect.stringContaining('cannot be the name of a role') })
    expect(await galaxy(['role', 'install', `git+file://${source},--upload-pack=x`], env)).toMatchObject({ exitCode: 1, err: expect.stringContaining('cannot begin with a dash') })
    expect(await galaxy(['role', 'install', project({ 'a.txt': '' })], env)).toMatchObject({ exitCode: 1, err: expect.stringContaining('meta/main.yml is missing') })
    expect(readdirSync(join(home, 'roles')).filter((name) => name.startsWith('.'))).toEqual([])
  })
})

describe('collections', () => {
  const home = project({ x: '' })
  const env = { ANSIBLE_COLLECTIONS_PATH: join(home, 'collections') }
  const at = (...path: readonly string[]): string => join(home, 'collections/ansible_collections', ...path)
  const source = (name: string, version: string, dependencies = '{}'): Readonly<Record<string, string>> => ({ 'galaxy.yml': `namespace: my\nname: ${name}\nversion: ${version}\ndependencies: ${dependencies}\nbuild_ignore: [secret.txt]\n`, 'roles/r/tasks/main.yml': '- debug: msg=colrole\n', 'secret.txt': 'x' })
  const archives = new Map<string, Buffer>()
  const tokens: (string | undefined)[] = []
  let server: Server
  let url: string

  /** An archive as a server has it: what installing from a directory leaves, packed. */
  async function archive(name: string, version: string, dependencies?: string): Promise<void> {
    const made = project({ x: '' })
    await galaxy(['collection', 'install', '-n', project(source(name, version, dependencies)), '-p', made], env)
    archives.set(`${name}-${version}`, execFileSync('tar', ['-czf', '-', '-C', join(made, 'ansible_collections/my', name), '.'], { maxBuffer: 1 << 24 }))
  }
  beforeAll(async () => {
    await archive('top', '1.0.0', '{my.base: ">=1.0.0,<2.0.0"}')
    for (const version of ['1.0.0', '1.5.0', '2.0.0', '1.9.0-rc.1']) await archive('base', version)
    await archive('bad', '1.0.0')
    server = createServer((request, response) => {
      tokens.push(request.headers.authorization)
      const [, name, version] = /\/api\/v3\/collections\/my\/(\w+)\/versions\/(?:([\w.-]+)\/)?/.exec(request.url!) ?? []
      const file = /^\/files\/(.*)\.tar\.gz$/.exec(request.url!)?.[1]
      const json = (value: unknown): void => void response.end(JSON.stringify(value))
      const have = [...archives.keys()].filter((key) => key.startsWith(`${name}-`)).map((key) => key.slice(name!.length + 1))
      if (file !== undefined && archives.has(file)) response.end(archives.get(file))
      else if (name !== undefined && version !== undefined) json({ download_url: `/files/${name}-${version}.tar.gz`, artifact: { sha256: name === 'bad' ? '0'.repeat(64) : createHash('sha256').update(archives.get(`${name}-${version}`)!).digest('hex') }, metadata: { dependencies: name === 'top' ? { 'my.base': '>=1.0.0,<2.0.0' } : {} } })
      // One version a page, so that the pages are followed.
      else if (name !== undefined && have.length > 0) {
        const page = Number(new URL(request.url!, 'http://x').searchParams.get('page') ?? 0)
        json({ data: [{ version: have[page] }], links: { next: page + 1 < have.length ? `/api/v3/collections/my/${name}/versions/?page=${page + 1}` : null } })
      } else {
        response.statusCode = 404
        json({})
      }
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())

  test('from a server: the newest that suits, with what it depends on', async () => {
    const { exitCode, err } = await galaxy(['collection', 'install', 'my.top', '-s', url, '--token', 't0k'], env)
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' })
    expect(JSON.parse(readFileSync(at('my/base/MANIFEST.json'), 'utf8')).collection_info.version).toBe('1.5.0')
    expect(existsSync(at('my/top/secret.txt'))).toBe(false)
    expect(new Set(tokens)).toEqual(new Set(['Token t0k']))
    expect((await galaxy(['collection', 'install', 'my.top', '-s', url], env)).out).toContain("'my.top:1.0.0' is already installed, skipping.")
    expect((await galaxy(['collection', 'list'], env)).out).toContain('Collection Version\n---------- -------\nmy.base    1.5.0  \nmy.top     1.0.0  \n')
  })
  test('a checksum that differs leaves nothing', async () => {
    expect(await galaxy(['collection', 'install', 'my.bad', '-s', url], env)).toMatchObject({ exitCode: 1, err: expect.stringContaining('The checksum of a download is not the one that the server promised') })
    expect(existsSync(at('my/bad'))).toBe(false)
  })
  test('ranges that nothing suits name who asks', async () => expect((await galaxy(['collection', 'install', 'my.top', 'my.base:>=2.0.0', '-s', url], env)).err).toMatch(/No version .* suits.*my\.base: >=2\.0\.0 for you, >=1\.0\.0,<2\.0\.0 for my\.top[^]*there are 1\.0\.0/))
  test('a file whose checksum differs from the list of the archive', async () => {
    const tampered = project({ 'MANIFEST.json': readFileSync(at('my/base/MANIFEST.json'), 'utf8'), 'FILES.json': readFileSync(at('my/base/FILES.json'), 'utf8'), 'roles/r/tasks/main.yml': '- shell: evil\n' })
    expect(await galaxy(['collection', 'install', '-f', tampered], env)).toMatchObject({ exitCode: 1, err: expect.stringContaining('roles/r/tasks/main.yml') })
  })
  test('a role of it by its full name', async () => {
    const directory = project({ 'site.yml': '- hosts: localhost\n  gather_facts: no\n  roles: [my.top.r]\n' })
    const terminal = fakeTerminal({ env })
    expect(await dispatch(['run', join(directory, 'site.yml')], terminal)).toBe(0)
    expect(terminal.text()).toContain('TASK [my.top.r : debug]')
    expect(terminal.text()).toContain('"msg": "colrole"')
  })
  test('a file of requirements with both kinds, offline', async () => {
    const role = project(ROLE)
    const directory = project({ 'requirements.yml': `roles:\n  - src: ${role}\n    name: web\ncollections:\n  - name: ${repository({ 'sub/galaxy.yml': 'namespace: my\nname: own\nversion: 3.0.0\n' }, 'v3')}#/sub\n    type: git\n    version: v3\n` })
    const places = { ...env, ANSIBLE_ROLES_PATH: join(home, 'roles') }
    expect(await galaxy(['install', '-r', join(directory, 'requirements.yml'), '--offline'], places)).toMatchObject({ exitCode: 0, err: '' })
    expect([existsSync(at('my/own/MANIFEST.json')), existsSync(at('my/own/galaxy.yml')), existsSync(join(home, 'roles/web/tasks/main.yml'))]).toEqual([true, false, true])
    expect(await galaxy(['collection', 'install', 'my.new', '--offline'], env)).toMatchObject({ exitCode: 1, err: expect.stringContaining('none is to be asked') })
  })
  test('no server', async () => expect(await galaxy(['collection', 'install', 'my.new', '-s', 'http://127.0.0.1:9'], env)).toMatchObject({ exitCode: 1, err: expect.stringMatching(/could not be reached[^]*hint: without the network/) }))
})
