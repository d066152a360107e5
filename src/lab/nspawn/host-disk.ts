import { randomBytes } from 'node:crypto'
import { chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from '../run-program.ts'
import { ADMIN } from './base-image.ts'

/** Where one host's disk lies: `upper` holds what it wrote, `root` is what it sees. */
export interface HostDisk {
  readonly root: string
  readonly upper: string
  readonly work: string
  readonly volumes: string
}

export const hostDisk = (directory: string, host: string): HostDisk => {
  const at = (name: string): string => join(directory, 'hosts', host, name)
  return { root: at('root'), upper: at('upper'), work: at('work'), volumes: at('volumes') }
}

/** What is written on a fresh disk before the first start. */
export interface Seed {
  readonly host: string
  readonly subnet: string
  readonly address: string
  readonly mtu: number
  /** The public key that opens the admin user. */
  readonly authorizedKey: string
  /** The private host key's file. */
  readonly hostKeyFile: string
}

/** Lays the host's disk over the image; a fresh one is seeded. */
export async function mountDisk(disk: HostDisk, base: string, seed: Seed): Promise<void> {
  if (isMounted(disk.root)) return
  const fresh = !existsSync(disk.upper)
  for (const directory of [disk.root, disk.upper, disk.work, disk.volumes]) mkdirSync(directory, { recursive: true })
  await mustRun(['mount', '-t', 'overlay', 'overlay', '-o', `lowerdir=${base},upperdir=${disk.upper},workdir=${disk.work}`, disk.root])
  if (fresh) writeSeed(disk.root, seed)
}

export async function unmountDisk(disk: HostDisk): Promise<void> {
  while (isMounted(disk.root)) await mustRun(['umount', '--lazy', disk.root])
}

/** Takes away everything the host ever wrote. */
export async function wipeDisk(disk: HostDisk): Promise<void> {
  await unmountDisk(disk)
  for (const directory of Object.values(disk)) rmSync(directory, { recursive: true, force: true })
}

/** /proc/mounts writes blanks as \040. */
export const isMounted = (directory: string): boolean =>
  readFileSync('/proc/self/mounts', 'utf8').split('\n').some((line) => line.split(' ')[1] === directory.replaceAll(' ', '\\040'))

function writeSeed(root: string, seed: Seed): void {
  const write = (path: string, text: string, mode = 0o644) => writeFileSync(join(root, path), text, { mode })
  rmSync(join(root, 'etc/resolv.conf'), { force: true })
  write('etc/hostname', `${seed.host}\n`)
  write('etc/machine-id', `${randomBytes(16).toString('hex')}\n`)
  write('etc/resolv.conf', readFileSync(resolvConf(), 'utf8'))
  // The other hosts are not named, as they are not on machines of a cloud either.
  write('etc/hosts', `127.0.0.1 localhost\n127.0.1.1 ${seed.host}\n::1 localhost ip6-localhost ip6-loopback\n`)
  mkdirSync(join(root, 'etc/systemd/network'), { recursive: true })
  const network = `[Match]\nName=host0\n[Link]\nMTUBytes=${seed.mtu}\n[Network]\nAddress=${seed.address}/24\nGateway=${seed.subnet}.1\nLinkLocalAddressing=ipv6\n`
  write('etc/systemd/network/10-lab.network', network)
  copyFileSync(seed.hostKeyFile, join(root, 'etc/ssh/ssh_host_ed25519_key'))
  copyFileSync(`${seed.hostKeyFile}.pub`, join(root, 'etc/ssh/ssh_host_ed25519_key.pub'))
  writeAuthorizedKey(root, seed.authorizedKey)
}

function writeAuthorizedKey(root: string, key: string): void {
  const home = join(root, 'home', ADMIN)
  const { uid, gid } = statSync(home)
  mkdirSync(join(home, '.ssh'), { mode: 0o700 })
  writeFileSync(join(home, '.ssh/authorized_keys'), `${key}\n`, { mode: 0o600 })
  for (const path of ['.ssh', '.ssh/authorized_keys']) chownSync(join(home, path), uid, gid)
}

/** systemd-resolved's stub listens on a loopback address, which is another one inside: its list of real servers stands elsewhere. */
function resolvConf(): string {
  const behind = '/run/systemd/resolve/resolv.conf'
  return /^nameserver\s+127\./m.test(readFileSync('/etc/resolv.conf', 'utf8')) && existsSync(behind) ? behind : '/etc/resolv.conf'
}

