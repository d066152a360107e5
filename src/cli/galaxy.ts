import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { InstallOptions } from '../galaxy/install.ts'
import { collectionsIn, installCollections } from '../galaxy/install-collections.ts'
import { installRoles, removeRole, rolesIn } from '../galaxy/install-roles.ts'
import { type Requirements, readRequirements, typedCollection, typedRole } from '../galaxy/requirements.ts'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import { type Terminal, defineCommand } from './command.ts'
import { galaxyServersOf } from './galaxy-servers.ts'
import { UsageProblem, type Values, count, flag, integer, list, text } from './options.ts'
import { type Settings, collectionsPathOf, readSettings, rolesPathOf } from './settings.ts'

const options = {
  requirements: text('-r --role-file --requirements-file', 'FILE', 'install: what a file lists, its roles and its collections.'),
  path: list('-p --roles-path --collections-path', 'DIR', 'Instead of the first of roles_path or collections_path; list takes several.'),
  force: flag('-f --force', 'install: what is there, too.'),
  forceAll: flag('--force-with-deps', 'install: what is there and what it depends on, too.'),
  noDependencies: flag('-n --no-deps', 'install: not what others ask for.'),
  upgrade: flag('-U --upgrade', 'install: newer collections than those that are there.'),
  early: flag('--pre', 'install: early versions count.'),
  server: text('-s --server', 'URL', 'Instead of the servers of ansible.cfg.'),
  token: text('--token --api-key', 'TOKEN', 'For the server; rather keep it in ansible.cfg or the environment, where other users do not see it.'),
  timeout: integer('--timeout', 'SECONDS', 'For answers of the server.'),
  offline: flag('--offline', 'install: ask no server.'),
  ignoreCertificates: flag('-c --ignore-certs', '', { refused: 'a server that cannot be told from another is no place to get code from' }),
  verbose: count('-v --verbose', 'Accepted.'),
}
interface Work {
  /** `role`, `collection`, or neither was said. */
  readonly kind: 'role' | 'collection' | undefined
  readonly names: readonly string[]
  readonly values: Values<typeof options>
  readonly settings: Settings
  readonly terminal: Terminal
}
const ACTIONS: Readonly<Record<string, (work: Work) => Promise<number> | number>> = { install, list: show, remove }
const ELSEWHERE = ['init', 'build', 'publish', 'download', 'verify', 'search', 'info', 'import', 'setup', 'delete']

export const galaxyCommand = defineCommand({
  name: 'galaxy',
  summary: 'Install roles and collections from git, archives, directories and Galaxy, and list them.',
  operands: '[role|collection] install|list|remove [NAME…]',
  examples: [
    ['tutti galaxy install -r requirements.yml', 'The roles and collections that a project needs.'],
    ['tutti galaxy role install git+https://git.example.org/web.git,v1.2,web', 'One role at a tag, by a name of its own.'],
    ['tutti galaxy collection install ./my-namespace-tools-1.0.0.tar.gz', 'A collection from an archive; its checksums are verified.'],
    ['tutti galaxy list', 'What is installed, and where.'],
  ],
  notes: ['Repositories are fetched with the git program of this machine. Roles go to the first directory of roles_path, collections to the first of collections_path, unless -p says otherwise.'],
  options,
  async run({ values, operands }, terminal) {
    const kind = operands[0] === 'role' || operands[0] === 'collection' ? operands[0] : undefined
    const [word = '', ...names] = kind === undefined ? operands : operands.slice(1)
    const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined
    if (action) return action({ kind, names, values, settings: readSettings(terminal.env, process.cwd()), terminal })
    if (ELSEWHERE.includes(word)) throw new UsageProblem({ code: 'bad-operands', summary: 'This is not offered', detail: `galaxy ${word}`, hint: 'ansible-galaxy does it' })
    throw new UsageProblem({ code: 'bad-operands', summary: word ? 'There is no such action' : 'An action must be named', ...(word ? { detail: `'${word}'` } : {}), hint: didYouMean(word, Object.keys(ACTIONS)) ?? `one of ${Object.keys(ACTIONS).join(', ')}` })
  },
})

async function install(work: Work): Promise<number> {
  const { values, terminal, kind, settings } = work
  const { roles, collections } = wanted(work)
  const servers = values.offline ? [] : galaxyServersOf(settings, terminal.env, values)
  const shared: Omit<InstallOptions, 'directory'> = { servers, force: values.force || values.forceAll, dependencies: !values.noDependencies, early: values.early, upgrade: values.upgrade, say: (line) => terminal.out(`${line}\n`) }
  if (servers.length === 0 && [...roles, ...collections].some((one) => one.kind === 'galaxy')) throw new Problem({ code: 'galaxy-unreachable', summary: 'These come from a server, and none is to be asked', detail: [...roles, ...collections].filter((one) => one.kind === 'galaxy').map(({ source }) => source).join(', ') })
  const [path] = values.path
  if (roles.length > 0) {
    terminal.out('Starting galaxy role install process\n')
    await installRoles(roles, { ...shared, directory: resolve(path ?? rolesPathOf(settings)[0]!) })
  }
  if (collections.length === 0) return 0
  // As ansible-galaxy has it: a path for roles is none for collections.
  if (kind === undefined && path !== undefined) terminal.err('warning: the collections of the file are left out, since -p names a directory for roles; `tutti galaxy collection install` takes them\n')
  else {
    terminal.out('Starting galaxy collection install process\n')
    await installCollections(collections, { ...shared, directory: withoutRoot(resolve(path ?? collectionsPathOf(settings)[0]!)) })
  }
  return 0
}

/** `-p x/ansible_collections` and `-p x` are the same place. */
const withoutRoot = (path: string): string => (path.endsWith('/ansible_collections') ? dirname(path) : path)

function wanted({ kind, names, values }: Work): Requirements {
  const file = values.requirements
  if (file === undefined && names.length === 0) throw new UsageProblem({ code: 'bad-operands', summary: 'You must specify a collection name or a requirements file', hint: '`tutti galaxy install -r requirements.yml`' })
  if (file !== undefined && !existsSync(file)) throw new Problem({ code: 'no-requirements', summary: `The requirements file '${file}' does not exist.` })
  const listed = file === undefined ? { roles: [], collections: [] } : readRequirements(file)
  const base = process.cwd()
  return {
    roles: kind === 'collection' ? [] : [...listed.roles, ...names.map((name) => typedRole(name, base))],
    collections: kind === 'role' ? [] : [...listed.collections, ...(kind === 'collection' ? names.map((name) => typedCollection(name, base)) : [])],
  }
}

/** `ansible-galaxy list` lists roles; ours lists both. */
function show({ kind: said, names, values, settings, terminal }: Work): number {
  const kind = said ?? (terminal.part === undefined ? undefined : 'role')
  const roles = [...values.path.map((path) => resolve(path)), ...rolesPathOf(settings)]
  const collections = [...values.path.map((path) => withoutRoot(resolve(path))), ...collectionsPathOf(settings)]
  const shown = [...(kind === 'collection' ? [] : roles.flatMap((directory) => showRoles(directory, names))), ...(kind === 'role' ? [] : collections.flatMap((directory) => showCollections(directory, names)))]
  terminal.out(shown.join(''))
  if (shown.length > 0 || names.length === 0) return 0
  terminal.err(`warning: not installed: ${names.join(', ')}\n`)
  return 1
}

function showRoles(directory: string, names: readonly string[]): readonly string[] {
  const found = rolesIn(directory).filter(({ name }) => names.length === 0 || names.includes(name))
  return found.length === 0 ? [] : [`# ${directory}\n${found.map(({ name, version }) => `- ${name}, ${version ?? '(unknown version)'}\n`).join('')}`]
}

function showCollections(directory: string, names: readonly string[]): readonly string[] {
  const found = collectionsIn(directory).filter(({ name }) => names.length === 0 || names.includes(name))
  if (found.length === 0) return []
  const [left, right] = [Math.max(10, ...found.map(({ name }) => name.length)), Math.max(7, ...found.map(({ version }) => version.length))]
  const row = (name: string, version: string): string => `${name.padEnd(left)} ${version.padEnd(right)}\n`
  return [`\n# ${join(directory, 'ansible_collections')}\n${row('Collection', 'Version')}${row('-'.repeat(left), '-'.repeat(right))}${found.map(({ name, version }) => row(name, version)).join('')}`]
}

function remove({ kind, names, values, settings, terminal }: Work): number {
  if (kind === 'collection') throw new UsageProblem({ code: 'bad-operands', summary: 'Only roles are removed', hint: 'a collection is a directory below ansible_collections: remove that' })
  const missing = names.filter((name) => {
    const found = removeRole([...values.path.map((path) => resolve(path)), ...rolesPathOf(settings)], name)
    terminal.out(found === undefined ? `- ${name} is not installed, skipping.\n` : `- successfully removed ${name}\n`)
    return found === undefined
  })
  return missing.length === 0 ? 0 : 1
}
