import type { TestHost } from '../lab/with-lab.ts'

/** What two hosts must agree on: each path with kind, mode, owner and content, and the units that run. */
export type HostState = ReadonlyMap<string, string>

/** Places that differ between any two hosts, or that only say when and by whom something was done. */
const ASIDE = [
  /^\/(proc|sys|dev|run|tmp|mnt)\b/, /^\/var\/(log|tmp|cache|backups)\//, /^\/var\/lib\/(apt\/(lists|periodic)|systemd|snapd|private|varnish|NetworkManager|samba\/private|dhcp|ucf\/cache|dbus|urandom)/, /^\/(root|home\/[^/]+)\/\.(ansible|tutti|cache)/,
  /__pycache__|\.pyc$/, /^\/etc\/(machine-id|hostname|hosts|resolv\.conf|\.pwd\.lock|ld\.so\.cache|ssh\/ssh_host_|systemd\/network\/)/, /-old$/, /^\/etc\/varnish\/secret$/, /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-$/, /^\/var\/lib\/dpkg\/(lock|triggers|info\/format)/,
]
/** Times in names of backups. */
const sameName = (path: string): string => path.replace(/\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~$/, '.BACKUP~')

const LIST = `cd /; find . -xdev \\( -path ./proc -o -path ./sys -o -path ./run -o -path ./dev \\) -prune -o -printf '%y %m %U:%G %l\\t/%P\\0'`
const SUMS = `find . -xdev \\( -path ./proc -o -path ./sys -o -path ./run -o -path ./dev -o -path ./var/cache -o -path ./var/log \\) -prune -o -type f ONLY -print0 | xargs -0 -r sha256sum -z`
// A manager that reads its units again lists none for a moment; the one that lets us in is always there.
const UNITS = `until units=$(systemctl list-units --plain --no-legend --state=active --type=service,socket,timer) && case $units in *ssh.service*) ;; *) false ;; esac; do sleep 1; done; printf '%s\\n' "$units" | cut -d' ' -f1 | grep -v -e '^user' -e '^systemd-' -e '^session' -e '^dpkg-db' -e '^apt-daily' -e '^snapd' || true`

/** Reads a host; with what it was before, only files that were written since are read again. */
export async function readState(host: TestHost, before?: { readonly state: HostState; readonly sums: ReadonlyMap<string, string> }): Promise<{ readonly state: HostState; readonly sums: ReadonlyMap<string, string> }> {
  const only = before ? '-cnewer /run/tutti-oracle-mark' : ''
  const { stdout, code, stderr } = await host.run(`sudo sh -c '${`touch /run/tutti-oracle-next; ${LIST}; printf "\\0==\\0"; ${SUMS.replace('ONLY', only)}; printf "\\0==\\0"; ${UNITS}; mv /run/tutti-oracle-next /run/tutti-oracle-mark`.replaceAll("'", "'\\''")}'`)
  if (code !== 0) throw new Error(`cannot read ${host.name}: ${stderr}`)
  const [paths = '', sums = '', units = ''] = stdout.split('\0==\0')
  const known = new Map(before?.sums)
  for (const line of sums.split('\0').filter(Boolean)) known.set(line.slice(64).replace(/^[ *]*\./, ''), line.slice(0, 64))
  const state = new Map<string, string>()
  for (const line of paths.split('\0').filter(Boolean)) {
    const [about = '', path = ''] = line.split('\t')
    if (!ASIDE.some((pattern) => pattern.test(path))) state.set(sameName(path), `${about.trim()} ${about.startsWith('f') ? (known.get(path) ?? '') : ''}`.trim())
  }
  for (const unit of units.trim().split('\n').filter(Boolean)) state.set(`unit ${unit}`, 'active')
  return { state, sums: known }
}

/** What one host has or lost since, and the other has not: "/etc/x: file 644 … | not changed". */
export function differences(ours: readonly [HostState, HostState], theirs: readonly [HostState, HostState]): readonly string[] {
  const changed = ([before, after]: readonly [HostState, HostState]): Map<string, string> => new Map([...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path)).map((path) => [path, after.get(path) ?? 'gone']))
  const [a, b] = [changed(ours), changed(theirs)]
  return [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path)).map((path) => `${path}: ours ${a.get(path) ?? 'unchanged'} | theirs ${b.get(path) ?? 'unchanged'}`)
}
