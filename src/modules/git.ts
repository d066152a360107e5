import { dirname } from 'node:path/posix'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { fileResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { type Effect, leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, flag, integer, list, path, text } from '../schema/field.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, type Value, fresh, isUnknown, unknown } from '../value/value.ts'

const params = {
  repo: text('The address of the repository.', { required: true, aliases: ['name'] }),
  dest: path('Where it goes on the host.', { required: true }),
  version: text('A branch, tag or commit.', { default: 'HEAD' }),
  remote: text('What the remote is called.', { default: 'origin' }),
  refspec: text('What else is fetched.'),
  force: flag('Local changes are thrown away.', { default: false }),
  depth: integer('How many commits of history are fetched.'),
  single_branch: flag('Fetch the one branch alone.', { default: false }),
  clone: flag('Make the copy where there is none.', { default: true }),
  update: flag('Fetch what is new.', { default: true }),
  bare: flag('No working files.', { default: false }),
  recursive: flag('Submodules too.', { default: true }),
  track_submodules: flag('Submodules follow their branch.', { default: false }),
  reference: text('A repository of the host to borrow objects from.'),
  separate_git_dir: path('Where the repository itself goes.'),
  umask: text('The umask for what is checked out.'),
  executable: path('The program, unless it is the git of PATH.'),
  key_file: path('The private key for ssh.'),
  ssh_opts: text('More options for ssh.'),
  accept_hostkey: flag('Trust whatever key the server has.', { default: false }),
  accept_newhostkey: flag('Trust the key of a server that is new.', { default: false }),
  verify_commit: flag('The signature must be good.', { default: false }),
  gpg_allowlist: list(text(''), 'Only these fingerprints may have signed.', { default: [], aliases: ['gpg_whitelist'] }),
  archive: path('Also make an archive.'),
  archive_prefix: text('The directory in that archive.'),
} as const
type GitParams = Params<typeof params>

interface Copy {
  readonly head: string | Unknown
  readonly url: string
  readonly seen: Aside<{ readonly dest: string; readonly exists: boolean; readonly dirty: boolean; readonly wanted: string | undefined; readonly kind: Kind }>
}

/** What the remote says the version is. */
type Kind = 'head' | 'branch' | 'tag' | 'commit'

export const git = defineModule({
  name: 'git',
  summary: 'Keep a copy of a Git repository on the host.',
  notes: ['Needs git on the host. `archive` is refused.', 'A dry run asks the remote which commit it would be.'],
  examples: `
- name: The branch, as it is there now
  git: { repo: "https://git.example.com/app.git", dest: /srv/app, version: main }
- name: One tag
  git: { repo: "https://git.example.com/app.git", dest: /srv/app-1.0, version: v1.0 }
  register: checkout
- name: What changed here is thrown away
  git: { repo: "https://git.example.com/app.git", dest: /srv/app, version: main, force: true }
- name: Made once, left alone after that
  git: { repo: "https://git.example.com/app.git", dest: /srv/app-settings, update: false }
`,
  params,
  eager: false,
  async probe(host, given, { environment }): Promise<Copy> {
    if (given.archive !== undefined || given.archive_prefix !== undefined) fail('archive is not supported: run git archive with the module command')
    if (given.bare && given.separate_git_dir !== undefined) fail('parameters are mutually exclusive: separate_git_dir|bare')
    if (given.accept_hostkey && given.accept_newhostkey) fail('parameters are mutually exclusive: accept_hostkey|accept_newhostkey')
    const dest = (await resolvePath(host, given.dest, environment)).replace(/(.)\/+$/, '$1')
    const [marker, place] = await Promise.all([host.get(fileResource, given.bare ? `${dest}/HEAD` : `${dest}/.git`), host.get(fileResource, dest)])
    const exists = known(marker).kind !== 'absent'
    if (!exists && known(place).kind === 'file') fail(`${dest} is a file`)
    const asks = exists ? given.update : given.clone
    const [copy, remote] = await Promise.all([exists ? readCopy(host, given, dest, environment) : undefined, asks ? askRemote(host, given, environment) : undefined])
    const found = copy ?? { head: '', url: '', dirty: false }
    return { head: found.head, url: found.url, seen: aside({ dest, exists, dirty: found.dirty, wanted: remote?.commit, kind: remote?.kind ?? 'head' }) }
  },
  plan(given, before): Copy {
    const { exists, dirty, wanted, kind, dest } = before.seen.value
    if (!exists) return given.clone ? { ...before, head: wanted === undefined || kind === 'commit' ? fullOr(wanted, 'the repository says which commit it is') : wanted, url: given.repo } : before
    if (!given.update) return before
    if (dirty && !given.force) fail(`Local modifications exist in the destination: ${dest} (force=no).`)
    const head = wanted === undefined ? before.head : typeof before.head === 'string' && before.head.startsWith(wanted) ? before.head : fullOr(wanted, 'the repository says which commit it is')
    return { ...before, head: dirty ? fresh('local changes are thrown away') : head, url: given.repo }
  },
  *apply({ params: given, before }): Iterable<Step> {
    const { dest, exists, wanted, kind } = before.seen.value
    // What will be in the copy is not known: everything below it is in doubt.
    const effects: readonly Effect[] = [leaves(fileResource, dest, unknown(`${dest} comes from ${shown(given.repo)}`))]
    const script = exists ? updateScript(given, dest, kind, wanted) : cloneScript(given, dest, kind, wanted)
    yield run(script, effects, { sentence: exists ? `fetch ${shown(given.repo)} into ${dest}` : `clone ${shown(given.repo)} into ${dest}`, environment: gitEnvironment(given) })
  },
  diff: ({ before, after }) => {
    const side = ({ head, url }: Copy) => `${url === '' ? '' : `repo: ${shown(url)}\n`}${head === '' ? '' : `commit: ${isUnknown(head) ? `(${head.reason})` : head}\n`}`
    return [{ header: { before: before.seen.value.dest, after: before.seen.value.dest }, before: side(before), after: side(after) }]
  },
  result({ before, after, replies, taken, changed }) {
    const said = taken ? replies[0]?.stdout.toString().trim().split('\n').at(-1) : undefined
    const head = said && /^[0-9a-f]{40,64}$/.test(said) ? said : after.head
    const { exists } = before.seen.value
    return { outputs: { before: before.head === '' ? null : before.head, after: (head === '' ? null : head) as Value, remote_url_changed: exists && before.url !== after.url }, ...(taken ? { changed: !exists || before.url !== after.url || before.seen.value.dirty || head !== before.head } : { changed }) }
  },
})

/** Credentials in an address are not for everybody. */
const shown = (address: string): string => address.replace(/^([a-z+]+:\/\/[^/:@]+):[^/@]+@/, '$1:***@')
const fullOr = (wanted: string | undefined, reason: string): string | Unknown => (wanted !== undefined && /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(wanted) ? wanted : fresh(reason))
const program = ({ executable }: GitParams): string => quote(executable ?? 'git')

function gitEnvironment({ key_file, ssh_opts, accept_hostkey, accept_newhostkey }: GitParams): Readonly<Record<string, string>> {
  const options = [...(key_file === undefined ? [] : ['-i', quote(key_file), '-o', 'IdentitiesOnly=yes']), ...(accept_hostkey ? ['-o', 'StrictHostKeyChecking=no'] : []), ...(accept_newhostkey ? ['-o', 'StrictHostKeyChecking=accept-new'] : []), ...(ssh_opts === undefined ? [] : [ssh_opts])]
  // Nobody is there to answer questions.
  return { LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', GIT_SSH_COMMAND: ['ssh', '-o', 'BatchMode=yes', ...options].join(' ') }
}

const exportsOf = (given: GitParams, outer: Readonly<Record<string, string>>): string => Object.entries({ ...outer, ...gitEnvironment(given) }).map(([name, value]) => `export ${name}=${quote(value)}`).join('; ')

/** Only looks: without locks git does not refresh its index either. */
async function ask(host: Reader, given: GitParams, script: string, inputs: readonly string[], environment: Readonly<Record<string, string>>): Promise<string> {
  const { code, stdout, stderr } = known(await host.run(`${exportsOf(given, environment)}; export GIT_OPTIONAL_LOCKS=0; command -v ${program(given)} >/dev/null || exit 9\n${script}`, inputs, { timeout: 300 }))
  if (code === 9 && host.planned && host.changing) throw new Unknown(`git is not there yet; ${host.changing} may bring it`)
  if (code === 9) fail('Failed to find required executable "git": install the package git on the host')
  return code === 0 ? stdout.toString() : fail(stderr.toString().trim() || `git failed with exit code ${code}`, { rc: code })
}

async function readCopy(host: Reader, given: GitParams, dest: string, environment: Readonly<Record<string, string>>): Promise<{ head: string; url: string; dirty: boolean }> {
  const git = `${program(given)} -C ${quote(dest)}`
  const output = await ask(host, given, `${git} rev-parse --verify -q HEAD || echo; ${git} config --get remote.${quote(given.remote)}.url || echo; ${given.bare ? ':' : `${git} status --porcelain --untracked-files=no`}`, [dest], environment)
  const [head = '', url = '', ...changes] = output.replace(/\n$/, '').split('\n')
  return { head: head.trim(), url: url.trim(), dirty: changes.some((line) => line.trim() !== '' && !line.startsWith('??')) }
}

/** The commit that a version is now: a branch before a tag before a commit. */
async function askRemote(host: Reader, given: GitParams, environment: Readonly<Record<string, string>>): Promise<{ kind: Kind; commit: string | undefined }> {
  const { version, repo } = given
  if (/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(version)) return { kind: 'commit', commit: version }
  const wanted = version === 'HEAD' ? ['HEAD'] : [`refs/heads/${version}`, `refs/tags/${version}`, `refs/tags/${version}^{}`]
  const refs = new Map((await ask(host, given, `${program(given)} ls-remote -- ${[repo, ...wanted].map(quote).join(' ')}`, /^(?:\/|file:)/.test(repo) ? [repo.replace(/^file:\/\//, '')] : [], environment)).split('\n').filter(Boolean).map((line) => line.split('\t').reverse() as [string, string]))
  if (version === 'HEAD') return { kind: 'head', commit: refs.get('HEAD') }
  const [branch, tag, peeled] = wanted.map((name) => refs.get(name))
  if (branch !== undefined) return { kind: 'branch', commit: branch }
  if (tag !== undefined) return { kind: 'tag', commit: peeled ?? tag }
  if (given.refspec !== undefined || /^[0-9a-f]{4,39}$/.test(version)) return { kind: 'commit', commit: /^[0-9a-f]+$/.test(version) ? version : undefined }
  return fail(`Failed to checkout ${version}: the repository ${shown(repo)} has neither a branch nor a tag of that name`)
}

const begin = ({ umask }: GitParams): readonly string[] => ['set -e', ...(umask === undefined ? [] : [`umask ${quote(umask.replace(/^0o/, '0'))}`])]

function cloneScript(given: GitParams, dest: string, kind: Kind, wanted: string | undefined): string {
  const { repo, remote, bare, depth, single_branch, reference, separate_git_dir, version } = given
  const named = (kind === 'branch' || kind === 'tag') && (depth !== undefined || single_branch)
  const options = [
    ...(bare ? ['--bare'] : []), '--origin', remote, ...(depth === undefined || (kind === 'commit' && !bare) ? [] : ['--depth', String(depth)]), ...(single_branch ? ['--single-branch'] : []), ...(named ? ['--branch', version] : []),
    ...(reference === undefined ? [] : ['--reference', reference]), ...(separate_git_dir === undefined ? [] : ['--separate-git-dir', separate_git_dir]), ...(bare ? [] : ['--no-checkout']),
  ]
  return [...begin(given), `mkdir -p -- ${[dest, ...(separate_git_dir === undefined ? [] : [separate_git_dir])].map((path) => quote(dirname(path))).join(' ')}`, `${program(given)} clone -q ${commandLine([...options, '--', repo, dest])} >&2`, ...rest(given, dest, kind, wanted)].join('\n')
}

function updateScript(given: GitParams, dest: string, kind: Kind, wanted: string | undefined): string {
  const { repo, remote, bare, depth } = given
  const git = `${program(given)} -C ${quote(dest)}`
  const specs = bare ? ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'] : [`+refs/heads/*:refs/remotes/${remote}/*`, '+refs/tags/*:refs/tags/*']
  return [
    ...begin(given), `if ${git} config --get remote.${quote(remote)}.url >/dev/null; then ${git} remote set-url ${commandLine([remote, repo])}; else ${git} remote add ${commandLine([remote, repo])}; fi`,
    ...(given.force && !bare ? [`${git} reset -q --hard HEAD >&2`] : []), `${git} fetch -q --force ${commandLine([...(depth === undefined ? [] : ['--depth', String(depth)]), remote, ...specs])} >&2`,
    ...rest(given, dest, kind, wanted),
  ].join('\n')
}

/** What follows a clone and a fetch alike: the version, its signature, its submodules, the commit that it is now. */
function rest(given: GitParams, dest: string, kind: Kind, wanted: string | undefined): readonly string[] {
  const { version, remote, refspec, bare, depth, recursive, track_submodules } = given
  const git = `${program(given)} -C ${quote(dest)}`
  const commit = kind === 'commit' && depth !== undefined && wanted !== undefined ? [`${git} fetch -q ${commandLine(['--depth', String(depth), remote, wanted])} >&2 || ${git} fetch -q ${quote(remote)} >&2`] : []
  const more = refspec === undefined ? [] : [`${git} fetch -q ${commandLine([remote, refspec])} >&2`]
  const depthToo = depth === undefined ? '' : ` --depth ${depth}`
  const submodules = recursive && !bare ? [`if [ -f ${quote(`${dest}/.gitmodules`)} ]; then ${git} submodule -q sync --recursive >&2; ${git} submodule -q update --init --recursive --force${track_submodules ? ' --remote' : ''}${depthToo} >&2; fi`] : []
  return [...more, ...commit, ...verifyScript(given, git, kind), ...(bare ? [] : [checkoutScript(given, git, kind, version)]), ...submodules, `${git} rev-parse HEAD`]
}

function checkoutScript({ remote }: GitParams, git: string, kind: Kind, version: string): string {
  const at = quote(remote)
  if (kind === 'head') return `${git} remote set-head ${at} -a >/dev/null 2>&1 || :; b=$(${git} symbolic-ref -q --short refs/remotes/${at}/HEAD) || { echo 'the remote has no HEAD' >&2; exit 1; }; ${git} checkout -q --force -B "\${b#*/}" "$b" -- >&2`
  if (kind === 'branch') return `${git} checkout -q --force -B ${quote(version)} ${quote(`refs/remotes/${remote}/${version}`)} -- >&2; ${git} branch -q --set-upstream-to=${quote(`${remote}/${version}`)} ${quote(version)} >/dev/null 2>&1 || :`
  return `${git} checkout -q --force --detach ${quote(kind === 'tag' ? `refs/tags/${version}` : version)} -- >&2`
}

/** Before anything of it is checked out. */
function verifyScript({ verify_commit, gpg_allowlist, version, remote }: GitParams, git: string, kind: Kind): readonly string[] {
  if (!verify_commit) return []
  const name = kind === 'branch' ? `refs/remotes/${remote}/${version}` : kind === 'head' ? `refs/remotes/${remote}/HEAD` : kind === 'tag' ? `refs/tags/${version}` : version
  const verify = kind === 'tag' ? `if [ "$(${git} cat-file -t ${quote(name)})" = tag ]; then w=verify-tag; else w=verify-commit; fi` : 'w=verify-commit'
  const allowed = gpg_allowlist.length === 0 ? [] : [`printf '%s\\n' "$v" | grep VALIDSIG | grep -q -i -F ${gpg_allowlist.map((print) => `-e ${quote(print.replace(/\s+/g, ''))}`).join(' ')} || { echo 'The signature is of none of the keys in gpg_allowlist' >&2; exit 1; }`]
  return [...(kind === 'head' ? [`${git} remote set-head ${quote(remote)} -a >/dev/null`] : []), verify, `v=$(${git} "$w" --raw ${quote(name)} 2>&1) || { printf 'Failed to verify GPG signature of commit/tag "%s": %s\\n' ${quote(version)} "$v" >&2; exit 1; }`, ...allowed]
}
