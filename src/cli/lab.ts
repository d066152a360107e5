import { readFileSync } from 'node:fs'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import { parseLabFile } from '../lab/lab-file.ts'
import { showSize } from '../lab/lab-size.ts'
import type { LabSpec } from '../lab/lab-spec.ts'
import { type LabHostLine, labDown, labLines, labUp, openLab } from '../lab/lab.ts'
import { sshSession } from '../lab/ssh-session.ts'
import { columns } from '../text/columns.ts'
import { parseYamlValue } from '../yaml/parse-value.ts'
import { type Terminal, defineCommand } from './command.ts'
import { UsageProblem, flag, text } from './options.ts'

/** What `tutti lab` does with the lab of a file. */
type Action = (spec: LabSpec, terminal: Terminal, rest: readonly string[], purge: boolean) => Promise<number>

const ACTIONS: Readonly<Record<string, Action>> = { up, down, list, status, ssh }
const DEFAULT_FILE = 'inventory/lab.yml'

export const labCommand = defineCommand({
  name: 'lab',
  summary: 'Make hosts to try things on, from an inventory: Multipass machines, or systemd-nspawn hosts on Linux.',
  operands: 'up|down|list|status|ssh [HOST [COMMAND…]]',
  examples: [
    ['tutti lab up -f inventory/lab.yml', 'make what is missing, start what is off'],
    ['tutti run -i inventory/lab.yml site.yml', 'the same file is the inventory'],
    ['tutti lab ssh n1 -- df -h', 'one command, or a shell without one'],
    ['tutti lab status', 'exit code 0 when every host runs'],
    ['tutti lab down', 'remove the hosts and all that belongs to them'],
  ],
  notes: [
    'Hosts keep their own ssh key, host keys and known hosts beside the lab; nothing of yours is touched, and no host key is taken on trust.',
    'Without `driver:` in the file, Multipass is taken where it is installed, systemd-nspawn on Linux as root otherwise.',
  ],
  options: {
    file: text('-f --file', 'FILE', `the lab file; ${DEFAULT_FILE} when it is not given`),
    purge: flag('--purge', 'with down: remove the images that are kept for the next lab, too'),
  },
  run: async ({ values, operands }, terminal) => {
    const [word = '', ...rest] = operands
    const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined
    if (!action) throw usage(word ? `lab ${word}` : 'lab: nothing to do is named', didYouMean(word, Object.keys(ACTIONS)) ?? `one of ${Object.keys(ACTIONS).join(', ')}`)
    if (rest.length > 0 && action !== ssh) throw usage(`lab ${word} ${rest.join(' ')}`, `lab ${word} takes the whole lab: -f FILE`)
    if (values.purge && action !== down) throw usage(`lab ${word} --purge`, '--purge goes with down')
    return action(loadLabFile(values.file ?? DEFAULT_FILE), terminal, rest, values.purge)
  },
})

const usage = (detail: string, hint: string): UsageProblem => new UsageProblem({ code: 'bad-usage', summary: 'the lab command was not understood', detail, hint })

/** The lab file, read from disk. */
export function loadLabFile(file: string): LabSpec {
  return parseLabFile(parseYamlValue(readText(file), { file, templates: true, duplicates: 'refuse' }), file)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const detail = code === 'ENOENT' ? `${file} is not there` : message
    throw new Problem({ code: 'lab-file-unreadable', summary: 'the lab file cannot be read', detail, hint: 'name it with -f' })
  }
}

async function up(spec: LabSpec, { out }: Terminal): Promise<number> {
  await labUp(spec, (sentence) => out(`${sentence}\n`))
  out(showLines(await labLines(spec)))
  return 0
}

async function down(spec: LabSpec, { out }: Terminal, _: readonly string[], purge: boolean): Promise<number> {
  const lab = openLab(spec, (sentence) => out(`${sentence}\n`))
  const instances = [...(await lab.driver.list()).keys()].map((name) => `${name} (${lab.host(name).instance})`)
  out(`removing ${instances.join(', ') || 'no hosts'}, their disks, and ${lab.directory}\n`)
  await labDown(lab)
  if (purge) await lab.driver.purge()
  return 0
}

async function list(spec: LabSpec, { out }: Terminal): Promise<number> {
  const lines = await labLines(spec)
  const sizes = new Map(spec.hosts.map((host) => [host.name, [String(host.cpus), showSize(host.memory), showSize(host.disk), host.image ?? 'default']]))
  const rows = lines.map((line) => [line.name, line.state, line.address, line.zone, line.groups.join(','), ...(sizes.get(line.name) ?? [])])
  out(showTable(['HOST', 'STATE', 'ADDRESS', 'ZONE', 'GROUPS', 'CPUS', 'MEMORY', 'DISK', 'IMAGE'], rows))
  return 0
}

async function status(spec: LabSpec, { out }: Terminal): Promise<number> {
  const lines = await labLines(spec)
  out(showLines(lines))
  return lines.every((line) => line.state === 'running') ? 0 : 1
}

async function ssh(spec: LabSpec, _: Terminal, [host, ...command]: readonly string[]): Promise<number> {
  if (host === undefined) throw usage('lab ssh: no host is named', `one of ${spec.hosts.map(({ name }) => name).join(', ')}`)
  return sshSession(openLab(spec), host, command)
}

function showLines(lines: readonly LabHostLine[]): string {
  return showTable(['HOST', 'ADDRESS', 'ZONE', 'STATE'], lines.map(({ name, address, zone, state, remark }) => [name, address, zone, remark ? `${state} (${remark})` : state]))
}

const showTable = (head: readonly string[], rows: readonly (readonly string[])[]): string => `${columns([head, ...rows.map((row) => row.map((cell) => cell || '-'))])}\n`
