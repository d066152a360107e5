import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { type Entry, currentOf, entryFrom, findEntry, withEntry } from '../cluster/k3s/kubeconfig.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import type { Reader } from '../host/reader.ts'
import { act } from '../host/step.ts'
import { Problem } from '../problem/problem.ts'
import { choice, flag, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { toJson } from '../value/json.ts'
import { Unknown, type Value, unknown } from '../value/value.ts'
import { parseYamlValue } from '../yaml/parse-value.ts'
import { writeYaml } from '../yaml/write-yaml.ts'

interface State {
  readonly file: 'missing' | 'open to others' | 'kept'
  readonly server: string | undefined | Unknown
  /** A sum over cluster and credentials: those are in no difference. */
  readonly entry: string | undefined | Unknown
  readonly current: string
  readonly seen: Aside<{ readonly path: string; readonly config: Value; readonly wanted: Entry | undefined | Unknown }>
}

export const k3sKubeconfig = defineModule({
  name: 'k3s_kubeconfig',
  summary: 'Keep the context of a k3s cluster in a kubeconfig file of this machine.',
  notes: [
    'The host is a server of k3s; its kubeconfig is read there, and merged into the file of the controller, which is readable by you alone (0600).',
    'Other contexts stay, as does a namespace that you set for this one. Comments are lost when something changes, as with kubectl.',
  ],
  examples: `
- name: The cluster as the context "lab"
  k3s_kubeconfig: { path: ~/.kube/config, context: lab, server: "https://192.0.2.11:6443" }
- name: It is gone
  k3s_kubeconfig: { path: ~/.kube/config, context: old, state: absent }
`,
  params: {
    path: text('The file on the controller.', { default: '~/.kube/config' }),
    context: text('What the cluster, the user and the context are called there.', { required: true }),
    server: text('The address of the API: https://ADDRESS:PORT.'),
    current: flag('Make it the current context. It is in any case where there is no other.', { default: false }),
    source: path('The kubeconfig on the server.', { default: '/etc/rancher/k3s/k3s.yaml' }),
    state: choice(['present', 'absent'], 'Whether it is there.', { default: 'present' }),
  },
  rules: { requiredIf: [['state', 'present', ['server']]] },
  async probe(host, given, around): Promise<State> {
    const file = pathOf(given.path, around.playbookDirectory)
    const content = await readFile(file, 'utf8').catch(ifMissing)
    const config = content === undefined ? null : parseYamlValue(content, { file })
    const found = findEntry(config, given.context)
    const mode = content === undefined ? 'missing' : ((await stat(file)).mode & 0o077) === 0 ? 'kept' : 'open to others'
    const wanted = given.state === 'absent' ? undefined : await entryOnHost(host, given.source, given.server!)
    return { file: mode, server: serverOf(found), entry: sumOf(found), current: currentOf(config), seen: aside({ path: file, config, wanted }) }
  },
  plan(given, before): State {
    const { wanted, config } = before.seen.value
    if (given.state === 'absent' && before.file === 'missing') return before
    const current = given.state === 'absent' ? (before.current === given.context ? '' : before.current) : given.current || before.current === '' ? given.context : before.current
    const gone = given.state === 'absent' && !findEntry(config, given.context)
    return { ...before, file: 'kept', current: gone ? before.current : current, server: wanted instanceof Unknown ? wanted : serverOf(wanted), entry: wanted instanceof Unknown ? wanted : sumOf(wanted) }
  },
  *apply({ params: given, before, after }) {
    yield act(`keep the context ${given.context} in ${given.path}`, () => keep(given.context, before, after))
  },
  diff: ({ params: given, before, after }) => [{ header: { before: given.path, after: given.path }, before: describe(given.context, before), after: describe(given.context, after) }],
  result: ({ params: given, after }) => ({ outputs: { path: after.seen.value.path, context: given.context, server: after.server ?? '' } }),
})

const pathOf = (written: string, playbookDirectory: string): string => (written.startsWith('~/') ? join(homedir(), written.slice(2)) : isAbsolute(written) ? written : join(playbookDirectory, written))

async function entryOnHost(host: Reader, source: string, server: string): Promise<Entry | Unknown> {
  const reply = await host.run(`cat -- ${quote(source)}`, [source], { now: true })
  if (reply instanceof Unknown) return reply
  if (reply.code !== 0) return host.planned && host.changing !== undefined ? unknown('k3s has not started yet') : fail(`${source} is not there: is this a server of k3s, and did it start?`)
  return entryFrom(parseYamlValue(reply.stdout.toString(), { file: source }), server) ?? fail(`${source} is no kubeconfig with a cluster and a user`)
}

const plain = (value: Value): string => JSON.stringify(toJson(value))
const sumOf = (entry: Entry | undefined): string | undefined => entry && createHash('sha256').update(plain(entry.cluster)).update(plain(entry.user)).digest('hex')
function serverOf(entry: Entry | undefined): string | undefined {
  const server = entry?.cluster instanceof Map ? entry.cluster.get('server') : undefined
  return server === undefined ? undefined : String(server)
}

function describe(context: string, { file, server, entry, current }: State): string {
  const cluster = entry instanceof Unknown ? `unknown: ${entry.reason}` : entry === undefined ? 'none' : `${server instanceof Unknown ? '' : server}, credentials ${entry.slice(0, 12)}`
  return `file: ${file}\n${context}: ${cluster}\ncurrent: ${current || 'none'}\n`
}

async function keep(context: string, { seen: { value: { path: file, config, wanted } } }: State, { current }: State): Promise<void> {
  if (wanted instanceof Unknown) throw new Error('an unknown entry is never applied')
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const beside = `${file}.${process.pid}.new`
  await writeFile(beside, writeYaml(toJson(withEntry(config, context, wanted, current))), { mode: 0o600 })
  await chmod(beside, 0o600)
  await rename(beside, file)
}

const ifMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw new Problem({ code: 'kubeconfig-unreadable', summary: 'A kubeconfig cannot be read', detail: error.message })
  return undefined
}
