/** What `vgs`, `lvs` and `pvs` print (each after a line `@vg`, `@lv`, `@pv`): sizes in GiB, as text. Without LVM or root nothing can be said. */
export function lvmFacts(section: string): unknown {
  if (!section.includes('@')) return 'N/A'
  const rows = (kind: string) => (new RegExp(`^@${kind}\n([^@]*)`, 'm').exec(section)?.[1] ?? '').split('\n').filter(Boolean).map((line) => line.trim().split('|'))
  return {
    lvs: Object.fromEntries(rows('lv').map(([name, vg, size_g]) => [name, { size_g, vg }])),
    vgs: Object.fromEntries(rows('vg').map(([name, num_pvs, num_lvs, size_g, free_g]) => [name, { size_g, free_g, num_lvs, num_pvs }])),
    pvs: Object.fromEntries(rows('pv').map(([name, vg, size_g, free_g]) => [name, { size_g, free_g, vg }])),
  }
}
