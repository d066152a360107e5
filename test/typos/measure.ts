import { parseArgs } from 'node:util'
import { resolve } from 'node:path'
import { CheckedRole, isFound, ownLanguage } from './check-role.ts'
import { type Typo, injectTypos } from './inject.ts'

/**
 * Puts typos into roles, one at a time, and counts how many are told before the first connection, with their file and line:
 *   node test/typos/measure.ts [--count 100] [--seed 1] [--verbose] ROLE…
 */
export interface Measured {
  readonly role: string
  /** What is said of the role as it is. */
  readonly alarms: readonly string[]
  readonly typos: readonly { readonly typo: Typo; readonly found: boolean; readonly told: readonly string[] }[]
}

export async function measureRole(source: string, count: number, seed: number): Promise<Measured> {
  const role = new CheckedRole(resolve(source))
  try {
    const before = await role.check()
    const show = ({ code, file, line, text, severity }: (typeof before)[number]): string => `${severity} ${code}@${file}:${line} ${text}`
    const typos: Measured['typos'][number][] = []
    for (const typo of injectTypos(role.files(), await ownLanguage(), count, seed)) {
      const told = await role.withTypo(typo, before)
      typos.push({ typo, found: isFound(typo, told), told: told.map(show) })
    }
    return { role: role.name, alarms: before.map(show), typos }
  } finally {
    role.remove()
  }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { count: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' }, verbose: { type: 'boolean', default: false } } })
  const all: Measured['typos'][number][] = []
  for (const source of positionals) {
    const { role, alarms, typos } = await measureRole(source, Number(values.count), Number(values.seed))
    console.log(`${role}: ${typos.filter(({ found }) => found).length} of ${typos.length} typos told; of the role as it is:${alarms.length === 0 ? ' nothing' : alarms.map((alarm) => `\n    ${alarm}`).join('')}`)
    for (const { typo, found, told } of typos) if (!found || values.verbose) console.log(`  ${found ? 'told  ' : 'MISSED'} ${typo.kind} ${typo.file}:${typo.line}\n    ${typo.before.trim()}\n    ${typo.after.trim()}${told.map((line) => `\n      ${line}`).join('')}`)
    all.push(...typos)
  }
  for (const [kind, of] of [...Map.groupBy(all, ({ typo }) => typo.kind)].sort()) console.log(`${kind.padEnd(24)} ${of.filter(({ found }) => found).length} of ${of.length}`)
  console.log(`${'all'.padEnd(24)} ${all.filter(({ found }) => found).length} of ${all.length} (${((100 * all.filter(({ found }) => found).length) / all.length).toFixed(1)} %)`)
}
