import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { type SnapshotCopy, openCopy, sayAge, sealCopy } from '../cluster/k3s/snapshot-copy.ts'
import { type Surroundings, defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import type { Acting } from '../host/act.ts'
import { fileResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { act, mkdir as makeDirectory, write } from '../host/step.ts'
import { Problem } from '../problem/problem.ts'
import { choice, path, type Params, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { bytesContent } from '../value/content.ts'
import { Unknown, fresh } from '../value/value.ts'

const params = {
  state: choice(['saved', 'opened', 'brought'], 'Take a snapshot and keep a copy of it; only tell of a copy; or bring a copy back to the host.', { default: 'saved' }),
  name: text('What the snapshot is called; k3s adds the node and the time.', { default: 'by-hand' }),
  copy: path('With state saved, the directory of the controller for the copy; otherwise the copy. Relative to the playbook.', { required: true }),
  key_path: path('The file with the vault password of copies, on the controller.', { required: true }),
  token: text('With state saved: the token of the cluster, kept with the copy.', { secret: true }),
  dest: path('With state brought: where the snapshot goes on the host.'),
  data_directory: path('Where k3s keeps its data.', { default: '/var/lib/rancher/k3s' }),
  program: path('The program.', { default: '/usr/local/bin/k3s' }),
} as const
type Given = Params<typeof params>

interface State {
  /** What is on the host: of a snapshot that is taken nothing is known before. */
  readonly snapshot: unknown
  readonly seen: Aside<{ readonly copy: SnapshotCopy | undefined; readonly file: string; readonly key: string; readonly parent: boolean }>
}

export const k3sSnapshot = defineModule({
  name: 'k3s_snapshot',
  summary: 'Take a snapshot of etcd in k3s with a copy away from the cluster, or bring such a copy back to a host.',
  notes: [
    'The copy is one vault-encrypted file on the controller with the snapshot and the token, without which the snapshot is useless. Secrets, sealing keys among them, are in it.',
    'Taking a snapshot is always a change. To restore one use playbooks/k3s-restore.yml: bringing it to a host restores nothing.',
    'The snapshot is held in memory while it is encrypted.',
  ],
  examples: `
- name: A snapshot, and a copy of it here
  k3s_snapshot: { name: before-the-move, copy: secrets/snapshots, key_path: secrets/k3s-token.key, token: "{{ k3s_token }}" }
  register: snapshot
- name: Bring it back
  k3s_snapshot: { state: brought, copy: "{{ snapshot.copy }}", key_path: secrets/k3s-token.key, dest: /var/lib/rancher/k3s/server/db/snapshots/restored }
- name: How old is it?
  k3s_snapshot: { state: opened, copy: "{{ snapshot.copy }}", key_path: secrets/k3s-token.key }
  register: opened
- name: Say so
  debug: { msg: "taken {{ opened.age }} ago on {{ opened.node }}" }
`,
  params,
  rules: { requiredIf: [['state', 'saved', ['token']], ['state', 'brought', ['dest']]] },
  eager: false,
  async probe(host, given, around): Promise<State> {
    if (!/^[A-Za-z0-9][\w.-]*$/.test(given.name)) fail(`'${given.name}' is no name for a snapshot: letters, digits, dots, dashes`)
    const at = (written: string) => (isAbsolute(written) ? written : join(around.playbookDirectory, written))
    const key = await readText(at(given.key_path))
    const file = at(given.copy)
    if (given.state === 'saved') return { snapshot: 'the ones before', seen: aside({ copy: undefined, file, key, parent: true }) }
    return probeCopy(host, given, around, file, key)
  },
  plan({ state }, before): State {
    if (state === 'opened') return before
    return { ...before, snapshot: state === 'saved' ? fresh('a new snapshot') : sumOf(before.seen.value.copy!.content) }
  },
  *apply({ params: given, before: { seen: { value: { copy, file, key, parent } } } }) {
    if (copy === undefined) return yield act(`take a snapshot of etcd, and keep a copy in ${given.copy}`, (acting) => save(given, file, key, acting))
    if (!parent) yield makeDirectory(dirname(given.dest!), { mode: 0o700 })
    yield write(given.dest!, bytesContent(copy.content), { mode: 0o600 })
  },
  diff: ({ params: { dest, copy }, before, after }) => [{ header: { before: dest ?? copy, after: dest ?? copy }, before: `snapshot: ${said(before.snapshot)}\n`, after: `snapshot: ${said(after.snapshot)}\n` }],
  result({ params: given, before: { seen: { value: { copy, file } } }, replies }) {
    if (copy) return { outputs: { ...about(copy), copy: file, path: given.dest ?? '', token: copy.token } }
    const saved = replies.at(-1)?.value as Saved | undefined
    return { outputs: saved ? { ...about(saved.copy), copy: saved.file, path: saved.path } : {} }
  },
})

interface Saved {
  readonly copy: SnapshotCopy
  readonly file: string
  readonly path: string
}

const about = ({ name, taken, node, version, content }: SnapshotCopy) => ({ name, taken: taken.toISOString(), age: sayAge(taken, new Date()), node, version, size: content.length })
const sumOf = (content: Uint8Array): string => createHash('sha1').update(content).digest('hex')
const said = (snapshot: unknown): string => (snapshot instanceof Unknown ? snapshot.reason : String(snapshot))

async function probeCopy(host: Reader, given: Given, around: Surroundings, file: string, key: string): Promise<State> {
  const copy = openCopy(await readText(file), key, file)
  around.secret?.(copy.token)
  if (given.state === 'opened') return { snapshot: '', seen: aside({ copy, file, key, parent: true }) }
  const [there, parent] = await Promise.all([host.run(`sha1sum <${quote(given.dest!)} 2>/dev/null`, [given.dest!], { now: true }), host.get(fileResource, dirname(given.dest!))])
  if (there instanceof Unknown) return { snapshot: there, seen: aside({ copy, file, key, parent: true }) }
  return { snapshot: there.stdout.toString().slice(0, 40) || 'none', seen: aside({ copy, file, key, parent: parent instanceof Unknown || parent.kind !== 'absent' }) }
}

/** Takes it, reads it over the connection, and leaves no plain copy anywhere else. */
async function save(given: Given, directory: string, key: string, acting: Acting): Promise<Saved> {
  const taken = new Date()
  const dir = `${given.data_directory}/server/db/snapshots`
  const { code, stdout, stderr } = await acting.run([
    `${quote(given.program)} etcd-snapshot save --name=${quote(given.name)} >&2 || exit`,
    `p=$(ls -t ${quote(dir)}/${quote(given.name)}-* 2>/dev/null | head -1); [ -n "$p" ] || { echo 'k3s saved no snapshot' >&2; exit 1; }`,
    `printf '%s\\n%s\\n%s\\n' "$p" "$(uname -n)" "$(${quote(given.program)} --version | sed -n '1s/^k3s version \\([^ ]*\\).*/\\1/p')"`,
  ].join('\n'), { timeout: 300 })
  if (code !== 0) fail(`no snapshot could be taken: ${stderr.toString().trim().split('\n').at(-1)}`)
  const [path = '', node = '', version = ''] = stdout.toString().split('\n')
  const copy = { name: path.slice(path.lastIndexOf('/') + 1), taken, node, version, token: given.token!, content: await readWhole(path, acting) }
  const file = join(directory, `${copy.name}.vault`)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeFile(`${file}.new`, sealCopy(copy, key), { mode: 0o600 })
  await rename(`${file}.new`, file)
  return { copy, file, path }
}

async function readWhole(path: string, acting: Acting): Promise<Buffer> {
  const { stdout, done } = acting.output(`cat <${quote(path)} && sha1sum <${quote(path)} >&2`)
  const parts: Buffer[] = []
  for await (const part of stdout) parts.push(part as Buffer)
  const { code, stderr } = await done
  const content = Buffer.concat(parts)
  if (code !== 0 || !stderr.toString().includes(sumOf(content))) fail(`${path} did not come over whole`)
  return content
}

async function readText(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (thrown) {
    throw new Problem({ code: 'k3s-snapshot-unreadable', summary: 'A file of a snapshot cannot be read', detail: (thrown as Error).message })
  }
}
