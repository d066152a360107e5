import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { plannedPackagesResource } from '../host/planned-packages.ts'
import type { Reader } from '../host/reader.ts'
import { choice, list, text } from '../schema/field.ts'
import { type Value, dict, isUnknown, unknown } from '../value/value.ts'

type Packages = Map<Value, Value>

interface Manager {
  /** The program that must be there, and what makes it list the packages. */
  readonly program: string
  readonly list: string
  readonly parse: (output: string) => Packages
}

/** In the order in which `auto` asks them. */
const MANAGERS: ReadonlyMap<string, Manager> = new Map<string, Manager>([
  ['apk', { program: 'apk', list: 'apk info -v', parse: parseApk }],
  ['rpm', { program: 'rpm', list: "rpm -qa --qf '%{NAME}|%{VERSION}|%{RELEASE}|%{EPOCH}|%{ARCH}\\n'", parse: parseRpm }],
  ['apt', { program: 'dpkg-query', list: "dpkg-query -W -f '${db:Status-Status}|${Package}|${Version}|${Architecture}|${Section}\\n' || exit; echo @@origins; { apt-cache policy; echo @@installed; apt-cache policy $(dpkg-query -W -f '${db:Status-Status}|${Package}:${Architecture}\\n' | sed -n 's/^installed|//p'); } 2>/dev/null || :", parse: parsePackageList }],
])
const ALIASES: Readonly<Record<string, string>> = { dpkg: 'apt', yum: 'rpm', dnf: 'rpm', dnf5: 'rpm', zypper: 'rpm' }
const NOT_SERVED = new Set(['pacman', 'pkg', 'pkg5', 'pkgng', 'pkg_info', 'portage'])

export const packageFacts = defineModule({
  name: 'package_facts',
  summary: 'Find out which packages are installed, as the fact `packages`.',
  notes: ['For hosts with dpkg, rpm or apk.'],
  examples: `
- name: Which packages there are
  package_facts: { manager: auto }
- name: The version of one
  debug: { msg: "{{ ansible_facts.packages['bash'][0].version }}" }
  when: "'bash' in ansible_facts.packages"
`,
  params: {
    manager: list(text(''), 'Package managers to ask: auto, apt, rpm or apk.', { default: ['auto'] }),
    strategy: choice(['first', 'all'], 'Whether one manager is enough.', { default: 'first' }),
  },
  async probe(host, { manager, strategy }) {
    const warnings: string[] = []
    const found: Packages = new Map()
    let asked = 0
    for (const [name, wanted] of chosen(manager)) {
      const packages = await packagesOf(host, name, wanted, warnings)
      if (!packages) continue
      asked++
      for (const [key, versions] of packages) found.set(key, [...((found.get(key) as readonly Value[] | undefined) ?? []), ...(versions as readonly Value[])])
      if (strategy === 'first') break
    }
    if (asked === 0) fail(`Could not detect a supported package manager from the following list: [${manager.map((one) => `'${one}'`).join(', ')}], or the required Python library is not installed. Check warnings for details.`, { warnings })
    return { facts: dict({ packages: found }), warnings }
  },
  plan: (_params, before) => before,
  result: ({ before }) => ({ outputs: { ansible_facts: before.facts, ...(before.warnings.length > 0 ? { warnings: before.warnings } : {}) } }),
})

/** The managers to ask, and whether they were named: `auto` passes over those that are not there without a word. */
function chosen(given: readonly string[]): Map<string, boolean> {
  const names = given.map((name) => ALIASES[name] ?? name)
  const strange = names.filter((name) => name !== 'auto' && !MANAGERS.has(name) && !NOT_SERVED.has(name))
  if (strange.length > 0) fail(`Unsupported package managers requested: ${strange.join(', ')}`)
  const auto = names.includes('auto') ? [...MANAGERS.keys()].map((name): [string, boolean] => [name, false]) : []
  return new Map([...auto, ...names.filter((name) => name !== 'auto').map((name): [string, boolean] => [name, true])])
}

/** What one manager lists; undefined where it cannot be asked, nothing where it fails. */
async function packagesOf(host: Reader, name: string, wanted: boolean, warnings: string[]): Promise<Packages | undefined> {
  const manager = MANAGERS.get(name)
  const unusable = (why: string): undefined => void (wanted && warnings.push(`Requested package manager ${name} was not usable by this module: ${why}`))
  if (!manager) return unusable('tutti does not ask it')
  const probed = await host.run(`export LC_ALL=C; command -v ${manager.program} >/dev/null || { printf '%s' "$PATH"; exit 127; }; ${manager.list}`, [])
  if (isUnknown(probed)) throw probed
  if (probed.code === 127) return unusable(`Failed to find required executable "${manager.program}" in paths: ${probed.stdout.toString()}`)
  if (probed.code !== 0) {
    warnings.push(`Failed to retrieve packages with ${name}: Unable to list packages rc=${probed.code} : ${probed.stderr.toString().trim()}`)
    return new Map()
  }
  const found = manager.parse(probed.stdout.toString())
  return asPlanned(host, name, found)
}

/** The world that earlier tasks of a dry run planned. What a package that is not there yet says of itself is not known. */
async function asPlanned(host: Reader, manager: string, found: Packages): Promise<Packages> {
  const planned = host.changing === undefined ? [] : await host.get(plannedPackagesResource, '')
  for (const { name, action, version, doubtful, by } of isUnknown(planned) ? [] : planned) {
    const [bare = name] = name.split(/[:=]/)
    if (doubtful) found.set(bare, unknown(`${by} may ${action} it`))
    else if (action === 'remove') found.delete(bare)
    else found.set(bare, [comingPackage(manager, bare, version, unknown(`known when ${by} has installed it`))])
  }
  return found
}

function comingPackage(manager: string, name: string, version: string | undefined, later: Value): Value {
  if (manager === 'apt') return dict({ name, version: version || later, arch: later, category: later, origin: later, source: 'apt' })
  return dict({ name, version: later, release: later, ...(manager === 'rpm' ? { epoch: later, arch: later } : {}), source: manager })
}

/** Packages by name: a name may be installed for several architectures. */
function byName(rows: Iterable<readonly [name: string, of: Value]>): Packages {
  const packages = new Map<Value, Value[]>()
  for (const [name, one] of rows) packages.set(name, [...(packages.get(name) ?? []), one])
  return packages
}
const lines = (output: string): string[] => output.split('\n').filter(Boolean)

export function parsePackageList(output: string): Packages {
  const [packages = '', policy = ''] = output.split('@@origins\n')
  const origins = originsOf(policy)
  const rows = lines(packages).map((line) => line.split('|')).filter(([status]) => status === 'installed')
  return byName(rows.map(([, name = '', version = '', arch = '', category = '']) => [name, dict({ name, version, arch, category, origin: origins.get(`${name}:${arch}`) ?? origins.get(name) ?? '', source: 'apt' })]))
}
/** Who made the archive that the installed version of each package comes from: nobody where it is in none (any more). Of `apt-cache policy`: the archives, then the packages. */
function originsOf(policy: string): ReadonlyMap<string, string> {
  const [archives = '', packages = ''] = policy.split('@@installed\n')
  const makers = new Map([...archives.matchAll(/^ +-?\d+ (.+)\n +release (?:.*,)?o=([^,\n]*)/gm)].map(([, archive, maker]) => [archive!, maker!]))
  return new Map(packages.split(/^(?=\S+:\n)/m).map((part) => [part.slice(0, part.indexOf('\n') - 1), makers.get(/^ \*\*\* .*\n +-?\d+ (.+)$/m.exec(part)?.[1] ?? '') ?? '']))
}
export function parseRpm(output: string): Packages {
  const rows = lines(output).map((line) => line.split('|'))
  return byName(rows.map(([name = '', version = '', release = '', epoch = '', arch = '']) => [name, dict({ name, version, release, epoch: /^\d+$/.test(epoch) ? Number(epoch) : null, arch, source: 'rpm' })]))
}
/** `name-version-rN`; names hold dashes, too. */
export function parseApk(output: string): Packages {
  const rows = lines(output).map((line) => /^(.+)-([^-]+)-([^-]+)$/.exec(line)).filter((match) => match !== null)
  return byName(rows.map(([, name = '', version = '', release = '']) => [name, dict({ name, version, release, source: 'apk' })]))
}
