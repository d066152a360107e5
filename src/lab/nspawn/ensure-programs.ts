import { existsSync } from 'node:fs'
import { Problem } from '../../problem/problem.ts'
import { mustRun, runProgram } from '../run-program.ts'
import type { ImageSuite } from './image-suite.ts'

/** What the driver runs, and the Debian package each comes with. */
const PACKAGES: Readonly<Record<string, string>> = {
  debootstrap: 'debootstrap',
  'systemd-nspawn': 'systemd-container',
  ip: 'iproute2',
  iptables: 'iptables',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
}

/** Refuses machines that cannot run the driver at all. */
export function checkNspawnPossible(): void {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Problem({
      code: 'nspawn-impossible',
      summary: 'the nspawn driver needs Linux and root',
      detail: process.platform === 'linux' ? 'this user is not root' : `this machine runs ${process.platform}`,
      hint: process.platform === 'linux' ? 'run it with sudo, or install Multipass and use `driver: multipass`' : 'install Multipass and use `driver: multipass`',
    })
  }
}

/** Installs the programs that are missing, after saying so. */
export async function ensurePrograms(say: (text: string) => void, { distribution }: ImageSuite): Promise<void> {
  const missing: string[] = []
  for (const [program, name] of Object.entries(PACKAGES)) if (!(await hasProgram(program)) && !missing.includes(name)) missing.push(name)
  if (!existsSync(keyringFile(distribution))) missing.push(distribution === 'debian' ? 'debian-archive-keyring' : 'ubuntu-keyring')
  if (missing.length === 0) return
  if (!(await hasProgram('apt-get'))) {
    const hint = 'they are named as Debian packages here; install them with this system’s package manager'
    throw new Problem({ code: 'lab-programs-missing', summary: 'the nspawn driver needs more programs', detail: missing.join(', '), hint })
  }
  say(`installing the Debian packages ${missing.join(', ')}`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const options = ['-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300']
  if ((await runProgram(['apt-get', 'install', ...options, ...missing], { env })).code === 0) return
  await mustRun(['apt-get', 'update', '-qq'], { env })
  await mustRun(['apt-get', 'install', ...options, ...missing], { env })
}

export const keyringFile = (distribution: ImageSuite['distribution']): string => `/usr/share/keyrings/${distribution}-archive-keyring.gpg`

const SEARCH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
/** Looks in the system's own directories too: `sudo` and `cron` may have a PATH without sbin. */
export const hasProgram = async (name: string): Promise<boolean> =>
  [...(process.env['PATH'] ?? '').split(':'), ...SEARCH].some((directory) => directory !== '' && existsSync(`${directory}/${name}`))
