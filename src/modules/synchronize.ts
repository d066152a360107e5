import { join } from 'node:path'
import { askProgram } from '../contract/ask-program.ts'
import { defineModule, type Surroundings } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { type FileState, absent, fileResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { type Effect, leaves } from '../host/resource.ts'
import { type Step, act, run } from '../host/step.ts'
import { type Params, choice, flag, integer, list, path, text } from '../schema/field.ts'
import { commandLine, quote } from '../shell/quote.ts'
import type { ShellReply } from '../transport/connection.ts'
import { type Pipe, rsyncOver } from '../transport/rsync-bridge.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, unknown } from '../value/value.ts'

const OWN_ROAD = "rsync speaks over the connection that the task has anyway, with its user, keys, port and jumps"

const params = {
  src: path('The source: of the controller, or with mode: pull of the host. A slash at its end means what is in it.', { required: true }),
  dest: path('The destination on the other side.', { required: true }),
  mode: choice(['pull', 'push'], 'push: from the controller to the host. pull: the other way.', { default: 'push' }),
  archive: flag('Directories with all below them, links, modes, times, owners, groups and devices.', { default: true }),
  checksum: flag('Compare contents, not times and sizes.', { default: false }),
  compress: flag('Compress on the way.', { default: true }),
  existing_only: flag('Make no new files.', { default: false }),
  delete: flag('Remove at the destination what is not in the source. Needs recursive or archive.', { default: false }),
  delay_updates: flag('Put all new files in place at the end.', { default: true }),
  dirs: flag('Directories without what is in them.', { default: false }),
  recursive: flag('Directories with all below them; as archive unless given.'),
  links: flag('Links as links; as archive unless given.'),
  copy_links: flag('What links lead to.', { default: false }),
  perms: flag('Modes; as archive unless given.'),
  times: flag('Times; as archive unless given.'),
  owner: flag('Owners, for root; as archive unless given.'),
  group: flag('Groups; as archive unless given.'),
  partial: flag('Keep what an interrupted transfer has brought.', { default: false }),
  link_dest: list(path(''), 'Directories of the destination whose equal files are linked and not copied.'),
  rsync_opts: list(text(''), 'More options for rsync.', { default: [] }),
  rsync_path: text('The rsync of the host.'),
  rsync_timeout: integer('Seconds of silence after which rsync gives up.', { default: 0 }),
  dest_port: integer('The port of ssh.', { inert: OWN_ROAD }),
  private_key: path('A key for ssh.', { inert: OWN_ROAD }),
  set_remote_user: flag('Say the user to ssh.', { default: true, inert: OWN_ROAD }),
  use_ssh_args: flag('Use the arguments for ssh of the configuration.', { default: false, inert: OWN_ROAD }),
  ssh_connection_multiplexing: flag('Share a connection of ssh.', { default: false, inert: OWN_ROAD }),
  verify_host: flag('Check the host key.', { default: false, inert: 'host keys are checked as of any other task' }),
} as const
type SyncParams = Params<typeof params>

interface Synchronized {
  /** What rsync would do, in its own words: `>f+++++++++ name`. */
  readonly open: readonly string[] | Unknown
  readonly seen: Aside<Road>
}

/** rsync runs on the host alone, or here with its other half on the host. `from` and `to` as rsync is told. */
interface Road {
  readonly from: string
  readonly to: string
  readonly pipe?: Pipe
}

export const synchronize = defineModule({
  name: 'synchronize',
  summary: 'Make a tree of the host as one of the controller is, or the other way, with rsync.',
  notes: [
    'Needs rsync on the controller and on the host. Both halves speak over the connection of the task, as its user there (become too): nothing logs in again.',
    'delegate_to the host itself: both paths are on the host. Between two other hosts it is refused. Addresses of rsync daemons are refused.',
  ],
  examples: `
- name: The site as it is here, without what is not here
  synchronize: { src: site/, dest: /srv/www/site, delete: true, rsync_opts: ["--exclude=.git"] }
- name: Bring logs
  synchronize: { mode: pull, src: /var/log/app/, dest: /tmp/logs }
- name: From one place of the host to another
  synchronize: { src: /srv/www/site/, dest: /srv/www/before, archive: true }
  delegate_to: "{{ inventory_hostname }}"
`,
  params,
  eager: false,
  async probe(host, given, around): Promise<Synchronized> {
    misused(given)
    const road = await roadOf(host, given, around)
    const reply = road instanceof Unknown ? road : await rsync(host, road, [...options(given), '--dry-run'])
    if (road instanceof Unknown || reply instanceof Unknown) return { open: road instanceof Unknown ? road : (reply as Unknown), seen: aside({ from: given.src, to: given.dest }) }
    if (reply.code !== 0) refused(reply, given, road)
    return { open: changes(reply), seen: aside(road) }
  },
  plan: (_given, before) => ({ ...before, open: before.open instanceof Unknown ? unknown(before.open.reason) : [] }),
  *apply({ params: given, before }): Iterable<Step> {
    const road = before.seen.value
    const effects = given.mode === 'push' || !road.pipe ? effectsOf(before.open, road.to.replace(/^host:/, '')) : []
    const sentence = `make ${road.to} as ${road.from} is`
    if (!road.pipe) return yield run(['rsync', ...options(given), '--', road.from, road.to], effects, { sentence, okay: 'any', environment: { LC_ALL: 'C' } })
    yield act(sentence, async ({ signal }) => rsyncOver([...options(given), '--', road.from, road.to], road.pipe!, signal), effects)
  },
  diff({ before }) {
    const { to } = before.seen.value
    return [{ header: { before: to, after: to }, before: '', after: before.open instanceof Unknown ? `(unknown: ${before.open.reason})\n` : before.open.map((line) => `${line}\n`).join('') }]
  },
  result({ params: given, before, replies, taken }) {
    const { from, to } = before.seen.value
    const cmd = commandLine(['rsync', ...options(given), from, to])
    const reply = taken ? (replies[0]!.value as ShellReply | undefined) ?? replies[0]! : undefined
    if (reply && reply.code !== 0) return { outputs: { cmd, rc: reply.code }, failed: said(reply) }
    const lines = reply ? changes(reply) : before.open
    if (lines instanceof Unknown) return { outputs: { cmd, rc: 0, msg: lines, stdout_lines: lines } }
    return { outputs: { cmd, rc: 0, msg: lines.map((line) => `${line}\n`).join(''), stdout_lines: lines }, changed: lines.length > 0 }
  },
})

function misused({ src, dest, delete: removes, archive, recursive, dirs }: SyncParams): void {
  for (const one of [src, dest]) if (/^rsync:\/\/|^[^/]*::/.test(one)) fail(`${one}: addresses of rsync daemons are not supported; run rsync with the module command`)
  if (removes && !(recursive ?? archive) && !dirs) fail('delete needs recursive or archive')
}

const FLAGS = ['recursive', 'links', 'perms', 'times', 'owner', 'group'] as const
const MARK = '<<CHANGED>>'

function options(given: SyncParams): readonly string[] {
  const flags = given.archive ? ['--archive', ...FLAGS.filter((name) => given[name] === false).map((name) => `--no-${name}`)] : FLAGS.filter((name) => given[name] === true).map((name) => `--${name}`)
  return [
    ...(given.delay_updates ? ['--delay-updates', '-F'] : ['-F']), ...(given.delete ? ['--delete-after'] : []), ...(given.existing_only ? ['--existing'] : []), ...(given.checksum ? ['--checksum'] : []),
    ...(given.compress ? ['--compress'] : []), ...(given.dirs ? ['--dirs'] : []), ...(given.copy_links ? ['--copy-links'] : []), ...flags, ...(given.rsync_timeout > 0 ? [`--timeout=${given.rsync_timeout}`] : []),
    ...(given.rsync_path === undefined ? [] : [`--rsync-path=${given.rsync_path}`]), ...given.rsync_opts, ...(given.partial ? ['--partial'] : []), ...(given.link_dest ? ['-H', ...given.link_dest.map((one) => `--link-dest=${one}`)] : []),
    `--out-format=${MARK}%i %n%L`,
  ]
}

/** Where the two paths are. Unknown where the plan of a dry run reaches what is on the host. */
async function roadOf(host: Reader, { src, dest, mode, rsync_path }: SyncParams, around: Surroundings): Promise<Road | Unknown> {
  const { delegatedTo, hostName, environment } = around
  const there = await around.other(delegatedTo ?? hostName)
  const isHere = there.connection.name === 'local'
  if (delegatedTo === hostName || (isHere && delegatedTo === undefined)) {
    const [from, to] = await Promise.all([isHere && mode === 'push' ? local(src, around) : resolvePath(host, src, environment), resolvePath(host, dest, environment)])
    return touched(await askProgram(host, { rsync: 'rsync' }, ':', [from, to]), { from, to })
  }
  if (delegatedTo !== undefined && !isHere) fail(`synchronize from ${delegatedTo} to ${hostName} is not supported: delegate to localhost or to ${hostName} itself`)
  const { host: far, connection, become } = delegatedTo === undefined ? { ...there, host } : await around.other(hostName)
  const remote = await resolvePath(far, mode === 'push' ? dest : src, environment)
  const ready = rsync_path === undefined ? await askProgram(far, { rsync: 'rsync' }, ':', [remote]) : await far.run(':', [remote])
  const pipe: Pipe = (script, content) => connection.pipeBoth(script, content, become)
  return touched(ready, mode === 'push' ? { from: local(src, around), to: `host:${remote}`, pipe } : { from: `host:${remote}`, to: local(dest, around), pipe })
}

const touched = (ready: ShellReply | Unknown, road: Road): Road | Unknown => (ready instanceof Unknown ? ready : road)

/** A path of the controller; one that is not there is where it would be made. */
const local = (written: string, { controllerPath, playbookDirectory }: Surroundings): string => (written.startsWith('/') ? written : (controllerPath?.(written) ?? join(playbookDirectory, written)))

async function rsync(host: Reader, { from, to, pipe }: Road, words: readonly string[]): Promise<ShellReply | Unknown> {
  if (pipe) return rsyncOver([...words, '--', from, to], pipe)
  return host.run(`export LC_ALL=C; exec rsync ${[...words, '--', from, to].map(quote).join(' ')}`, [from, to], { timeout: 3600 })
}

const changes = ({ stdout }: ShellReply): readonly string[] => stdout.toString().split('\n').filter((line) => line.startsWith(MARK)).map((line) => line.slice(MARK.length))

const said = ({ stderr, stdout, code }: ShellReply): string => stderr.toString().trim() || stdout.toString().trim() || `rsync ended with exit code ${code}`

function refused(reply: ShellReply, given: SyncParams, { from, to }: Road): never {
  if (/spawn rsync ENOENT/.test(said(reply))) fail('Failed to find required executable "rsync": install the package rsync on the controller')
  return fail(said(reply), { rc: reply.code, cmd: commandLine(['rsync', ...options(given), from, to]) })
}

/** What each line leaves behind at the destination. */
function effectsOf(open: Synchronized['open'], dest: string): readonly Effect[] {
  if (open instanceof Unknown) return [leaves(fileResource, dest, open)]
  const whole = leaves<FileState>(fileResource, dest, unknown('a transfer by rsync'))
  return open.length === 0 ? [] : [whole, ...open.map((line): Effect => {
    const gone = line.startsWith('*deleting')
    const name = unescape((gone ? line.slice(9).trim() : line.slice(12)).replace(/ -> .*$/, '').replace(/\/$/, ''))
    return leaves<FileState>(fileResource, join(dest, name), gone ? absent : unknown('a transfer by rsync'))
  })]
}

/** rsync writes bytes that do not print as \#ooo. */
const unescape = (name: string): string => name.replace(/\\#([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
