import type { Collected } from './facts-script.ts'

/** Names below /dev/disk/by-… for each device, from `ls -l`. */
export function linksOf(text: string, which: string): ReadonlyMap<string, readonly string[]> {
  const part = text.split(/\n\n/).find((block) => block.includes(`/dev/disk/${which}:`)) ?? ''
  const links = new Map<string, string[]>()
  for (const [, name, device] of part.matchAll(/ (\S+) -> \.\.\/\.\.\/(\S+)$/gm)) links.set(device!, [...(links.get(device!) ?? []), unescapeHex(name!)])
  return links
}
const unescapeHex = (name: string): string => name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** The devices that are made of a device: `/sys/block/dm-0/slaves/sda1`. */
function mastersOf(text: string): ReadonlyMap<string, readonly string[]> {
  const masters = new Map<string, string[]>()
  for (const [, master, part] of text.matchAll(/^\/sys\/block\/([^/]+)\/slaves\/(.+)$/gm)) masters.set(part!, [...(masters.get(part!) ?? []), master!])
  return masters
}

const linkMaps = (section: Collected['section']) => ({ ids: linksOf(section('links'), 'by-id'), uuids: linksOf(section('links'), 'by-uuid'), labels: linksOf(section('links'), 'by-label'), masters: mastersOf(section('slaves')) })

/** The same as each device tells in `devices`, for all at once. */
export const linkFacts = ({ section }: Pick<Collected, 'section'>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(linkMaps(section)).map(([kind, map]) => [kind, Object.fromEntries(map)]))

export function humanSize(bytes: number): string {
  const units = ['Bytes', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB']
  let power = 0
  while (power < units.length - 1 && bytes >= 1024 ** (power + 1)) power++
  return `${(bytes / 1024 ** power).toFixed(2)} ${units[power]}`
}

export function deviceFacts({ file, files, section }: Collected): Record<string, unknown> {
  const { ids, uuids, labels, masters } = linkMaps(section)
  const linksTo = (device: string) => ({ ids: ids.get(device) ?? [], uuids: uuids.get(device) ?? [], labels: labels.get(device) ?? [], masters: masters.get(device) ?? [] })
  const holders = (path: string) => [...section('holders').matchAll(new RegExp(`^/sys/block/${path}/holders/(.+)$`, 'gm'))].map(([, holder]) => holder!)
  const devices: Record<string, unknown> = {}
  for (const [[, name], sectors] of files(/^\/sys\/block\/([^/]+)\/size$/)) {
    const of = (attribute: string) => file(`/sys/block/${name}/${attribute}`)?.trim()
    const partitions = Object.fromEntries(files(new RegExp(`^/sys/block/${name}/([^/]+)/start$`)).map(([[, part], start]) => {
      const size = Number(file(`/sys/block/${name}/${part}/size`) ?? 0)
      return [part!, { links: linksTo(part!), start: start.trim(), sectors: size, sectorsize: of('queue/logical_block_size') ?? '512', size: humanSize(size * 512), uuid: uuids.get(part!)?.[0] ?? null, holders: holders(`${name}/${part}`) }]
    }))
    devices[name!] = {
      virtual: 1, links: linksTo(name!), vendor: of('device/vendor') || null, model: of('device/model') || null, sas_address: null, sas_device_handle: null, removable: of('removable') ?? '0', support_discard: of('queue/discard_granularity') ?? '0', rotational: of('queue/rotational') ?? '0',
      partitions, scheduler_mode: /\[(.+?)\]/.exec(of('queue/scheduler') ?? '')?.[1] ?? '', sectors: Number(sectors), sectorsize: of('queue/logical_block_size') ?? '512', size: humanSize(Number(sectors) * 512), host: '', holders: holders(name!),
    }
  }
  return devices
}
