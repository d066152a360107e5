import { Problem } from '../problem/problem.ts'
import type { Shell } from '../transport/connection.ts'
import type { Planned, Resource } from './resource.ts'
import { USER_RUNTIME } from './unit.ts'

/** systemd itself. Key: `system` or `user`. */
export interface UnitManager {
  /** Unit files, drop-ins or /etc/fstab are newer than what it has read. */
  readonly needsReload: boolean
}

export const unitManagerResource: Resource<UnitManager> = { kind: 'unit-manager', load: (shell, keys) => Promise.all(keys.map((key) => loadManager(shell, key))), foresee }

const SYSTEM = ['/etc/systemd', '/run/systemd/system', '/run/systemd/transient', '/usr/local/lib/systemd', '/usr/lib/systemd', '/lib/systemd', '/etc/fstab', '/etc/crypttab', '/etc/init.d'] as const
const USER = ['/etc/systemd/user', '/usr/local/lib/systemd/user', '/usr/lib/systemd/user', '"$HOME/.config/systemd/user"'] as const

/**
 * ctime and not mtime: a file that was moved or copied with its times counts as new. UnitsLoadTimestamp is empty before the
 * first reload and before systemd 251, where the end of the boot stands for it.
 */
async function loadManager(shell: Shell, key: string): Promise<UnitManager> {
  const [systemctl, paths] = key === 'user' ? [`${USER_RUNTIME}; systemctl --user`, USER] : ['systemctl', SYSTEM]
  const script = [
    'export LC_ALL=C', `s=$(${systemctl} show --timestamp=us -p UnitsLoadTimestamp -p UnitsLoadFinishTimestamp) || exit 1`,
    't=; for n in UnitsLoadFinishTimestamp UnitsLoadTimestamp; do v=${s#*"$n="}; v=${v%%', '*}; [ -z "$v" ] || t=$v; done',
    `[ -n "$t" ] || { echo yes; exit 0; }`, `[ -z "$(find -L ${paths.join(' ')} -newerct "$t" -print -quit 2>/dev/null)" ] && echo no || echo yes`,
  ].join('\n')
  const { code, stdout, stderr } = await shell.run(script)
  if (code !== 0) throw new Problem({ code: 'no-systemd', summary: 'systemd does not answer', detail: stderr.toString().trim(), hint: key === 'user' ? 'the user needs a session or lingering (loginctl enable-linger)' : 'the host must be run by systemd' })
  return { needsReload: stdout.toString().trim() === 'yes' }
}

function foresee(key: string, found: UnitManager, planned: Planned): UnitManager {
  const touched = key === 'user' ? planned.named?.('.service') === true : SYSTEM.some((path) => planned.touches(path))
  return touched ? { needsReload: true } : found
}
