import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { noSshd, startSshd } from '../transport/throw-away-sshd.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'tutti-package-'))
const installed = join(folder, 'node_modules/tutti')
/** Node as a user has it; of our own libraries only what the package says that it needs. */
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, XDG_CACHE_HOME: join(folder, 'cache') }
const tutti = (...args: readonly string[]): string => execFileSync(join(installed, 'bin/tutti'), args, { cwd: folder, env, encoding: 'utf8' })

beforeAll(() => {
  // Another run of the tests may be building, too.
  const copy = join(folder, 'source')
  for (const name of ['src', 'bin', 'playbooks', 'roles', 'inventory/lab.yml', 'package.json', 'README.md', 'LICENSE', 'tsconfig.json', 'tsconfig.build.json', 'rolldown.config.ts']) cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: copy, env })
  const [packed] = JSON.parse(execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: copy, env, encoding: 'utf8' })) as { readonly filename: string }[]
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', join(folder, packed!.filename), '--strip-components=1', '-C', installed])
  const wanted = ['ssh2', 'asn1', 'bcrypt-pbkdf', 'safer-buffer', 'tweetnacl']
  for (const name of wanted) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('needs the library of ssh and nothing else', () => {
  expect(Object.keys((JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { dependencies: object }).dependencies)).toEqual(['ssh2'])
  expect(readdirSync(installed).sort()).toEqual(['LICENSE', 'README.md', 'bin', 'dist', 'inventory', 'package.json', 'playbooks', 'roles'])
})

test('says its version and documents its modules', () => {
  expect(tutti('--version')).toMatch(/^tutti \d/)
  expect(tutti('doc', '--list').split('\n').length).toBeGreaterThan(100)
  expect(tutti('doc', '--schema', 'copy')).toContain('"dest"')
})

test('runs a playbook with a module of its own and a lookup that is a program of its own', () => {
  mkdirSync(join(folder, 'library'))
  writeFileSync(join(folder, 'library/greeting.ts'), `import { defineModule, text } from 'tutti'
export const greeting = defineModule({ name: 'greeting', summary: 'Greets.', params: { name: text('Whom.', { required: true }) },
  probe: async () => ({}), plan: (_params, before) => before, *apply() {}, result: ({ params }) => ({ outputs: { msg: 'hello ' + params.name } }) })
`)
  writeFileSync(join(folder, 'play.yml'), `- hosts: localhost
  gather_facts: true
  gather_subset: [min]
  tasks:
    - greeting: { name: Ann }
      register: said
    - block: [{ debug: { msg: "{{ lookup('url', 'http://127.0.0.1:1/') }}" } }]
      rescue: [{ assert: { that: ["said.msg == 'hello Ann'", "'ECONNREFUSED' in ansible_failed_result.msg"] } }]
    - copy: { content: "{{ said | to_nice_yaml }}", dest: "${folder}/said" }
`)
  expect(tutti('run', 'play.yml')).toMatch(/ok=4 +changed=1 .*rescued=1/)
  expect(readFileSync(join(folder, 'said'), 'utf8')).toContain('msg: hello Ann')
})

test.skipIf(noSshd)('logs in over ssh, with what was compiled for this machine', async () => {
  const sshd = await startSshd()
  const compiled = 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node'
  expect(readFileSync(join(installed, 'dist/parts/common.js'), 'utf8')).toContain(`__require("${compiled}")`)
  writeFileSync(join(folder, 'hosts.json'), JSON.stringify({ all: { hosts: { h: { ansible_host: '127.0.0.1', ansible_port: sshd.port, ansible_user: sshd.user, ansible_ssh_private_key_file: sshd.key, tutti_known_hosts_files: [sshd.knownHosts] } } } }))
  writeFileSync(join(folder, 'ssh.yml'), `- hosts: all
  gather_facts: false
  tasks: [{ command: tr a-z A-Z, args: { stdin: heard }, register: said, changed_when: false }, { assert: { that: said.stdout == 'HEARD' } }]
`)
  const { stdout } = await promisify(execFile)(join(installed, 'bin/tutti'), ['run', 'ssh.yml', '-i', 'hosts.json'], { cwd: folder, env })
  expect(stdout).toMatch(/ok=2 /)
  await sshd.stop()
})

test('its types are what a TypeScript module needs', () => {
  writeFileSync(join(folder, 'typed.ts'), "import { defineModule, text } from 'tutti'\nexport const greeting = defineModule({ name: 'greeting', summary: 'Greets.', params: { name: text('Whom.', { required: true }) }, probe: async (_host, { name }: { name: string }) => ({ name }), plan: (_params, before) => before, *apply() {}, result: () => ({ outputs: {} }) })\nexport const wrong: number = greeting.name\n")
  const said = (() => {
    try {
      return execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024', '--typeRoots', join(root, 'node_modules/@types'), '--types', 'node', 'typed.ts'], { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' })
    } catch (error) {
      return (error as { stdout: string }).stdout
    }
  })()
  expect(said.trim().split('\n')).toEqual([expect.stringMatching(/^typed\.ts\(3,14\): error TS2322/)])
})
