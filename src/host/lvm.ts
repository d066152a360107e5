import { Problem } from '../problem/problem.ts'
import type { Resource } from './resource.ts'

/** What LVM knows. Sizes in bytes. */
export interface Lvm {
  readonly groups: ReadonlyMap<string, { readonly extent: number; readonly total: number; readonly free: number; readonly volumes: number }>
  /** The group of each physical volume; '' for none. */
  readonly physical: ReadonlyMap<string, string>
  readonly volumes: readonly { readonly group: string; readonly name: string; readonly size: number; readonly active: boolean; readonly kind: string }[]
}

/** All of LVM; undefined where it is not installed. Key: the group that is asked about, so that a plan for one leaves the others known. */
export const lvmResource: Resource<Lvm | undefined> = {
  kind: 'lvm',
  async load(shell, keys) {
    const ask = (program: string, fields: string) => `${program} --noheadings --nosuffix --units b --separator ';' -o ${fields}`
    const { code, stdout, stderr } = await shell.run(`export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"; command -v lvs >/dev/null || exit 97; ${ask('vgs', 'vg_name,vg_extent_size,vg_extent_count,vg_free_count,lv_count')} || exit; echo @@; ${ask('pvs', 'pv_name,vg_name')} || exit; echo @@; ${ask('lvs -a', 'vg_name,lv_name,lv_size,lv_active,lv_attr')}`)
    if (code === 97) return keys.map(() => undefined)
    if (code !== 0) throw new Problem({ code: 'no-lvm', summary: 'LVM does not answer', detail: stderr.toString().trim() })
    const lvm = parseLvm(stdout.toString())
    return keys.map(() => lvm)
  },
}

/** The three tables, parted by @@. */
export function parseLvm(output: string): Lvm {
  const [groups = '', physical = '', volumes = ''] = output.split('@@\n')
  const rows = (part: string) => part.split('\n').map((line) => line.trim().split(';')).filter(([first]) => first)
  return {
    groups: new Map(rows(groups).map(([name, extent, total, free, count]) => [name!, { extent: Number(extent), total: Number(total), free: Number(free), volumes: Number(count) }] as const)),
    physical: new Map(rows(physical).map(([device, group]) => [device!, group ?? ''] as const)),
    // What is hidden stands in brackets.
    volumes: rows(volumes).map(([group, name, size, active, kind]) => ({ group: group!, name: name!.replace(/^\[(.*)\]$/, '$1'), size: Number(size), active: active === 'active', kind: kind ?? '' })),
  }
}
