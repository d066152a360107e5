import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type TestHost, withLab } from '../lab/with-lab.ts'

/**
 * The facts of one host as Ansible and as tutti tell them, as root and as the user who logs in.
 *   node test/oracle/facts.ts [--ansible PATH/ansible-playbook] [--usage FILE.md] [--all]
 * FILE.md counts facts of real roles in a table (`| \`name\` | count |` under a heading `Facts`): those that count at least twice are
 * compared, and with --all (or without a file) whatever either of the two tells. Makes a host with the nspawn driver (root on Linux).
 */
const { values: asked } = parseArgs({ options: { ansible: { type: 'string', default: 'ansible-playbook' }, usage: { type: 'string' }, all: { type: 'boolean' } } })
const TUTTI = join(import.meta.dirname, '../../bin/tutti')

type Facts = Readonly<Record<string, unknown>>
type Verdict = 'equal' | 'equal in shape' | 'differs' | 'missing' | 'missing, for a reason' | 'only ours' | 'neither tells it'

/** Another value a moment later: only the shape is compared. Paths below a fact; `*` is any one name. */
const MOVING = ['date_time.*', 'uptime_seconds', 'memfree_mb', 'swapfree_mb', 'loadavg.*', 'memory_mb.*.used', 'memory_mb.*.free', 'memory_mb.swap.cached', 'mounts.*.block_available', 'mounts.*.block_used', 'mounts.*.inode_available', 'mounts.*.inode_used', 'mounts.*.size_available', 'env.SSH_CLIENT', 'env.SSH_CONNECTION', 'env.XDG_SESSION_ID', 'services.*.state'].map((path) => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll('*', '[^.]+')}$`))

/** In no order, or told by one and not by the other for a reason: docs/facts.md says it. */
const UNORDERED = new Set(['interfaces', 'virtualization_tech_guest', 'virtualization_tech_host'])
const KNOWN = new Set(['packages.lsb-base.0.category', '_ansible_facts_gathered', 'env._', 'env.LANG', 'env.SUDO_COMMAND'])

const missing = spawnSync(asked.ansible, ['--version']).status !== 0 ? 'Ansible is not installed (--ansible PATH/ansible-playbook)' : process.getuid?.() !== 0 ? 'the host needs root' : undefined
if (missing) {
  console.log(`skipped: ${missing}`)
  process.exit(0)
}

const lab = await withLab('facts', { host: { memory: '1G', cpus: 2 } })
const scratch = mkdtempSync(join(tmpdir(), 'tutti-facts-'))
let differing = 0
try {
  const [host] = lab.hosts as readonly [TestHost]
  await furnish(host)
  for (const become of [true, false]) {
    writeProject(host, become)
    const [theirs, ours] = [gather(asked.ansible), gather(TUTTI, 'run')]
    console.log(`${become ? 'as root' : `as ${host.user}`}:`)
    differing += tell(ours, theirs)
  }
} finally {
  await lab.down()
  rmSync(scratch, { recursive: true, force: true })
}
process.exitCode = differing > 0 ? 1 : 0

/** Something for each kind of fact: Python for Ansible, the host's own facts, a bridge, second addresses, mounts of files and memory. */
async function furnish(host: TestHost): Promise<void> {
  const script = `
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-apt iproute2 libcap2-bin lsb-release nvme-cli lvm2 || exit
    mkdir -p /etc/ansible/facts.d /mnt/memory /mnt/bound
    echo '{"list": [1, {"a": null}]}' > /etc/ansible/facts.d/json.fact
    printf '[Main]\\nKey = a: b\\n' > /etc/ansible/facts.d/ini.fact
    printf '#!/bin/sh\\necho "{\\\\"user\\\\": \\\\"$(id -un)\\\\"}"\\n' > /etc/ansible/facts.d/program.fact; chmod 755 /etc/ansible/facts.d/program.fact
    mount -t tmpfs -o size=1m tmpfs /mnt/memory; mkdir -p /var/lib/bound; mount --bind /var/lib/bound /mnt/bound
    ip link add br0 type bridge && ip link set br0 up && ip link add br-1.5 type bridge && ip addr add 192.0.2.65/28 dev br-1.5 && ip addr add 192.0.2.66/28 dev br-1.5 label br-1.5:s && ip addr add 192.0.2.33/28 dev br-1.5 label br-1.5:t; ip addr add 192.0.2.1/28 brd + dev br0
    ip link add d0 type veth peer name d1 && ip link set d0 master br0; ip link set d1 up && ip addr add 198.51.100.7/24 dev d1 label d1:x && ip addr add 198.51.100.8/24 dev d1 && ip -6 addr add 2001:db8::7/64 dev d1
    ip route add local 203.0.113.0/24 dev lo
    true`
  const { code, stderr } = await host.run(`sudo sh -c '${script.replaceAll("'", `'\\''`)}'`)
  if (code !== 0) throw new Error(`cannot prepare the host: ${stderr}`)
}

function writeProject({ address, user, privateKeyFile, knownHostsFile }: TestHost, become: boolean): void {
  const others = [{ package_facts: {} }, { service_facts: {} }, ...['passwd', 'group', 'shadow'].map((database) => ({ getent: { database }, become: true }))]
  const keep = { copy: { content: '{{ ansible_facts | to_json }}', dest: join(scratch, 'facts.json') }, delegate_to: 'localhost', become: false }
  writeFileSync(join(scratch, 'play.yml'), JSON.stringify([{ hosts: 'all', become, gather_facts: true, tasks: [...others, keep] }]))
  writeFileSync(join(scratch, 'hosts'), `host ansible_host=${address} ansible_user=${user} ansible_ssh_private_key_file=${privateKeyFile} ansible_ssh_common_args='-o UserKnownHostsFile=${knownHostsFile}'\nlocalhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n`)
  writeFileSync(join(scratch, 'ansible.cfg'), '[defaults]\n')
}

function gather(program: string, ...args: readonly string[]): Facts {
  rmSync(join(scratch, 'facts.json'), { force: true })
  const { stdout, stderr } = spawnSync(program, [...args, '-i', join(scratch, 'hosts'), '-l', 'host', 'play.yml'], { cwd: scratch, timeout: 300_000, encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, ANSIBLE_NOCOLOR: '1', ANSIBLE_PIPELINING: '1' } })
  try {
    return JSON.parse(readFileSync(join(scratch, 'facts.json'), 'utf8')) as Facts
  } catch {
    throw new Error(`${program} told no facts: ${(stdout + stderr).slice(-2000)}`)
  }
}

function tell(ours: Facts, theirs: Facts): number {
  const counted = countedTwice()
  const both = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].sort()
  const names = asked.all || counted.length === 0 ? [...counted, ...both.filter((name) => !counted.includes(name))] : counted
  const verdicts = names.map((name) => {
    const places = differences(...([ours[name], theirs[name]].map((value) => (UNORDERED.has(name) && Array.isArray(value) ? value.toSorted() : value)) as [unknown, unknown]), name).filter((place) => !KNOWN.has(place.split(':')[0]!))
    const verdict: Verdict = !(name in theirs) ? (name in ours ? 'only ours' : 'neither tells it') : !(name in ours) ? (KNOWN.has(name) ? 'missing, for a reason' : 'missing') : places.length > 0 ? 'differs' : JSON.stringify(sorted(ours[name])) === JSON.stringify(sorted(theirs[name])) || UNORDERED.has(name) ? 'equal' : 'equal in shape'
    console.log(`  ${name}: ${verdict}${verdict === 'missing' ? `: ${JSON.stringify(theirs[name])?.slice(0, 300)}` : ''}`)
    if (verdict === 'differs') for (const place of places.slice(0, 40)) console.log(`      ${place}`)
    return verdict
  })
  const bad = verdicts.filter((verdict) => verdict === 'differs' || verdict === 'missing').length
  console.log(`  ${verdicts.length} facts: ${[...new Set(verdicts)].map((verdict) => `${verdicts.filter((one) => one === verdict).length} ${verdict}`).join(', ')}`)
  return bad
}

/** Names of the table of facts with a count of two or more. */
function countedTwice(): readonly string[] {
  if (!asked.usage) return []
  const [, section = ''] = /^## [^\n]*\bFacts\b[^\n]*\n([^]*?)(?=^## |$(?![^]))/m.exec(readFileSync(asked.usage, 'utf8')) ?? []
  return [...section.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].filter(([, , count]) => Number(count) >= 2).map(([, name]) => (name === 'local' ? 'ansible_local' : name!))
}

/** Each place where the two are not alike. */
function differences(ours: unknown, theirs: unknown, path: string): readonly string[] {
  const isRecord = (value: unknown): value is Facts => typeof value === 'object' && value !== null
  if (isRecord(ours) && isRecord(theirs) && Array.isArray(ours) === Array.isArray(theirs)) return [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].flatMap((key) => differences(ours[key], theirs[key], `${path}.${key}`))
  const alike = MOVING.some((pattern) => pattern.test(path)) ? shape(ours) === shape(theirs) : JSON.stringify(sorted(ours)) === JSON.stringify(sorted(theirs))
  return alike ? [] : [`${path}: ours ${JSON.stringify(ours)?.slice(0, 150)}, theirs ${JSON.stringify(theirs)?.slice(0, 150)}`]
}

/** Text with every number made the same; the kind of everything else. */
function shape(value: unknown): string {
  return typeof value === 'string' ? value.replace(/\d+/g, '0').replace(/[A-Z][a-z]+day/, 'day') : typeof value
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]))
}
