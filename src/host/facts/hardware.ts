import { deviceFacts, linkFacts, linksOf } from './disks.ts'
import type { Collected } from './facts-script.ts'
import { lvmFacts } from './lvm-facts.ts'

/** Processors, memory, mounts, disks and what the firmware says of the machine. */
export function hardwareFacts(collected: Collected): Record<string, unknown> {
  const { file } = collected
  return {
    ...processorFacts(file('/proc/cpuinfo') ?? '', Number(collected.section('nproc')) || undefined), ...memoryFacts(file('/proc/meminfo') ?? ''), ...firmwareFacts(file),
    uptime_seconds: Math.floor(Number((file('/proc/uptime') ?? '0').split(' ')[0])), mounts: mountFacts(collected), devices: deviceFacts(collected), device_links: linkFacts(collected), lvm: lvmFacts(collected.section('lvm')),
  }
}

/** A list with three entries a processor (number, vendor, model), and Ansible's counts. */
export function processorFacts(cpuinfo: string, nproc?: number): Record<string, unknown> {
  const blocks = cpuinfo.split(/\n\s*\n/).map((block) => new Map(block.split('\n').filter((line) => line.includes(':')).map((line) => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()] as const)))
  const cpus = blocks.filter((block) => block.has('processor'))
  const list = cpus.flatMap((block) => ['processor', 'vendor_id', 'model name', 'Processor'].flatMap((key) => block.get(key) ?? []))
  const sockets = new Map<string, { cores: number; siblings: number }>()
  for (const block of cpus) if (block.has('physical id')) sockets.set(block.get('physical id')!, { cores: Number(block.get('cpu cores') ?? 1), siblings: Number(block.get('siblings') ?? 1) })
  const [socket] = sockets.values()
  const vcpus = nproc ?? Math.max(cpus.length, 1)
  const cores = socket?.cores ?? 1
  const threads = socket ? Math.max(1, Math.floor(socket.siblings / socket.cores)) : 1
  const count = sockets.size || cpus.length || 1
  const flags = cpus[0]?.get('flags') ?? cpus[0]?.get('Features')
  return {
    processor: list, processor_count: count, processor_cores: cores, processor_threads_per_core: threads, processor_vcpus: sockets.size > 0 ? count * cores * threads : vcpus, processor_nproc: vcpus, ...(flags ? { flags: flags.split(/\s+/) } : {}),
  }
}

/** All in MiB, as Ansible rounds: down. */
export function memoryFacts(meminfo: string): Record<string, unknown> {
  const kilo = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0)
  const mega = (value: number) => Math.floor(value / 1024)
  const [total, free, cached, buffers, swapTotal, swapFree, swapCached] = ['MemTotal', 'MemFree', 'Cached', 'Buffers', 'SwapTotal', 'SwapFree', 'SwapCached'].map(kilo) as [number, number, number, number, number, number, number]
  return {
    memtotal_mb: mega(total), memfree_mb: mega(free), swaptotal_mb: mega(swapTotal), swapfree_mb: mega(swapFree),
    memory_mb: {
      real: { total: mega(total), used: mega(total) - mega(free), free: mega(free) }, nocache: { free: mega(cached + free + buffers), used: mega(total - (cached + free + buffers)) },
      swap: { total: mega(swapTotal), free: mega(swapFree), used: mega(swapTotal - swapFree), cached: mega(swapCached) },
    },
  }
}

const DMI = {
  bios_date: 'bios_date', bios_vendor: 'bios_vendor', bios_version: 'bios_version', board_asset_tag: 'board_asset_tag', board_name: 'board_name', board_serial: 'board_serial', board_vendor: 'board_vendor', board_version: 'board_version',
  chassis_asset_tag: 'chassis_asset_tag', chassis_serial: 'chassis_serial', chassis_vendor: 'chassis_vendor', chassis_version: 'chassis_version', product_name: 'product_name', product_serial: 'product_serial', product_uuid: 'product_uuid',
  product_version: 'product_version', system_vendor: 'sys_vendor',
} as const

// The numbers of the SMBIOS specification, table 17.
const FORMS = ['Unknown', 'Other', 'Unknown', 'Desktop', 'Low Profile Desktop', 'Pizza Box', 'Mini Tower', 'Tower', 'Portable', 'Laptop', 'Notebook', 'Hand Held', 'Docking Station', 'All In One', 'Sub Notebook', 'Space-saving', 'Lunch Box', 'Main Server Chassis', 'Expansion Chassis', 'Sub Chassis', 'Bus Expansion Chassis', 'Peripheral Chassis', 'RAID Chassis', 'Rack Mount Chassis', 'Sealed-case PC', 'Multi-system', 'CompactPCI', 'AdvancedTCA', 'Blade', 'Blade Enclosure', 'Tablet', 'Convertible', 'Detachable', 'IoT Gateway', 'Embedded PC', 'Mini PC', 'Stick PC']

function firmwareFacts(file: Collected['file']): Record<string, unknown> {
  const of = (name: string) => file(`/sys/class/dmi/id/${name}`)?.trim() || undefined
  const form = of('chassis_type')
  return { ...Object.fromEntries(Object.entries(DMI).map(([fact, name]) => [fact, of(name) ?? 'NA'])), form_factor: form === undefined ? 'NA' : (FORMS[Number(form)] ?? form) }
}

const unescape = (text: string): string => text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

export function mountFacts({ file, section }: Pick<Collected, 'file' | 'section'>): readonly Record<string, unknown>[] {
  const sizes = new Map(section('sizes').split('\n').filter(Boolean).map((line) => [line.split(' ').slice(5).join(' '), line.split(' ').slice(0, 5).map(Number)] as const))
  const uuids = linksOf(section('links'), 'by-uuid')
  const partial = new Set((file('/proc/self/mountinfo') ?? '').split('\n').flatMap((line) => {
    const [, , , root, point] = line.split(' ')
    return root !== undefined && root !== '/' && !line.includes(' - btrfs ') ? [unescape(point ?? '')] : []
  }))
  // What is mounted over another hides it, but keeps its place in the list.
  const mounts = (file('/proc/self/mounts') ?? '').split('\n').flatMap((line) => {
    const [device = '', point = '', fstype = '', options = '', dump, passno] = line.split(' ').map(unescape)
    if ((!device.startsWith('/') && !device.includes(':/')) || fstype === 'none') return []
    const size = sizes.get(point)
    const numbers = size ? sizeFacts(size) : {}
    return [{ mount: point, device, fstype, options: partial.has(point) ? `${options},bind` : options, dump: Number(dump ?? 0), passno: Number(passno ?? 0), uuid: uuids.get(device.split('/').at(-1)!)?.[0] ?? 'N/A', ...numbers }]
  })
  return [...new Map(mounts.map((mount) => [mount.mount, mount])).values()]
}

function sizeFacts([block = 0, total = 0, available = 0, inodes = 0, inodesFree = 0]: readonly number[]): Record<string, unknown> {
  return {
    block_size: block, block_total: total, block_available: available, block_used: total - available, inode_total: inodes, inode_available: inodesFree, inode_used: inodes - inodesFree, size_total: total * block, size_available: available * block,
  }
}
