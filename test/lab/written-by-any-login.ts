/**
 * What a login writes on a host's disk whoever comes in and whatever they do, and what the system writes by itself meanwhile.
 * Found by logging in with the system's ssh, running `sudo -n true`, waiting, and comparing the overlay layers. Everything else
 * that a dry run leaves behind is a defect.
 */
export const WRITTEN_BY_ANY_LOGIN: readonly { readonly path: RegExp; readonly why: string }[] = [
  { path: /^\/var\/log\/journal(\/|$)/, why: 'journald notes each session of sshd, logind and sudo, and makes a journal for each user' },
  { path: /^\/var\/log\/(wtmp|btmp|lastlog)$/, why: 'login records of PAM and sshd' },
  { path: /^\/home\/admin\/\.sudo_as_admin_successful$/, why: 'sudo of Debian marks the first success of a member of the group sudo' },
  { path: /^\/var\/lib\/systemd\/timers\/stamp-/, why: 'systemd notes when a timer of its own was last due' },
]

export const isWrittenByAnyLogin = (path: string): boolean => WRITTEN_BY_ANY_LOGIN.some((known) => known.path.test(path))
