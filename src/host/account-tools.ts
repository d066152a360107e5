import type { Resource } from './resource.ts'

/** What a host makes accounts with: useradd and its kin, busybox's adduser and its kin, or nothing that is known. */
export type AccountTools = 'shadow' | 'busybox' | 'none'

/** Key: `user` or `group`. */
export const accountToolsResource: Resource<AccountTools> = {
  kind: 'account-tools',
  async load(shell, keys) {
    // Debian's adduser is another program, but where it is, useradd is too. Both may be where only root looks for programs.
    const find = 'if command -v "${k%:*}" >/dev/null; then echo shadow; elif command -v "${k#*:}" >/dev/null; then echo busybox; else echo none; fi'
    const { stdout } = await shell.run(`for k in ${keys.map((key) => (key === 'user' ? 'useradd:adduser' : 'groupadd:addgroup')).join(' ')}; do w=$(${find}); [ "$w" != none ] || w=$(PATH="$PATH:/usr/sbin:/sbin"; ${find}); echo "$w"; done`)
    const words = stdout.toString().split('\n')
    return keys.map((_, i) => words[i] as AccountTools)
  },
}
