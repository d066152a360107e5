import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from '../run-program.ts'
import { type AptSources, findAptSources, readAptSettings, showAptSources } from './apt-sources.ts'
import { keyringFile } from './ensure-programs.ts'
import type { ImageSuite } from './image-suite.ts'
import { withLock } from '../process-lock.ts'

/** The user that the lab's key opens, with sudo. */
export const ADMIN = 'admin'

// What a small server image has, and surely no Python: that the runner needs none is what the lab is there to show.
const PACKAGES = [
  'systemd', 'systemd-sysv', 'libpam-systemd', 'dbus', 'udev', 'kmod', 'procps', 'openssh-server', 'sudo', 'acl', 'cron', 'ca-certificates',
  'curl', 'gnupg', 'iproute2', 'iputils-ping', 'less', 'openssl', 'rsync', 'unzip', 'xz-utils',
]
// Waiting for the network would wait for udev, which containers do not run; the consoles are not there; apt's timers would hold its lock.
const MASKED = [
  'systemd-networkd-wait-online.service', 'console-getty.service', 'getty.target', 'systemd-remount-fs.service', 'apt-daily.timer',
  'apt-daily-upgrade.timer', 'systemd-udevd.service', 'systemd-udev-trigger.service', 'systemd-resolved.service',
]

/** The directory of the image for a suite, made with debootstrap the first time. Holds no key and no name: all labs share it. */
export async function ensureBaseImage(cache: string, suite: ImageSuite, say: (text: string) => void): Promise<string> {
  const sources = findAptSources(suite.distribution)
  const directory = join(cache, baseImageName(suite, sources))
  if (existsSync(directory)) return directory
  return withLock(join(cache, `${suite.suite}.lock`), async () => {
    if (existsSync(directory)) return directory
    say(`making the base image ${suite.distribution} ${suite.suite} from ${sources.archive} (once; a minute or two)`)
    const building = `${directory}.building`
    rmSync(building, { recursive: true, force: true })
    await build(building, suite, sources)
    renameSync(building, directory)
    return directory
  })
}

/** Removes the images that no running lab lies on. */
export async function purgeImages(cache: string, say: (text: string) => void): Promise<void> {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
  for (const name of existsSync(cache) ? readdirSync(cache) : []) {
    if (mounts.includes(`lowerdir=${join(cache, name)},`)) say(`the image ${name} stays: another lab lies on it`)
    else rmSync(join(cache, name), { recursive: true, force: true })
  }
}

/** Another recipe is another image. */
function baseImageName(suite: ImageSuite, sources: AptSources): string {
  const recipe = JSON.stringify([1, suite, sources, PACKAGES, MASKED])
  return `${suite.suite}-${process.arch}-${createHash('sha256').update(recipe).digest('hex').slice(0, 10)}`
}

async function build(root: string, suite: ImageSuite, sources: AptSources): Promise<void> {
  mkdirSync(root, { recursive: true })
  const components = suite.distribution === 'ubuntu' ? ['--components=main,universe'] : []
  const options = ['--variant=minbase', `--keyring=${keyringFile(suite.distribution)}`, `--include=${PACKAGES.join(',')}`, ...components]
  // A debootstrap that is older than the suite does not know it by name: all current suites of a distribution share one script.
  const known = existsSync(`/usr/share/debootstrap/scripts/${suite.suite}`)
  const script = known ? [] : [`/usr/share/debootstrap/scripts/${suite.distribution === 'debian' ? 'sid' : 'gutsy'}`]
  await mustRun(['debootstrap', ...options, suite.suite, root, sources.archive, ...script], { timeout: 1800 })
  rmSync(join(root, 'etc/apt/sources.list'), { force: true })
  writeFileSync(join(root, `etc/apt/sources.list.d/${suite.distribution}.sources`), showAptSources(suite, sources))
  const settings = await readAptSettings()
  if (settings) writeFileSync(join(root, 'etc/apt/apt.conf.d/90machine'), settings)
  copyCertificates(root)
  setUp(root)
  cpSync('/etc/resolv.conf', join(root, 'etc/resolv.conf'), { dereference: true })
  await mustRun(['chroot', root, 'apt-get', 'update', '-qq'], { timeout: 600 })
  await mustRun(['chroot', root, 'useradd', '--create-home', '--shell', '/bin/bash', '--groups', 'sudo', ADMIN])
}

/** Certificate authorities that this machine trusts beyond the usual ones: packages may come through a proxy that has its own. */
function copyCertificates(root: string): void {
  if (existsSync('/etc/ssl/certs/ca-certificates.crt')) cpSync('/etc/ssl/certs/ca-certificates.crt', join(root, 'etc/ssl/certs/ca-certificates.crt'), { dereference: true })
  if (existsSync('/usr/local/share/ca-certificates')) cpSync('/usr/local/share/ca-certificates', join(root, 'usr/local/share/ca-certificates'), { recursive: true, dereference: true })
}

function setUp(root: string): void {
  for (const file of readdirSync(join(root, 'etc/ssh')).filter((name) => name.startsWith('ssh_host_'))) rmSync(join(root, 'etc/ssh', file))
  writeFileSync(join(root, 'etc/machine-id'), '')
  writeFileSync(join(root, `etc/sudoers.d/${ADMIN}`), `${ADMIN} ALL=(ALL) NOPASSWD:ALL\n`, { mode: 0o440 })
  const units = join(root, 'etc/systemd/system')
  mkdirSync(join(units, 'multi-user.target.wants'), { recursive: true })
  for (const unit of MASKED) replaceLink('/dev/null', join(units, unit))
  replaceLink('/lib/systemd/system/systemd-networkd.service', join(units, 'multi-user.target.wants/systemd-networkd.service'))
}

function replaceLink(target: string, link: string): void {
  rmSync(link, { force: true })
  symlinkSync(target, link)
}
