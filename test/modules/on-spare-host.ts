import { parseArgs } from 'node:util'
import { asRoot, bringTutti, casePackages, runThere } from '../lab/spare-host.ts'
import { withLab } from '../lab/with-lab.ts'

/**
 * The cases of modules on a fresh lab host, also those that change a machine:
 *   node test/modules/on-spare-host.ts [--bare] [--install PACKAGE,…] [--file test/modules/cases.test.ts] [MODULE …]
 * Without `--bare` the packages that cases are about are there. Root on Linux, as for every lab of systemd-nspawn.
 */
const { values, positionals } = parseArgs({ options: { bare: { type: 'boolean' }, install: { type: 'string' }, file: { type: 'string', default: 'test/modules/cases.test.ts' } }, allowPositionals: true })
const lab = await withLab('cases', { spare: { memory: '3G', cpus: 2 } })
try {
  const [host] = lab.hosts as [typeof lab.hosts[number]]
  await bringTutti(host)
  const packages = values.install?.split(',') ?? (values.bare ? [] : casePackages())
  if (packages.length > 0) await asRoot(host, `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${packages.join(' ')}`)
  const told = await runThere(host, [values.file, ...(positionals.length > 0 ? ['-t', `^(${positionals.join('|')}) `] : [])])
  for (const { name, status, message } of told) if (status === 'failed') console.log(`FAILED ${name}\n${message}\n`)
  const count = (wanted: string) => told.filter(({ status }) => status === wanted).length
  console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} not for this host`)
} finally {
  await lab.down()
}
