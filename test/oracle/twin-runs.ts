import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { controls } from '../../src/engine/control/controls.ts'
import { registry } from '../../src/modules/registry.ts'
import { type TestHost, withLab } from '../lab/with-lab.ts'
import { type Drawn, drawTasks, isComplete, variableFiles } from './draw-tasks.ts'
import { type HostState, differences, readState } from './host-state.ts'

/**
 * Tasks of public roles, each alone, run by Ansible on one host and by tutti on its twin, from the same start: the same `changed`,
 * the same fields of the result, the same files and units after it. Each runs twice (clean, then converged), and once more after the first
 * file it wrote was spoilt (half-configured); tutti runs with --audit, so that each dry run is compared with its run, too.
 *   node test/oracle/twin-runs.ts --sources DIR --ansible PATH/ansible-playbook [--tasks 250] [--seed 1] [--only MODULE] [--out FILE.jsonl]
 * DIR holds checked-out repositories. Makes two hosts with the nspawn driver (root on Linux). Tasks that Ansible cannot run for want of
 * variables or files are drawn again.
 */
const { values: asked } = parseArgs({ options: { sources: { type: 'string' }, ansible: { type: 'string', default: 'ansible-playbook' }, tasks: { type: 'string', default: '250' }, seed: { type: 'string', default: '1' }, only: { type: 'string' }, out: { type: 'string' } } })
const TUTTI = join(import.meta.dirname, '../../bin/tutti')
/** They end connections, wait for people, or need another machine. */
const NOT_ALONE = new Set(['reboot', 'wait_for_connection', 'wait_for', 'pause', 'async_status', 'setup', 'ping', 'raw', 'redis_cluster', 'redis_settings', 'synchronize', 'fetch', 'hostname', 'iptables', 'ufw'])
/** Fields that say when, where and how, not what. */
const VOLATILE = new Set(['start', 'end', 'delta', 'invocation', 'diff', 'atime', 'mtime', 'ctime', 'inode', 'dev', 'pid', 'warnings', 'deprecations', 'exception', 'ansible_facts', 'backup_file', 'elapsed', 'cache_update_time', 'src', 'status', 'stat', 'files', 'module_stdout', 'module_stderr', 'ansible_loop_var', 'skipped_reason', 'stdout', 'stdout_lines', 'stderr', 'stderr_lines', 'msg', 'before', 'after', 'examined'])

/** Ansible gathers facts once a host: they are not what is compared here, and take most of its time. */
const REMEMBERED = { ANSIBLE_GATHERING: 'smart', ANSIBLE_CACHE_PLUGIN: 'jsonfile', ANSIBLE_CACHE_PLUGIN_CONNECTION: 'facts' }

/** The first file that a task wrote. */
const firstChanged = new Map<Drawn, string>()

interface Run {
  readonly result: Record<string, unknown> | undefined
  readonly output: string
  readonly audit: readonly { readonly kind: string; readonly detail: string }[]
  readonly predicted: string | undefined
}
interface Finding {
  readonly task: Drawn
  readonly start: 'clean' | 'converged' | 'half-configured'
  readonly theirs: unknown
  readonly ours: unknown
  readonly failed: boolean
  /** It did nothing that could be compared. */
  readonly idle: boolean
  readonly wrong: readonly string[]
  readonly predicted: string | undefined
}

const missing = !asked.sources ? '--sources names no directory' : spawnSync(asked.ansible, ['--version']).status !== 0 ? 'Ansible is not installed (--ansible PATH/ansible-playbook)' : process.getuid?.() !== 0 ? 'the hosts need root' : undefined
if (missing) {
  console.log(`skipped: ${missing}`)
  process.exit(0)
}

const lab = await withLab('oracle', { ours: { memory: '1G', cpus: 2 }, theirs: { memory: '1G', cpus: 2 } })
const scratch = mkdtempSync(join(tmpdir(), 'tutti-oracle-'))
try {
  await compareAll()
} finally {
  await lab.down()
  rmSync(scratch, { recursive: true, force: true })
}

async function compareAll(): Promise<void> {
  const [ours, theirs] = [lab.host('ours'), lab.host('theirs')]
  await Promise.all([ours, theirs].map(prepare))
  const modules = new Set(Object.keys(registry).filter((name) => !NOT_ALONE.has(name) && !controls.has(name) && (!asked.only || name === asked.only)))
  const tasks = drawTasks(asked.sources!, modules, Number(asked.seed)).filter((task) => isComplete(asked.sources!, task))
  const counted: Finding[][] = []
  let [a, b] = await Promise.all([readState(ours), readState(theirs)])
  for (const task of tasks) {
    // One that fails or is skipped under Ansible, too, says little: it is compared and told, and another is drawn for it.
    if (counted.filter(([first]) => !first!.idle).length >= Number(asked.tasks)) break
    writeProject(task)
    const findings: Finding[] = []
    for (const start of ['clean', 'converged', 'half-configured'] as const) {
      if (start === 'half-configured' && !(await spoil(findings[0]!, a.state))) break
      const right = run('theirs')
      if (!right.result || /is undefined|Could not find or access|Unable to find|couldn't resolve module|not a valid attribute|Error while resolving/.test(String(right.result['msg']) + right.output.slice(-3000))) break
      const left = run('ours')
      const [nextA, nextB] = await Promise.all([readState(ours, a), readState(theirs, b)])
      findings.push({ task, start, theirs: right.result, ours: left.result ?? left.output.slice(-1500), failed: right.result['failed'] === true, idle: right.result['failed'] === true || right.result['skipped'] === true, predicted: left.predicted, wrong: [...compare(left, right), ...differences([a.state, nextA.state], [b.state, nextB.state]).slice(0, 12)] })
      changedOf(findings.at(-1)!, a.state, nextA.state)
      ;[a, b] = [nextA, nextB]
      if (right.result['failed'] === true) break
    }
    if (findings.length > 0) counted.push(findings), tell(counted.length, findings)
    // Another package or service on one of them would make what comes after differ, too.
    if (findings.some(({ wrong }) => wrong.some((line) => /^(\/var\/lib\/dpkg\/status|unit ).* \| theirs /.test(line)))) {
      rmSync(join(scratch, 'facts'), { recursive: true, force: true })
      await Promise.all([ours, theirs].map(async (host) => (await host.renew(), await prepare(host))))
      ;[a, b] = await Promise.all([readState(ours), readState(theirs)])
    }
  }
  summary(counted)
}

function changedOf({ task, start }: Finding, before: HostState, after: HostState): void {
  const path = start === 'clean' ? [...after.keys()].find((one) => /^\/(etc|opt|srv|usr\/local)\//.test(one) && after.get(one)!.startsWith('f ') && before.get(one) !== after.get(one)) : undefined
  if (path) firstChanged.set(task, path)
}

/** Half-configured: what the task wrote first has another line and other rights. */
async function spoil({ task }: Finding, now: HostState): Promise<boolean> {
  const path = firstChanged.get(task)
  if (!path || !now.has(path)) return false
  for (const host of lab.hosts) await host.run(`sudo sh -c 'echo "# spoilt" >> "$0"; chmod 600 "$0"' '${path.replaceAll("'", "'\\''")}'`)
  return true
}

/** In the background, for a slow mirror takes longer than one command may. */
async function prepare(host: TestHost): Promise<void> {
  await host.run("sudo systemd-run -q sh -c 'export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-apt python3-debian acl git unzip curl gnupg openssl cron locales rsync && touch /run/tutti-oracle-ready'")
  for (let tries = 0; tries < 10; tries++) if ((await host.run('for i in $(seq 50); do [ -e /run/tutti-oracle-ready ] && exit; sleep 1; done; exit 1')).code === 0) return
  throw new Error(`cannot prepare ${host.name}`)
}

function writeProject({ role, task }: Drawn): void {
  const [source, target] = [join(asked.sources!, role), join(scratch, 'roles/subject')]
  rmSync(join(scratch, 'roles'), { recursive: true, force: true })
  mkdirSync(join(target, 'tasks'), { recursive: true })
  for (const name of readdirSync(source)) if (['defaults', 'vars', 'files', 'templates', 'library', 'filter_plugins'].includes(name)) symlinkSync(join(source, name), join(target, name))
  const body = [{ ...task, register: 'tutti_oracle', ignore_errors: true }, { name: 'kept', copy: { content: '{{ tutti_oracle | to_json }}', dest: join(scratch, 'result.json') }, delegate_to: 'localhost', become: false }]
  writeFileSync(join(target, 'tasks/main.yml'), JSON.stringify(body, null, 1))
  writeFileSync(join(scratch, 'play.yml'), JSON.stringify([{ hosts: 'all', become: true, vars_files: variableFiles(source), roles: ['subject'] }]))
  for (const { name, address, user, privateKeyFile, knownHostsFile } of lab.hosts) writeFileSync(join(scratch, name), `host ansible_host=${address} ansible_user=${user} ansible_ssh_private_key_file=${privateKeyFile} ansible_ssh_common_args='-o UserKnownHostsFile=${knownHostsFile}'\nlocalhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n`)
  if (!existsSync(join(scratch, 'ansible.cfg'))) writeFileSync(join(scratch, 'ansible.cfg'), '[defaults]\n')
}

function run(who: 'ours' | 'theirs'): Run {
  const kept = join(scratch, 'result.json')
  rmSync(kept, { force: true })
  const call = (program: string, ...args: readonly string[]): string => {
    const { stdout, stderr } = spawnSync(program, [...args, '-i', join(scratch, who), '-l', 'host', 'play.yml'], { cwd: scratch, timeout: 300_000, encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, ANSIBLE_NOCOLOR: '1', ANSIBLE_DEPRECATION_WARNINGS: '0', ANSIBLE_PIPELINING: '1', ...(program === TUTTI ? {} : REMEMBERED) } })
    return stdout + stderr
  }
  const events = (output: string): any[] => output.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
  const dry = who === 'ours' ? events(call(TUTTI, 'run', '--check', '--output', 'json')) : []
  const output = who === 'ours' ? call(TUTTI, 'run', '--audit', '--output', 'json') : call(asked.ansible)
  // The last two results are the task's and the one that keeps it.
  const predicted = dry.filter((event) => event.type === 'result').at(-2)?.result.status
  const audit = events(output).flatMap((event) => (event.type === 'audit' ? event.differences : [])).filter(({ name }) => !String(name).endsWith('kept'))
  return { result: existsSync(kept) ? (JSON.parse(readFileSync(kept, 'utf8')) as Record<string, unknown>) : undefined, output, audit, predicted }
}

function compare({ result: ours, audit }: Run, { result: theirs }: Run): readonly string[] {
  const told = audit.map(({ kind, detail }) => `dry run: ${kind} ${detail}`)
  if (!ours) return ['ours gave no result', ...told]
  const fields = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {})
  const differs = (a: Record<string, unknown>, b: Record<string, unknown>, where: string): readonly string[] => Object.keys(b).filter((key) => !VOLATILE.has(key) && !key.startsWith('_ansible') && key !== 'results' && JSON.stringify(sorted(a[key])) !== JSON.stringify(sorted(b[key]))).map((key) => `${where}${key}: ours ${JSON.stringify(a[key])} , theirs ${JSON.stringify(b[key])}`)
  const failed = theirs!['failed'] === true
  const only = failed ? { failed: true } : theirs!
  const items = Array.isArray(theirs!['results']) && !failed ? (theirs!['results'] as unknown[]).flatMap((item, i) => differs(fields((ours['results'] as unknown[] | undefined)?.[i]), fields(item), `results[${i}].`)) : []
  return [...(failed ? [] : ours['failed'] === true ? [`failed: ${String(ours['msg'])}`] : []), ...differs(ours, only, ''), ...items, ...told]
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
  console.log(`${counted.length} tasks (${counted.filter(([first]) => first!.idle).length} of them fail or are skipped under Ansible), ${all.length} runs on each twin: ${good.length} the same; ${dry.length} in which the dry run was wrong; unknown in ${known.filter(({ predicted }) => predicted === 'unknown').length} of ${known.length} that run no program`)
}
