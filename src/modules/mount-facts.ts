import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { fnmatch } from '../contract/fnmatch.ts'
import { unescapeMount } from '../host/mount.ts'
import type { Reader } from '../host/reader.ts'
import { choice, flag, list, number, raw, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Dict, type Value, dict } from '../value/value.ts'

const DYNAMIC = ['/etc/mtab', '/proc/mounts', '/etc/mnttab']
const STATIC = ['/etc/fstab', '/etc/vfstab', '/etc/filesystems']

interface Mount {
  readonly mount: string
  readonly source: string
  readonly line: string
  readonly facts: Readonly<Record<string, Value>>
}

export const mountFacts = defineModule({
  name: 'mount_facts',
  summary: 'Find out what is mounted, as the fact `mount_points`.',
  notes: ['Sizes need `stat -f` on the host, UUIDs lsblk (util-linux).'],
  examples: `
- name: What is on disks
  mount_facts: { devices: ["/dev/*"], sources: [dynamic] }
- name: How much is free in memory file systems
  mount_facts: { fstypes: [tmpfs], sources: [dynamic] }
- name: The mount points
  debug: { msg: "{{ ansible_facts.mount_points.keys() | sort | list }}" }
`,
  params: {
    devices: list(text(''), 'Patterns: only mounts of these devices.'),
    fstypes: list(text(''), 'Patterns: only file systems of these types.'),
    sources: list(text(''), 'Where to look: dynamic, static, all, or files like /proc/mounts; the value of mount_binary too.'),
    mount_binary: raw('The program that tells what is mounted where no dynamic file does; null for none.', { default: 'mount' }),
    timeout: number('Seconds that each mount may take to tell its size.'),
    on_timeout: choice(['error', 'warn', 'ignore'], 'What happens with one that takes longer.', { default: 'error' }),
    include_aggregate_mounts: flag('Also tell all mounts of a place that has several, as `aggregate_mounts`.'),
  },
  async probe(host, { devices, fstypes, sources, mount_binary, timeout, on_timeout, include_aggregate_mounts }) {
    if (timeout !== undefined && timeout <= 0) fail('argument \'timeout\' must be a positive number or null')
    const program = typeof mount_binary === 'string' && mount_binary !== '' ? mount_binary : undefined
    const found = (await readSources(host, sources ?? ['all'], program))
      .filter(({ facts }) => matches(devices, facts.device) && matches(fstypes, facts.fstype))
    const sized = await withSizes(host, found, timeout, on_timeout)
    const points = new Map<Value, Value>()
    for (const one of sized) if (!points.has(one.mount)) points.set(one.mount, one.facts)
    return { facts: dict({ mount_points: points, aggregate_mounts: include_aggregate_mounts ? sized.map(({ facts }) => facts) : [] }) }
  },
  plan: (_params, before) => before,
  result: ({ before }) => ({ outputs: { ansible_facts: before.facts } }),
})

const matches = (patterns: readonly string[] | undefined, value: Value | undefined): boolean => patterns === undefined || patterns.some((pattern) => fnmatch(pattern).test(String(value)))

async function readSources(host: Reader, wanted: readonly string[], program: string | undefined): Promise<readonly Mount[]> {
  const files = wanted.flatMap((one) => (one === 'all' ? [...DYNAMIC, '@', ...STATIC] : one === 'dynamic' ? [...DYNAMIC, '@'] : one === 'static' ? STATIC : [one]))
  for (const one of wanted) if (one === '') fail('sources contains an empty string')
  const script = files.map((one) => `printf '@@%s\\n' "$(readlink -f -- ${quote(one)} 2>/dev/null)"; ${one === '@' || one === program ? ':' : `cat -- ${quote(one)} 2>/dev/null`}; echo`).join('; ')
  const parts = known(await host.run(script, files.filter((one) => one.startsWith('/')))).stdout.toString().split(/^@@/m).slice(1)
  const seen = new Set<string>()
  const mounts: Mount[] = []
  let dynamic = false
  for (const [i, one] of files.entries()) {
    const [real = '', ...lines] = parts[i]!.split('\n')
    // /proc/mounts is a link that differs for each process.
    const place = real.replace(/^\/proc\/\d+\//, '/proc/self/')
    if (one === program || (one === '@' && !dynamic && program !== undefined)) mounts.push(...await fromProgram(host, program))
    else if (one !== '@' && !seen.has(place)) {
      seen.add(place)
      const here = lines.flatMap((line) => parseLine(one, line))
      if (here.length > 0 && DYNAMIC.includes(one)) dynamic = true
      mounts.push(...here)
    }
  }
  return mounts
}

function parseLine(source: string, line: string): readonly Mount[] {
  const words = line.trim().split(/\s+/)
  if (line.trim() === '' || line.trim().startsWith('#') || words.length < 4) return []
  const [device, mount, fstype, options, dump, passno] = words.map(unescapeMount)
  return [{ mount: mount!, source, line, facts: { device: device!, fstype: fstype!, mount: mount!, options: options!, dump: Number(dump ?? 0), passno: Number(passno ?? 0) } }]
}

/** Lines of Linux: `proc on /proc type proc (rw,relatime)`. */
async function fromProgram(host: Reader, program: string): Promise<readonly Mount[]> {
  const reply = known(await host.run(`LC_ALL=C exec ${quote(program)}`, []))
  if (reply.code !== 0) fail(`Failed to execute ${program}: ${reply.stderr.toString().trim()}`)
  return reply.stdout.toString().split('\n').flatMap((line): readonly Mount[] => {
    const match = /^(.+?) on (.+) type (\S+) \((.*)\)$/.exec(line)
    return match ? [{ mount: match[2]!, source: program, line, facts: { device: match[1]!, fstype: match[3]!, mount: match[2]!, options: match[4]! } }] : []
  })
}

async function withSizes(host: Reader, mounts: readonly Mount[], timeout: number | undefined, late: 'error' | 'warn' | 'ignore'): Promise<readonly { readonly mount: string; readonly facts: Dict }[]> {
  if (mounts.length === 0) return []
  const limit = timeout === undefined ? '' : `timeout ${timeout} `
  const script = `${mounts.map(({ mount }) => `s=$(${limit}stat -f -c '%s %S %b %a %c %d' -- ${quote(mount)} 2>/dev/null); echo "$? $s"`).join('; ')}; echo @@; LC_ALL=C lsblk -ln -o PATH,UUID 2>/dev/null`
  const [sizes = '', blocks = ''] = known(await host.run(script, [])).stdout.toString().split('@@\n')
  const ids = new Map(blocks.split('\n').map((line) => line.trim().split(/\s+/)).flatMap(([device, uuid]) => (device && uuid ? [[device, uuid] as const] : [])))
  const lines = sizes.split('\n')
  return mounts.flatMap((one, i) => {
    const [code, ...figures] = lines[i]!.trim().split(' ').map(Number)
    if (timeout !== undefined && code === 124) return late === 'error' ? fail(`Timed out getting mount size for mount ${one.mount} (type ${String(one.facts.fstype)})`) : []
    const [size, unit, total, free, inodes, spare] = figures as [number, number, number, number, number, number]
    const figured = code !== 0 ? {} : {
      size_total: unit * total, size_available: unit * free, block_size: size, block_total: total, block_available: free, block_used: total - free,
      inode_total: inodes, inode_available: spare, inode_used: inodes - spare,
    }
    return [{ mount: one.mount, facts: dict({ ...one.facts, ...figured, uuid: ids.get(String(one.facts.device)) ?? null, ansible_context: dict({ source: one.source, source_data: one.line }) }) }]
  })
}
