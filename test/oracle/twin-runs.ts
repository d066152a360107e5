import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { controls } from '../../src/engine/control/controls.ts'
import { registry } from '../../src/modules/registry.ts'
import { type TestHost, type TestLab, withLab } from '../lab/with-lab.ts'
import { type Drawn, drawTasks, isComplete, variableFiles } from './draw-tasks.ts'
import { type HostState, differences, readState } from './host-state.ts'

/**
 * Tasks of public roles, each in a play of its own, run by Ansible on one host and by tutti on its twin, from the same start: the same
 * `changed`, the same fields of the result, the same files and units after it. Several make a batch, which runs three times: clean, then
 * converged, then half-configured (files that it wrote were spoilt). tutti runs with --audit, so that each dry run is compared with its run, too.
 *   node test/oracle/twin-runs.ts --sources DIR --ansible PATH/ansible-playbook [--tasks 250] [--seed 1] [--batch 25] [--from 0] [--only MODULE] [--out FILE.jsonl] [--plan-only]
 * DIR holds checked-out repositories. Makes two hosts with the nspawn driver (root on Linux). Tasks that name addresses are left out, for the hosts reach
 * no network but their packages'; those that Ansible cannot run for want of variables or files are drawn again.
 */
const { values: asked } = parseArgs({ options: { sources: { type: 'string' }, ansible: { type: 'string', default: 'ansible-playbook' }, tasks: { type: 'string', default: '250' }, seed: { type: 'string', default: '1' }, batch: { type: 'string', default: '25' }, from: { type: 'string', default: '0' }, only: { type: 'string' }, out: { type: 'string' }, 'plan-only': { type: 'boolean', default: false } } })
const TUTTI = join(import.meta.dirname, '../../bin/tutti')
/** They end connections, wait for people, or need another machine. */
const NOT_ALONE = new Set(['reboot', 'wait_for_connection', 'wait_for', 'pause', 'async_status', 'setup', 'ping', 'raw', 'redis_cluster', 'redis_settings', 'synchronize', 'fetch', 'hostname', 'iptables', 'ufw'])
/** They fail on Debian, under either. */
const OF_OTHERS = new Set(['dnf', 'dnf5', 'yum', 'yum_repository', 'rpm_key', 'selinux', 'seboolean', 'modprobe'])
/** Names that a host thinks of. */
const THOUGHT_OF: Readonly<Record<string, readonly string[]>> = { tempfile: ['path'] }
/** Fields that say when, where and how, not what. */
const VOLATILE = new Set(['start', 'end', 'delta', 'invocation', 'diff', 'atime', 'mtime', 'ctime', 'inode', 'dev', 'pid', 'warnings', 'deprecations', 'exception', 'ansible_facts', 'backup_file', 'elapsed', 'cache_update_time', 'src', 'status', 'stat', 'files', 'module_stdout', 'module_stderr', 'ansible_loop_var', 'skipped_reason', 'stdout', 'stdout_lines', 'stderr', 'stderr_lines', 'msg', 'before', 'after', 'examined'])

/** Ansible gathers facts once a host: they are not what is compared here, and take most of its time. */
const REMEMBERED = { ANSIBLE_GATHERING: 'smart', ANSIBLE_CACHE_PLUGIN: 'jsonfile', ANSIBLE_CACHE_PLUGIN_CONNECTION: 'facts' }

type Start = 'clean' | 'converged' | 'half-configured'
type Fields = Record<string, unknown>
/** One run of a batch by one of the two: the result of each task by its number; what tutti said before, and where that was wrong. */
interface Run {
  readonly results: Readonly<Record<number, Fields>> | undefined
  readonly output: string
  readonly audit: ReadonlyMap<number, readonly string[]>
  readonly predicted: ReadonlyMap<number, string>
}
interface Finding {
  readonly task: Drawn
  readonly start: Start
  readonly theirs: Fields
  readonly ours: unknown
  readonly failed: boolean
  /** It did nothing that could be compared. */
  readonly idle: boolean
  readonly wrong: readonly string[]
  readonly predicted: string | undefined
}
interface Kept {
  readonly state: HostState
  readonly sums: ReadonlyMap<string, string>
}

let lab: TestLab
let scratch: string
/** What both hosts are after the last run; what the clean run of the batch wrote. */
let before: readonly [Kept, Kept] | undefined
let written: readonly string[] = []
let statesWrong = 0

const missing = !asked.sources ? '--sources names no directory' : spawnSync(asked.ansible, ['--version']).status !== 0 ? 'Ansible is not installed (--ansible PATH/ansible-playbook)' : process.getuid?.() !== 0 ? 'the hosts need root' : undefined
if (missing) {
  console.log(`skipped: ${missing}`)
  process.exit(0)
}

async function compareAll(): Promise<void> {
  await Promise.all(lab.hosts.map(prepare))
  const modules = new Set(Object.keys(registry).filter((name) => !NOT_ALONE.has(name) && !OF_OTHERS.has(name) && !controls.has(name) && (!asked.only || name === asked.only)))
  const tasks = drawTasks(asked.sources!, modules, Number(asked.seed)).filter((task) => isComplete(asked.sources!, task) && !/https?:\/\//.test(JSON.stringify(task.task)))
  const counted: Finding[][] = []
  const size = Number(asked.batch)
  // One that fails or is skipped under Ansible, too, says little: it is compared and told, and another is drawn for it.
  if (asked['plan-only']) return planOnly(tasks.slice(Number(asked.from), Number(asked.from) + Number(asked.tasks)))
  for (let at = Number(asked.from); at < tasks.length && counted.filter(([first]) => !first!.idle).length < Number(asked.tasks); at += size) {
    const batch = tasks.slice(at, at + size)
    console.log(`from ${at}:`)
    const findings = (await compareBatch(batch)) ?? (await compareSingly(batch))
    for (const task of batch) {
      const mine = findings.filter((one) => one.task === task)
      if (mine.length > 0) counted.push(mine), tell(counted.length, mine)
    }
  }
  summary(counted)
}

/** Only what the dry run calls each task, on a fresh host: Ansible is not asked. */
function planOnly(tasks: readonly Drawn[]): void {
  const called = new Map<string, number>()
  for (let at = 0; at < tasks.length; at += 25) {
    const batch = tasks.slice(at, at + 25)
    writeProject(batch)
    for (const [i, status] of predict(batch)) {
      if (['command', 'shell', 'script', 'expect'].includes(batch[i]!.module)) continue
      called.set(status, (called.get(status) ?? 0) + 1)
      if (status === 'unknown') console.log(`unknown: ${batch[i]!.module} ${batch[i]!.file}: ${JSON.stringify(batch[i]!.task).slice(0, 200)}`)
    }
  }
  console.log(`Of tasks that run no program: ${[...called].map(([status, count]) => `${status} ${count}`).join(', ')}`)
}

async function compareSingly(batch: readonly Drawn[]): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const one of batch) findings.push(...((await compareBatch([one])) ?? []))
  return findings
}


/** Undefined where Ansible cannot even read the playbook: one of its tasks is to blame. */
async function compareBatch(batch: readonly Drawn[]): Promise<readonly Finding[] | undefined> {
  const [ours, theirs] = [lab.host('ours'), lab.host('theirs')]
  writeProject(batch)
  const findings: Finding[] = []
  let apart = false
  for (const start of ['clean', 'converged', 'half-configured'] as const) {
    before ??= await Promise.all([readState(ours), readState(theirs)])
    if (start === 'half-configured' && !(await spoil(before))) break
    if (start === 'half-configured') before = await Promise.all([readState(ours, before[0]), readState(theirs, before[1])])
    const right = run('theirs', batch)
    if (!right.results) return undefined
    const left = run('ours', batch)
    const after = await Promise.all([readState(ours, before[0]), readState(theirs, before[1])])
    const wrongHosts = differences([before[0].state, after[0].state], [before[1].state, after[1].state])
    written = start === 'clean' ? changedFiles(before[0].state, after[0].state) : written
    for (const [i, task] of batch.entries()) findings.push(...(findingOf(task, i, start, left, right) ?? []))
    if (wrongHosts.length > 0) console.log(`STATES DIFFER after ${start} of ${batch.map(({ module, file }) => `${module} (${file})`).join(', ')}:\n${wrongHosts.slice(0, 30).map((line) => `    ${line.slice(0, 200)}`).join('\n')}`)
    statesWrong += wrongHosts.length > 0 ? 1 : 0
    before = after
    apart ||= wrongHosts.some((line) => /^(\/var\/lib\/dpkg\/status|unit )/.test(line))
  }
  // Another package or service on one of them would make what comes after differ, too.
  if (apart) await renew()
  return findings
}


async function renew(): Promise<void> {
  rmSync(join(scratch, 'facts'), { recursive: true, force: true })
  await Promise.all(lab.hosts.map(async (host) => (await host.renew(), await prepare(host))))
  before = undefined
}

function findingOf(task: Drawn, i: number, start: Start, left: Run, right: Run): readonly Finding[] | undefined {
  const theirs = right.results?.[i]
  if (!theirs || /is undefined|Could not find or access|Unable to find|couldn't resolve module|not a valid attribute|Error while resolving/.test(String(theirs['msg']))) return undefined
  const failed = theirs['failed'] === true
  const mine = left.results?.[i]
  return [{ task, start, theirs, ours: mine ?? left.output.split('\n').filter((line) => !line.startsWith('{"version"') || /"kept"|bug/.test(line)).join('\n').slice(-1500), failed, idle: failed || theirs['skipped'] === true, predicted: left.predicted.get(i), wrong: [...compare(mine, theirs).filter((line) => !(THOUGHT_OF[task.module] ?? []).includes(line.split(':')[0]!)), ...(left.audit.get(i) ?? [])] }]
}

const changedFiles = (before: HostState, after: HostState): readonly string[] =>
  [...after.keys()].filter((path) => /^\/(etc|opt|srv|usr\/local)\//.test(path) && after.get(path)!.startsWith('f ') && before.get(path) !== after.get(path)).slice(0, 10)

/** Half-configured: files that the batch wrote have another line and other rights. Not those that the system itself could not live with. */
async function spoil([{ state }]: readonly [Kept, Kept]): Promise<boolean> {
  const paths = written.filter((path) => state.has(path) && !/^\/etc\/(passwd|group|shadow|gshadow|sudoers|ssh|pam\.d|apt|nsswitch|ld\.so|systemd|subuid|subgid)/.test(path))
  for (const host of lab.hosts) for (const path of paths) await host.run(`sudo sh -c 'echo "# spoilt" >> "$0"; chmod 600 "$0"' '${path.replaceAll("'", "'\\''")}'`)
  return paths.length > 0
}

/** Twins have one name: roles write it into files. In the background, for a slow mirror takes longer than one command may. */
async function prepare(host: TestHost): Promise<void> {
  await host.run("sudo systemd-run -q sh -c 'hostname twin; echo twin > /etc/hostname; echo 127.0.1.1 twin >> /etc/hosts; export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-apt python3-debian acl git unzip curl gnupg openssl cron locales rsync && touch /run/tutti-oracle-ready'")
  for (let tries = 0; tries < 10; tries++) if ((await host.run('for i in $(seq 50); do [ -e /run/tutti-oracle-ready ] && exit; sleep 1; done; exit 1')).code === 0) return
  throw new Error(`cannot prepare ${host.name}`)
}

function writeProject(batch: readonly Drawn[]): void {
  rmSync(join(scratch, 'roles'), { recursive: true, force: true })
  const plays = batch.map(({ role, task }, i) => {
    const [source, target] = [join(asked.sources!, role), join(scratch, `roles/subject${i}`)]
    mkdirSync(join(target, 'tasks'), { recursive: true })
    for (const name of readdirSync(source)) if (['defaults', 'vars', 'files', 'templates', 'library', 'filter_plugins'].includes(name)) symlinkSync(join(source, name), join(target, name))
    writeFileSync(join(target, 'tasks/main.yml'), JSON.stringify([{ ...task, register: `tutti_oracle_${i}`, ignore_errors: true, ignore_unreachable: true }], null, 1))
    return { hosts: 'host', become: true, vars_files: variableFiles(source), roles: [`subject${i}`] }
  })
  const kept = `{{ {${batch.map((_, i) => `'${i}': hostvars['host']['tutti_oracle_${i}'] | default(none)`).join(', ')}} | to_json }}`
  const keep = { hosts: 'localhost', gather_facts: false, tasks: [{ name: 'kept', copy: { content: kept, dest: join(scratch, 'result.json') } }] }
  writeFileSync(join(scratch, 'play.yml'), JSON.stringify([...plays, keep]))
  for (const [i, play] of plays.entries()) writeFileSync(join(scratch, `play-${i}.yml`), JSON.stringify([play]))
  for (const { name, address, user, privateKeyFile, knownHostsFile } of lab.hosts) writeFileSync(join(scratch, name), `host ansible_host=${address} ansible_user=${user} ansible_ssh_private_key_file=${privateKeyFile} ansible_ssh_common_args='-o UserKnownHostsFile=${knownHostsFile}'\nlocalhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n`)
  if (!existsSync(join(scratch, 'ansible.cfg'))) writeFileSync(join(scratch, 'ansible.cfg'), '[defaults]\n')
}

function call(who: 'ours' | 'theirs', play: string, program: string, ...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, [...args, '-i', join(scratch, who), play], { cwd: scratch, timeout: 1200_000, encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, ANSIBLE_NOCOLOR: '1', ANSIBLE_DEPRECATION_WARNINGS: '0', ANSIBLE_PIPELINING: '1', ...(program === TUTTI ? {} : REMEMBERED) } })
  return stdout + stderr
}

const events = (output: string): any[] => output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))

/** What the dry run says of each task alone: in one run with the others it would have to reckon with what they might do. */
function predict(batch: readonly Drawn[]): ReadonlyMap<number, string> {
  return new Map(batch.flatMap((_, i) => {
    const dry = events(call('ours', `play-${i}.yml`, TUTTI, 'run', '--check', '--output', 'json'))
    const planned = numbersOf(dry)
    return dry.flatMap((event) => (event.type === 'result' && planned.has(event.task) ? [[i, String(event.result.status)] as const] : []))
  }))
}

function run(who: 'ours' | 'theirs', batch: readonly Drawn[]): Run {
  const kept = join(scratch, 'result.json')
  rmSync(kept, { force: true })
  const predicted = who === 'ours' ? predict(batch) : new Map<number, string>()
  const output = who === 'ours' ? call(who, 'play.yml', TUTTI, 'run', '--audit', '--output', 'json') : call(who, 'play.yml', asked.ansible)
  const real = who === 'ours' ? events(output) : []
  const audit = new Map<number, string[]>()
  const numbers = numbersOf(real)
  for (const { task, kind, detail } of real.flatMap((event) => (event.type === 'audit' ? event.differences : []))) if (numbers.has(task)) audit.set(numbers.get(task)!, [...(audit.get(numbers.get(task)!) ?? []), `dry run: ${kind} ${detail}`])
  return { results: existsSync(kept) ? (JSON.parse(readFileSync(kept, 'utf8')) as Record<number, Fields>) : undefined, output, audit, predicted }
}

/** The place of a task in its batch, by its role. */
const numbersOf = (events: readonly any[]): ReadonlyMap<string, number> =>
  new Map(events.flatMap((event) => (event.type === 'task-start' && /\/subject\d+\//.test(event.span.file) ? [[event.task as string, Number(/\/subject(\d+)\//.exec(event.span.file)![1])] as const] : [])))

function compare(ours: Fields | undefined, theirs: Fields): readonly string[] {
  if (!ours) return ['ours gave no result']
  const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
  const differs = (a: Fields, b: Fields, where: string): readonly string[] => Object.keys(b).filter((key) => !VOLATILE.has(key) && !(key === 'size' && b['state'] === 'directory') && !key.startsWith('_ansible') && key !== 'results' && JSON.stringify(sorted(a[key])) !== JSON.stringify(sorted(b[key]))).map((key) => `${where}${key}: ours ${JSON.stringify(a[key])} , theirs ${JSON.stringify(b[key])}`)
  const failed = theirs['failed'] === true
  const items = Array.isArray(theirs['results']) && !failed ? (theirs['results'] as unknown[]).flatMap((item, i) => differs(fields((ours['results'] as unknown[] | undefined)?.[i]), fields(item), `results[${i}].`)) : []
  return [...(!failed && ours['failed'] === true ? [`failed: ${String(ours['msg'])}`] : []), ...differs(ours, failed ? { failed: true } : theirs, ''), ...items]
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]))
}

function tell(number: number, findings: readonly Finding[]): void {
  for (const finding of findings) {
    if (asked.out) appendFileSync(asked.out, `${JSON.stringify({ number, ...finding })}\n`)
    const { task, start, wrong, failed, predicted } = finding
    console.log(`${number} ${task.module} ${start}${failed ? ' (failed)' : ''} [dry run: ${predicted}] ${wrong.length === 0 ? 'same' : `DIFFERS ${task.file}: ${JSON.stringify(task.task).slice(0, 200)}`}`)
    for (const line of wrong) console.log(`    ${line.slice(0, 300)}`)
  }
}

function summary(counted: readonly (readonly Finding[])[]): void {
  const all = counted.flat()
  const good = all.filter(({ wrong }) => wrong.length === 0)
  const known = all.filter(({ task }) => !['command', 'shell', 'script', 'expect'].includes(task.module))
  const dry = all.filter(({ wrong }) => wrong.some((line) => line.startsWith('dry run')))
  console.log(`${statesWrong} runs of batches left other states\n${counted.length} tasks (${counted.filter(([first]) => first!.idle).length} of them fail or are skipped under Ansible), ${all.length} runs on each twin: ${good.length} the same; ${dry.length} in which the dry run was wrong; unknown in ${known.filter(({ predicted }) => predicted === 'unknown').length} of ${known.length} that run no program`)
}

lab = await withLab('oracle', { ours: { memory: '1G', cpus: 2 }, theirs: { memory: '1G', cpus: 2 } })
scratch = mkdtempSync(join(tmpdir(), 'tutti-oracle-'))
try {
  await compareAll()
} finally {
  await lab.down()
  rmSync(scratch, { recursive: true, force: true })
}
