import { commandLine, quote } from '../shell/quote.ts'
import type { PackageSource } from './package.ts'
import type { Resource } from './resource.ts'

/** What apt would do with one package: versions before and after, '' for none. */
export interface AptAction {
  readonly name: string
  readonly before: string
  readonly after: string
  readonly purge: boolean
  readonly source?: PackageSource
}

/** Everything that decides what apt would install: once the plan touches it, a simulation on the host says nothing. */
export const APT_INPUTS = ['/etc/apt/sources.list', '/etc/apt/sources.list.d', '/etc/apt/preferences', '/etc/apt/preferences.d', '/etc/apt/apt.conf', '/etc/apt/apt.conf.d', '/etc/apt/trusted.gpg.d', '/etc/apt/keyrings', '/usr/share/keyrings', '/var/lib/dpkg/arch'] as const

export const APT_ENVIRONMENT = { DEBIAN_FRONTEND: 'noninteractive', DEBIAN_PRIORITY: 'critical', APT_LISTCHANGES_FRONTEND: 'none', LC_ALL: 'C.UTF-8' } as const

export interface Simulation {
  /** Arguments of apt-get with verb and packages. */
  readonly args: readonly string[]
  /** Read the lists anew first, into a place that is gone afterwards. */
  readonly refresh: boolean
  /** The address of a package file, `@@file` in the arguments. */
  readonly remote?: string
}

/** When apt's lists were last read, in seconds. Key: ''. */
export interface AptLists {
  readonly time: number
  /** In a plan: reading them brings something new. */
  readonly newer: boolean
}

export const aptListsResource: Resource<AptLists> = {
  kind: 'apt-lists',
  async load(shell, keys) {
    const { stdout } = await shell.run(LISTS_TIME)
    return keys.map(() => ({ time: Number(stdout.toString()), newer: false }))
  },
}

/** Fetches a package file into `$f`, gone with the script. On a tmpfs, so that a dry run leaves the disk alone. */
export const fetchScript = (address: string): string =>
  `t=$(mktemp -d /dev/shm/tutti.XXXXXXXX 2>/dev/null || mktemp -d) || exit 1; trap 'rm -rf -- "$t"' EXIT; trap 'exit 143' HUP INT TERM; chmod 711 "$t"; f=$t/package.deb; /usr/lib/apt/apt-helper download-file ${quote(address)} "$f" >/dev/null || exit 1`

/**
 * Simulates apt-get, with -y as the real run has it: only so apt refuses what is held, older or essential. Prints the refreshed state of the lists, what would happen, and where packages would come from. Refreshed lists
 * live on a tmpfs for as long as the script runs; apt's own lists, caches and locks are not touched.
 */
export function simulationScript({ args, refresh, remote }: Simulation): string {
  const apt = `apt-get -q $o ${commandLine(args).replaceAll('@@file', '"$f"')}`
  return [
    // A simulation of root logs its plan in /var/log/apt, unless it has no file for that.
    'export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive; o="-o Debug::NoLocking=true -o Dir::Log::Planner="',
    ...(remote === undefined ? [] : [fetchScript(remote)]), ...(refresh ? [REFRESH] : []), ...(remote !== undefined && refresh ? [`trap 'rm -rf -- "$d" "$t"' EXIT`] : []),
    ...(args.length > 0 ? [`echo @@simulated; ${apt} -s -y 2>&1; echo "@@code $?"; echo @@uris; ${apt} -y --print-uris -qq 2>/dev/null || :`] : []),
  ].join('\n')
}

const REFRESH = [
  'd=$(mktemp -d /dev/shm/tutti.XXXXXXXX 2>/dev/null || mktemp -d /run/tutti.XXXXXXXX 2>/dev/null || mktemp -d) || exit 1',
  `trap 'rm -rf -- "$d"' EXIT; trap 'exit 143' HUP INT TERM; chmod 711 "$d"; mkdir -p "$d/lists/partial" "$d/cache/archives/partial"`,
  // What is there need not come over the network again, where there is room for a copy.
  '[ "$(du -sk /var/lib/apt/lists 2>/dev/null | cut -f1)" -gt "$(( $(df -Pk "$d" | awk \'NR==2 {print $4}\') / 4 ))" ] || cp -a /var/lib/apt/lists/. "$d/lists/" 2>/dev/null',
  'print() { cat "$1"/*InRelease "$1"/*Release 2>/dev/null | sha1sum; }',
  'o="$o -o Dir::State::lists=$d/lists -o Dir::Cache=$d/cache -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache="',
  'old=$(print /var/lib/apt/lists); if ! e=$(apt-get -q $o -o APT::Update::Post-Invoke-Success::= -o APT::Update::Post-Invoke::= -o APT::Update::Error-Mode=any update 2>&1 >/dev/null); then printf "@@stale %s\\n" "$(printf %s "$e" | tr "\\n" " ")"; else [ "$old" = "$(print "$d/lists")" ] && echo @@same || echo @@newer; fi',
].join('\n')

export interface Simulated {
  readonly code: number
  /** apt's own words. */
  readonly output: string
  readonly actions: readonly AptAction[]
  /** Of a refresh: whether the lists changed, or why they could not be read. */
  readonly lists?: 'same' | 'newer' | { readonly failed: string }
}

export function parseSimulation(text: string): Simulated {
  const output = /@@simulated\n([\s\S]*?)@@code/.exec(text)?.[1] ?? ''
  const code = Number(/@@code (\d+)/.exec(text)?.[1] ?? 0)
  const uris = parseUris(text.slice(text.indexOf('@@uris')))
  const failed = /@@stale (.*)/.exec(text)?.[1]
  const lists = failed !== undefined ? { failed } : /^@@newer$/m.test(text) ? ('newer' as const) : /^@@same$/m.test(text) ? ('same' as const) : undefined
  return { code, output, actions: parseActions(output, uris), ...(lists === undefined ? {} : { lists }) }
}

/** `Inst name [old] (new origin [arch])`, `Remv name [old]`, `Purg name [old]`. */
function parseActions(output: string, uris: ReadonlyMap<string, PackageSource>): readonly AptAction[] {
  const actions = new Map<string, AptAction>()
  for (const [, verb, name, before = '', after = ''] of output.matchAll(/^(Inst|Remv|Purg) (\S+)(?: \[([^\]]+)\])?(?: \((\S+) )?/gm)) {
    const source = uris.get(`${name!.split(':')[0]}_${after.replace(/:/g, '%3a')}`) ?? uris.get(`${name!.split(':')[0]}_${after}`)
    actions.set(name!, verb === 'Inst' ? { name: name!, before, after, purge: false, ...(source ? { source } : {}) } : { name: name!, before: actions.get(name!)?.before || before, after: '', purge: verb === 'Purg' || actions.get(name!)?.purge === true })
  }
  return [...actions.values()]
}

/** Lines of --print-uris: 'address' file size hash. By name and version, as the file's name has them. */
function parseUris(text: string): ReadonlyMap<string, PackageSource> {
  return new Map([...text.matchAll(/^'([^']+)' (\S+)_[^_\s]+\.deb \d+ ?(\S*)$/gm)].map(([, uri, key, hash]) => [key!, { uri: uri!, hash: hash ?? '' }]))
}

/** When the lists were last read, in seconds: the stamp that apt's hooks leave, else the directory of the lists. */
export const LISTS_TIME = 'stat -c %Y /var/lib/apt/periodic/update-success-stamp 2>/dev/null || stat -c %Y /var/lib/apt/lists 2>/dev/null || echo 0'

/** Runs apt-get; where somebody else holds its lock after all the waiting, says who. */
export function aptScript(args: readonly string[], { policy, lockTimeout }: { readonly policy?: number | undefined; readonly lockTimeout: number }): string {
  return [
    ...(policy === undefined ? [] : [policyScript(policy)]),
    `n=0; while :; do`, `{ e=$(apt-get ${commandLine(['-o', `DPkg::Lock::Timeout=${lockTimeout}`, ...args])} 2>&1 >&4 </dev/null); c=$?; } 4>&1`,
    // DPkg::Lock::Timeout waits for dpkg alone, not for the lists or the archives.
    `case $e in *'Could not get lock /var/lib/apt'*|*'Could not get lock /var/cache/apt'*) [ $n -ge ${lockTimeout} ] || { n=$((n+2)); sleep 2; continue; };; esac; break; done`,
    `printf '%s' "$e" >&2; case $e in *'Could not get lock'*|*'Unable to acquire the dpkg frontend lock'*)`,
    'for l in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock; do for f in /proc/[0-9]*/fd/*; do [ ! "$f" -ef "$l" ] || { p=${f#/proc/}; p=${p%%/*}; printf "\\n%s is held by process %s: %s" "$l" "$p" "$(tr "\\0" " " < "/proc/$p/cmdline")" >&2; }; done; done;; esac',
    'exit $c',
  ].join('\n')
}

/** policy-rc.d decides whether packages may start their services; it is there only while apt works. */
const policyScript = (policy: number): string => [
  'p=/usr/sbin/policy-rc.d; b=$p.tutti', `restore() { if [ -e "$b" ] || [ -h "$b" ]; then mv -f "$b" "$p"; else rm -f "$p"; fi; }; trap restore EXIT; trap 'exit 143' HUP INT TERM`,
  '{ [ ! -e "$p" ] && [ ! -h "$p" ]; } || mv -f "$p" "$b"', `printf '#!/bin/sh\\nexit ${policy}\\n' > "$p"; chmod 755 "$p"`,
].join('\n')

/** All lists or none: by itself apt takes a source that cannot be reached for a warning. */
export const updateScript = (retries: number, maxDelay: number, lockTimeout: number): string => [
  `before=$(${LISTS_TIME}); i=0; while :; do`, `out=$( (${aptScript(['-q', '-o', 'APT::Update::Error-Mode=any', 'update'], { lockTimeout })}\n) 2>&1) && break`,
  `i=$((i+1)); [ $i -lt ${Math.max(1, retries)} ] || { printf '%s\\n' "$out" >&2; exit 100; }; s=$((1 << i)); [ $s -le ${maxDelay} ] || s=${maxDelay}; sleep $s; done`,
  // apt leaves the time of its lists alone where nothing was new; the next run must see that they are fresh.
  `after=$(${LISTS_TIME}); printf '%s\\n' "$before $after"; [ "$before" != "$after" ] || touch -c /var/lib/apt/lists; [ ! -e /var/lib/apt/periodic/update-success-stamp ] || touch /var/lib/apt/periodic/update-success-stamp`,
].join('\n')

