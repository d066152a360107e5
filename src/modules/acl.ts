import { dirname } from 'node:path/posix'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { fileResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { run } from '../host/step.ts'
import { type Params, choice, flag, path, text } from '../schema/field.ts'
import { commandLine } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, unknown } from '../value/value.ts'

const params = {
  path: path('The file or directory.', { required: true, aliases: ['name'] }),
  state: choice(['absent', 'present', 'query'], 'Whether the entry is there; or only tell what there is.', { default: 'query' }),
  entity: text('The user or group.', { default: '' }),
  etype: choice(['group', 'mask', 'other', 'user'], 'What the entity is.'),
  permissions: text('Some of rwxX.'),
  entry: text('All of it as one word: user:ann:rw. An old way.'),
  default: flag('The entry is for what will be made in the directory.', { default: false }),
  follow: flag('Follow links.', { default: true }),
  recursive: flag('Everything below the directory too.', { default: false, aliases: ['recurse'] }),
  recalculate_mask: choice(['default', 'mask', 'no_mask'], 'Whether the mask is made anew.', { default: 'default' }),
  use_nfsv4_acls: flag('Entries of NFSv4.', { default: false }),
} as const
type AclParams = Params<typeof params>

interface Acl {
  /** Paths whose entries are not what they should be, with what they would become. */
  readonly open: readonly string[] | Unknown
  readonly seen: Aside<{ readonly path: string; readonly entries: readonly string[] | Unknown; readonly argv: readonly string[] }>
}

/** Which lists a dry run has planned to change: by path, and by path with a slash for all below it. Lists themselves are asked of getfacl. */
const plannedAcl: Resource<undefined> = { kind: 'acl', load: async (_shell, keys) => keys.map(() => undefined) }

export const acl = defineModule({
  name: 'acl',
  summary: 'Keep an entry in the access control list of a file.',
  notes: ['Needs getfacl and setfacl (package acl) on the host. Entries of NFSv4 are refused.'],
  examples: `
- name: Ann may read what the application logs
  acl: { path: /var/log/app, entity: ann, etype: user, permissions: rx, state: present }
- name: And each log that will be made there
  acl: { path: /var/log/app, entity: ann, etype: user, permissions: r, default: true, state: present }
- name: Group staff has no say there
  acl: { path: /var/log/app, entity: staff, etype: group, state: absent }
- name: Who may do what
  acl: { path: /var/log/app }
  register: entries
`,
  params,
  async probe(host, given, { environment }): Promise<Acl> {
    misused(given)
    const path = await resolvePath(host, given.path, environment)
    if (known(await host.get(fileResource, path)).kind === 'absent') fail(`Path not found or not accessible: ${path}`)
    const argv = given.state === 'query' ? [] : ['setfacl', ...setWords(given), path]
    const planned = await plannedFor(host, path)
    if (planned) return { open: given.state === 'query' ? [] : planned, seen: aside({ path, entries: planned, argv }) }
    const [entries, test] = await Promise.all([ask(host, listWords(given, path), path), given.state === 'query' ? [] : ask(host, ['setfacl', '--test', ...setWords(given), path], path)])
    const open = test instanceof Unknown ? test : test.filter((line) => !line.endsWith('*,*'))
    return { open, seen: aside({ path, entries, argv }) }
  },
  plan: (_given, before) => ({ ...before, open: before.open instanceof Unknown ? unknown(before.open.reason) : [] }),
  *apply({ params, before }) {
    const { argv, path } = before.seen.value
    const why = unknown(`the list of ${path} after a change that is planned`)
    yield run(argv, [leaves(plannedAcl, path, why), ...(params.recursive ? [leaves(plannedAcl, `${path}/`, why)] : [])], { environment: { LC_ALL: 'C' } })
    yield run(listWords(params, path), [], { sentence: `read the list of ${path}`, environment: { LC_ALL: 'C' } })
  },
  diff: ({ before }) => {
    const { path, entries } = before.seen.value
    return [{ header: { before: path, after: path }, before: entries instanceof Unknown ? '' : `${entries.join('\n')}\n`, after: before.open instanceof Unknown ? `(unknown: ${before.open.reason})\n` : before.open.map((line) => `${line.slice(line.indexOf(': ') + 2).replaceAll(',', '\n')}\n`).join('') }]
  },
  result: ({ params: { state, entry, etype, entity, permissions }, before, changed, replies }) => {
    const { path, entries } = before.seen.value
    const shown = entry ?? (etype === undefined ? '' : [etype, entity, ...(permissions === undefined ? [] : [permissions])].join(':'))
    return { outputs: { msg: state === 'query' ? 'current acl' : `${shown} is ${state}`, acl: replies[1] ? linesOf(replies[1].stdout) : changed && !(entries instanceof Unknown) ? unknown(`the list of ${path} after the change`) : entries } }
  },
})

function misused({ state, entry, etype, permissions, entity, recursive, path, use_nfsv4_acls }: AclParams): void {
  if (use_nfsv4_acls) fail('entries of NFSv4 are not supported')
  if (!path.startsWith('/') && !/^[~$]/.test(path)) fail(`path must be absolute: ${path}`)
  if (entry !== undefined && (etype !== undefined || entity !== '' || permissions !== undefined)) fail("'entry' MUST NOT be set when 'entity', 'etype' or 'permissions' are set.")
  if (state === 'query' && recursive) fail("'recursive' MUST NOT be set when 'state=query'.")
  if (state !== 'query' && entry === undefined && etype === undefined) fail("'entry' or 'etype' MUST be set when 'state' is present or absent.")
  if (state === 'present' && entry === undefined && permissions === undefined) fail("'permissions' MUST be set when 'state=present'.")
  if (entry !== undefined && state === 'absent' && (entry.replace(/^d(?:efault)?:/, '').match(/:/g)?.length ?? 0) > 1) fail("'entry' MUST have only two sections divided by ':' when 'state=absent'.")
}

/** Why the list is not the one on the host, where an earlier task of a dry run changes it. */
async function plannedFor(host: Reader, path: string): Promise<Unknown | undefined> {
  const above = (at: string): readonly string[] => (at === '/' ? ['/'] : [`${at}/`, ...above(dirname(at))])
  const found = await Promise.all([path, ...above(path)].map((key) => host.get(plannedAcl, key)))
  return found.find((one) => one instanceof Unknown)
}

/** A default entry carries its own sign: setfacl's -d would spread over everything. */
function setWords({ state, entry, etype, entity, permissions, default: isDefault, follow, recursive, recalculate_mask }: AclParams): readonly string[] {
  const own = entry ?? [etype, entity, ...(state === 'present' ? [permissions] : [])].join(':')
  const plain = own.replace(/^d(?:efault)?:/, '')
  return [
    state === 'present' ? '-m' : '-x', isDefault || plain !== own ? `d:${plain}` : plain, ...(recursive ? ['--recursive'] : []), ...(follow ? [] : ['--physical']),
    ...(recalculate_mask === 'mask' ? ['--mask'] : recalculate_mask === 'no_mask' ? ['--no-mask'] : []),
  ]
}

/** Lines of an answer; unknown where the plan changes the file. */
async function ask(host: Reader, argv: readonly string[], path: string): Promise<readonly string[] | Unknown> {
  const reply = await host.run(`export LC_ALL=C; command -v ${argv[0]} >/dev/null || { echo 'Failed to find required executable "${argv[0]}": install the package acl on the host' >&2; exit 9; }; ${commandLine(argv)}`, [path])
  if (reply instanceof Unknown) return reply
  if (reply.code !== 0) return fail(reply.stderr.toString().trim(), { rc: reply.code })
  return linesOf(reply.stdout)
}

const linesOf = (output: Buffer): readonly string[] => output.toString().split('\n').map((line) => line.trim()).filter(Boolean)

const listWords = ({ follow, default: isDefault }: AclParams, path: string): readonly string[] => ['getfacl', '--omit-header', '--absolute-names', ...(follow ? [] : ['--physical']), ...(isDefault ? ['-d'] : []), path]
