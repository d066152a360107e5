import { Problem } from '../problem/problem.ts'
import { quote } from '../shell/quote.ts'
import type { Shell } from '../transport/connection.ts'
import type { Unknown } from '../value/value.ts'
import type { Resource } from './resource.ts'

/** A Debian package as dpkg knows it. */
export interface PackageState {
  readonly installed: boolean
  /** '' where it is not installed. */
  readonly version: string | Unknown
  /** Removed, but its configuration is still there. */
  readonly configured: boolean
  readonly held: boolean
  /** Of a name that no package has: the installed package that provides it. */
  readonly provider?: string
  /** Where a plan would get it from: its address and SHA-256, and the task. */
  readonly source?: PackageSource
}

export interface PackageSource {
  readonly uri: string
  /** As apt writes it: `SHA256:…`; '' where it has none. */
  readonly hash: string
}

export const noPackage: PackageState = { installed: false, version: '', configured: false, held: false }

/** Debian packages by name, with `:architecture` where a task gives one. */
export const packageResource: Resource<PackageState> = { kind: 'package', load: loadPackages }

async function loadPackages(shell: Shell, keys: readonly string[]): Promise<readonly PackageState[]> {
  const names = keys.map(quote).join(' ')
  const script = [
    'export LC_ALL=C; command -v dpkg-query >/dev/null || { echo "there is no dpkg on this host" >&2; exit 1; }',
    `f=$(dpkg-query -W -f '\${binary:Package}|\${Package}|\${Architecture}|\${Version}|\${db:Status-Abbrev}\\n' -- ${names} 2>/dev/null); printf '%s\\n--tutti--\\n' "$f"`,
    // Names that no package has may be provided by one: only then all of them are asked.
    // One that apt knows as a package of its own counts as that, whoever else provides the name.
    `set -f; IFS='\n'; set -- ${names}; for n; do for l in $f; do case $l in "$n|"*'|'?i?|"$n:"*'|'?i?) continue 2;; esac; done; dpkg-query -W -f '\${db:Status-Status}' -- "$n" 2>/dev/null | grep -q '^installed' || { miss=1; ! apt-cache show -- "$n" >/dev/null 2>&1 || printf 'real|%s|\n' "$n"; }; done; [ ! "$miss" ] || dpkg-query -W -f '\${db:Status-Status}|\${Package}|\${Provides}\\n' | grep '^installed|[^|]*|.' || :`,
  ].join('\n')
  const { code, stdout, stderr } = await shell.run(script)
  if (code !== 0) throw new Problem({ code: 'no-dpkg', summary: 'packages cannot be looked up', detail: stderr.toString().trim(), hint: 'only Debian and its kin are served' })
  const [found = '', provided = ''] = stdout.toString().split('--tutti--\n')
  return parsePackages(keys, found, provided)
}

export function parsePackages(keys: readonly string[], found: string, provided: string): readonly PackageState[] {
  const lines = found.split('\n').filter(Boolean).map((line) => line.split('|'))
  const own = new Set(provided.split('\n').flatMap((line) => (line.startsWith('real|') ? [line.split('|')[1]!] : [])))
  const providers = new Map(provided.split('\n').flatMap((line) => {
    const [, name = '', list = ''] = line.split('|')
    return list.split(',').map((entry) => [entry.trim().split(' ')[0]!, name] as const).filter(([virtual]) => virtual !== '' && !own.has(virtual))
  }))
  return keys.map((key) => {
    const matching = lines.filter(([binary, name, architecture]) => binary === key || name === key || `${name}:${architecture}` === key)
    const line = matching.find(([, , , , status]) => status?.[1] === 'i') ?? matching[0]
    const provider = providers.get(key)
    if (!line) return provider === undefined ? noPackage : { ...noPackage, installed: true, provider }
    const [, , , version = '', status = ''] = line
    const installed = status[1] === 'i'
    if (!installed && provider !== undefined) return { ...noPackage, installed: true, provider }
    return { installed, version: installed ? version : '', configured: status[1] === 'c', held: status[0] === 'h' }
  })
}
