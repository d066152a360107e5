import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { contentResource, fileResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { type Effect, type Resource, leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, list, path, text } from '../schema/field.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { splitWords } from '../shell/split-words.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, fresh, unknown } from '../value/value.ts'

const params = {
  name: list(text(''), 'Packages, with a version like name==1.2 or name>=1,<2; addresses and files too.'),
  version: text('The version of the one package.'),
  requirements: path('A requirements file on the host.'),
  state: choice(['present', 'absent', 'latest', 'forcereinstall'], 'What should be installed.', { default: 'present' }),
  virtualenv: path('A virtual environment to install into; made where it is missing.'),
  virtualenv_command: text('What makes it; `python3 -m venv` unless virtualenv is there.', { default: 'virtualenv' }),
  virtualenv_python: text('The Python of a new environment.'),
  virtualenv_site_packages: flag('It sees the packages of the system.', { default: false }),
  executable: path('The pip, unless it is the one of the environment or of PATH.'),
  extra_args: text('More arguments for pip.'),
  editable: flag('Install in editable mode.', { default: false }),
  chdir: path('The directory to run in.'),
  umask: text('The umask while it works.'),
  break_system_packages: flag('Change a Python that is managed by the system.', { default: false }),
} as const
type PipParams = Params<typeof params>

interface Installed {
  readonly environment: boolean | undefined
  /** Versions by wanted package; '' for none. */
  readonly packages: Readonly<Record<string, string | Unknown>>
  readonly seen: Aside<{ readonly virtualenv: string | undefined; readonly words: readonly string[]; readonly directory: string | undefined; readonly planned: PlannedPackages | undefined }>
}

/** What a dry run has planned for one environment, by its path: versions by name, and why others are not known any more. What is there is asked of pip. */
interface PlannedPackages {
  readonly versions: ReadonlyMap<string, string | Unknown>
  readonly others: Unknown | undefined
}
const plannedPip: Resource<PlannedPackages | undefined> = { kind: 'pip', load: async (_shell, keys) => keys.map(() => undefined) }

export const pip = defineModule({
  name: 'pip',
  summary: 'Keep Python packages with pip.',
  notes: ['Needs pip on the host, and for a new environment virtualenv or the venv of python3.', 'Requirements files, addresses and `latest` are known when pip has run: a dry run says unknown.'],
  examples: `
- name: An environment with a program in it
  pip: { name: [yamllint, "pathspec>=0.11"], virtualenv: /opt/tools, virtualenv_command: python3 -m venv }
- name: What a project needs
  pip: { requirements: /srv/app/requirements.txt, virtualenv: /opt/tools }
- name: It is gone
  pip: { name: toml, state: absent, virtualenv: /opt/tools }
`,
  params,
  rules: { oneOf: [['name', 'requirements']], atMostOneOf: [['name', 'requirements'], ['executable', 'virtualenv']] },
  async probe(host, given, { environment }): Promise<Installed> {
    const wanted = wishes(given)
    const virtualenv = given.virtualenv === undefined ? undefined : await resolvePath(host, given.virtualenv, environment)
    const planned = known(await host.get(plannedPip, placeOf(given, virtualenv)))
    const exists = virtualenv === undefined ? undefined : planned !== undefined || known(await host.get(fileResource, `${virtualenv}/bin/activate`)).kind !== 'absent'
    if (given.requirements !== undefined && known(await host.get(contentResource, await resolvePath(host, given.requirements, environment))) === undefined) fail(`Could not open requirements file: [Errno 2] No such file or directory: '${given.requirements}'`)
    const directory = given.chdir === undefined ? undefined : await resolvePath(host, given.chdir, environment)
    const listed = exists === false ? new Map<string, string>() : (planned?.others ?? await installed(host, given, virtualenv))
    const packages = Object.fromEntries(wanted.map(({ key, word }) => [word, planned?.versions.get(key) ?? (listed instanceof Unknown ? listed : (listed.get(key) ?? ''))]))
    return { environment: exists, packages: given.requirements === undefined ? packages : { [given.requirements]: '' }, seen: aside({ virtualenv, words: wanted.map(({ word }) => word), directory, planned }) }
  },
  plan(given, before): Installed {
    const after = { ...before, environment: before.environment === undefined ? undefined : true }
    if (given.requirements !== undefined) return { ...after, packages: { [given.requirements]: unknown('pip says whether something is missing') } }
    return { ...after, packages: Object.fromEntries(wishes(given).map((wish) => [wish.word, wantedVersion(given, wish, before.packages[wish.word]!)])) }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const { virtualenv, directory } = before.seen.value
    const here = directory === undefined ? {} : { directory }
    const umask = given.umask === undefined ? '' : `umask ${quote(given.umask)}; `
    if (before.environment === false) yield run(`${umask}${environmentScript(given, virtualenv!)}`, [virtualenv!, `${virtualenv}/bin/activate`].map((made) => leaves(fileResource, made, unknown('what the new environment holds'))), { ...here, sentence: `make the virtual environment ${virtualenv}` })
    const words = before.seen.value.words.filter((word) => before.packages[word] !== after.packages[word])
    if (words.length === 0 && given.requirements === undefined) return
    const verb = given.state === 'absent' ? ['uninstall', '-y'] : ['install', ...(given.state === 'latest' ? ['-U'] : given.state === 'forcereinstall' ? ['-U', '--force-reinstall'] : []), ...(given.break_system_packages ? ['--break-system-packages'] : [])]
    const system = given.state === 'absent' && given.break_system_packages ? ['--break-system-packages'] : []
    const what = given.requirements === undefined ? words.flatMap((word) => (given.editable ? ['-e', word] : [word])) : ['-r', given.requirements]
    const argv = [...verb, ...system, ...splitWords(given.extra_args ?? ''), ...what]
    yield run(`${umask}${findPip(given, virtualenv)}\nexec $pip ${argv.map(quote).join(' ')}`, [effectOf(given, before, after)], { ...here, environment: { LC_ALL: 'C.UTF-8', PIP_DISABLE_PIP_VERSION_CHECK: '1' }, sentence: `run pip ${commandLine(argv)}` })
  },
  result({ params: given, before, replies, taken, changed }) {
    const reply = taken ? replies.at(-1) : undefined
    const stdout = reply?.stdout.toString() ?? ''
    const did = before.environment === false || /Successfully (?:installed|uninstalled)/.test(stdout)
    const about = { name: given.name ?? null, version: given.version ?? null, requirements: given.requirements ?? null, state: given.state, virtualenv: given.virtualenv ?? null }
    return { outputs: { ...about, ...(reply ? { stdout, stderr: reply.stderr.toString() } : {}) }, changed: taken ? did : changed }
  },
})

const placeOf = ({ executable }: PipParams, virtualenv: string | undefined): string => virtualenv ?? executable ?? ''

/** What pip installs brings others with it, what it removes goes alone. */
function effectOf(given: PipParams, { seen: { value: { virtualenv, planned } }, environment }: Installed, { packages }: Installed): Effect {
  const versions = given.requirements === undefined ? wishes(given).map(({ key, word }) => [key, packages[word]!] as const) : []
  const alone = given.state === 'absent' && environment !== false
  const others = alone ? planned?.others : unknown('pip says what else it brings')
  return leaves(plannedPip, placeOf(given, virtualenv), { versions: new Map([...(alone ? (planned?.versions ?? []) : []), ...versions]), others })
}

interface Wish {
  /** As pip is told. */
  readonly word: string
  /** The name as pip compares names. */
  readonly key: string
  /** `==1.2`; '' for any; undefined where the name cannot be told (an address). */
  readonly version: string | undefined
}

export const normalName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-')

function wishes({ name, version }: PipParams): readonly Wish[] {
  if (version !== undefined && (name?.length ?? 0) !== 1) fail("'version' argument is ambiguous when installing multiple package distributions. Please specify version restrictions next to each package in 'name' argument.")
  // A list that was split at commas may have parted `a>=1,<2`.
  const whole = (name ?? []).reduce<readonly string[]>((all, part) => (/^\s*[<>=!~]/.test(part) && all.length > 0 ? [...all.slice(0, -1), `${all.at(-1)},${part.trim()}`] : [...all, part.trim()]), [])
  return whole.map((one) => {
    const match = /^([A-Za-z0-9][\w.-]*)(\[[^\]]*\])?\s*((?:[<>=!~]=?=?\s*[^;,\s]+\s*,?\s*)*)(;.*)?$/.exec(one)
    if (!match) return { word: one, key: one, version: undefined }
    const wanted = version === undefined ? match[3]!.replace(/\s+/g, '') : /^[<>=!~]/.test(version) ? version : `==${version}`
    return { word: `${match[1]}${match[2] ?? ''}${wanted}${match[4] ?? ''}`, key: normalName(match[1]!), version: wanted }
  })
}

function wantedVersion({ state }: PipParams, { version, word }: Wish, now: string | Unknown): string | Unknown {
  if (now instanceof Unknown) return unknown(now.reason)
  if (state === 'absent') return version === undefined ? unknown(`which package ${word} is`) : ''
  if (state === 'forcereinstall') return fresh('installed again')
  if (version === undefined) return unknown(`what ${word} holds`)
  const exact = /^===?([^,*]+)$/.exec(version)?.[1]
  if (now === '') return exact ?? fresh('the newest that fits')
  if (state === 'latest') return unknown('whether there is a newer one')
  return fits(now, version) ? now : (exact ?? fresh('the newest that fits'))
}

/** Whether a version is within limits like `>=1.2,<2`. Numbers are compared part by part, as far as both have them. */
export function fits(version: string, limits: string): boolean {
  return limits.split(',').filter(Boolean).every((limit) => {
    const [, operator = '', wanted = ''] = /^(===|==|!=|>=|<=|~=|>|<)(.*)$/.exec(limit) ?? []
    if (wanted.endsWith('.*')) return (`${version}.`.startsWith(wanted.slice(0, -1))) === (operator !== '!=')
    const order = compareVersions(version, wanted)
    switch (operator) {
      case '===': return version === wanted
      case '==': return order === 0
      case '!=': return order !== 0
      case '>=': return order >= 0
      case '<=': return order <= 0
      case '>': return order > 0
      case '<': return order < 0
      case '~=': return order >= 0 && `${version}.`.startsWith(`${wanted.split('.').slice(0, -1).join('.')}.`)
      default: return false
    }
  })
}

function compareVersions(one: string, other: string): number {
  // A release before its number (1.0rc1) comes first: the letter counts below nothing.
  const parts = (version: string) => version.toLowerCase().replace(/\+.*$/, '').match(/\d+|[a-z]+/g) ?? []
  const rank = (part: string | undefined): readonly [number, number] => (part === undefined ? [1, 0] : /^\d/.test(part) ? [1, Number(part)] : part === 'post' ? [2, 0] : [0, part.charCodeAt(0)])
  const [left, right] = [parts(one), parts(other)]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [a, b] = [rank(left[i]), rank(right[i])]
    if (a[0] !== b[0] || a[1] !== b[1]) return a[0] - b[0] || a[1] - b[1]
  }
  return 0
}

/** Sets $pip: words to run, unquoted on purpose. */
function findPip({ executable }: PipParams, virtualenv: string | undefined): string {
  const lost = 'Unable to find any of pip3, pip to use.  pip needs to be installed.'
  if (virtualenv !== undefined) return `cd -- ${quote(virtualenv)}/bin && PATH=$PWD:$PATH && cd - >/dev/null; pip=pip; command -v pip >/dev/null || pip='python3 -m pip'`
  if (executable !== undefined) return executable.startsWith('/') ? `PATH=${quote(executable.replace(/\/[^/]*$/, ''))}:$PATH; pip=${quote(executable.replace(/^.*\//, ''))}; [ -x ${quote(executable)} ] || { echo ${quote(`Unable to find pip: ${executable}`)} >&2; exit 9; }` : `pip=${quote(executable)}; command -v "$pip" >/dev/null || { echo ${quote(`Unable to find pip: ${executable}`)} >&2; exit 9; }`
  return `pip=$(command -v pip3 || command -v pip) || { if python3 -m pip --version >/dev/null 2>&1; then pip='python3 -m pip'; else echo ${quote(lost)} >&2; exit 9; fi; }`
}

function environmentScript({ virtualenv_command, virtualenv_python, virtualenv_site_packages }: PipParams, virtualenv: string): string {
  const site = virtualenv_site_packages ? ' --system-site-packages' : ''
  const own = virtualenv_command !== 'virtualenv'
  const venv = `${quote(virtualenv_python ?? 'python3')} -m venv${site} ${quote(virtualenv)}`
  const command = /\bvenv$/.test(virtualenv_command) && virtualenv_python !== undefined ? fail('virtualenv_python should not be used when using the venv module or pyvenv as virtualenv_command') : virtualenv_command
  const python = virtualenv_python === undefined ? '' : ` -p ${quote(virtualenv_python)}`
  if (own) return `exec ${splitWords(command).map(quote).join(' ')}${/\bvenv$/.test(command) ? '' : python}${site} ${quote(virtualenv)}`
  return `if command -v virtualenv >/dev/null; then exec virtualenv${python}${site} ${quote(virtualenv)}; else exec ${venv}; fi`
}

/** Versions by normalised name. Unknown in a dry run where pip may come with the plan. */
async function installed(host: Reader, given: PipParams, virtualenv: string | undefined): Promise<ReadonlyMap<string, string> | Unknown> {
  const reply = await host.run(`export LC_ALL=C PIP_DISABLE_PIP_VERSION_CHECK=1\n${findPip(given, virtualenv)}\n$pip list --format=freeze --all 2>/dev/null || $pip list --format=freeze`, virtualenv === undefined ? [] : [virtualenv], { timeout: 120 })
  if (reply instanceof Unknown) return reply
  if (reply.code !== 0 && host.planned && host.changing) return unknown(`pip does not answer yet; ${host.changing} may bring it`)
  if (reply.code !== 0) fail(reply.stderr.toString().trim() || 'pip does not answer')
  return new Map(reply.stdout.toString().split('\n').flatMap((line) => {
    const match = /^([\w.-]+)==(.+)$/.exec(line.trim())
    return match ? [[normalName(match[1]!), match[2]!] as const] : []
  }))
}
