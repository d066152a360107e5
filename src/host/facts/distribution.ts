import type { Collected } from './facts-script.ts'

export interface Distribution {
  readonly distribution: string
  readonly distribution_version: string
  readonly distribution_major_version: string
  readonly distribution_minor_version?: string
  readonly distribution_release: string
  readonly distribution_file_path: string
  readonly distribution_file_variety: string
  readonly os_family: string
}

const NAMES: Readonly<Record<string, string>> = {
  debian: 'Debian', ubuntu: 'Ubuntu', raspbian: 'Debian', linuxmint: 'Linux Mint', kali: 'Kali', devuan: 'Devuan', pop: 'Pop!_OS', rhel: 'RedHat', centos: 'CentOS', rocky: 'Rocky', almalinux: 'AlmaLinux', fedora: 'Fedora',
  ol: 'OracleLinux', amzn: 'Amazon', alpine: 'Alpine', arch: 'Archlinux', manjaro: 'Manjaro', sles: 'SLES', 'opensuse-leap': 'openSUSE Leap', 'opensuse-tumbleweed': 'openSUSE Tumbleweed', gentoo: 'Gentoo', void: 'Void', nixos: 'NixOS',
}
const FAMILY_OF: Readonly<Record<string, readonly string[]>> = {
  Debian: ['Debian', 'Ubuntu', 'Linux Mint', 'Kali', 'Devuan', 'Pop!_OS', 'Raspbian'], RedHat: ['RedHat', 'CentOS', 'Rocky', 'AlmaLinux', 'Fedora', 'OracleLinux', 'Amazon'], Suse: ['SLES', 'openSUSE Leap', 'openSUSE Tumbleweed'],
  Alpine: ['Alpine'], Archlinux: ['Archlinux', 'Manjaro'], Gentoo: ['Gentoo'], Void: ['Void'],
}

/** NAME=value lines with shell quotes, as of os-release. */
export function parseOsRelease(text: string): ReadonlyMap<string, string> {
  return new Map(text.split('\n').flatMap((line) => {
    const match = /^([A-Z_]+)=(?:"(.*)"|'(.*)'|(.*))$/.exec(line.trim())
    return match ? [[match[1]!, (match[2] ?? match[3] ?? match[4] ?? '').replace(/\\(["$`\\])/g, '$1')] as const] : []
  }))
}

export function distributionFacts({ file }: Pick<Collected, 'file'>): Distribution {
  const release = parseOsRelease(file('/etc/os-release') ?? '')
  const id = release.get('ID') ?? 'linux'
  const name = NAMES[id] ?? release.get('NAME') ?? id
  const family = familyOf(name, release.get('ID_LIKE') ?? '')
  // Debian's os-release knows no point releases; its debian_version is a name in testing and unstable.
  const point = name === 'Debian' && /^\d+(\.\d+)?/.exec(file('/etc/debian_version')?.trim() ?? '')?.[0]
  const precise = family === 'RedHat' && name !== 'Amazon' ? /release ([\d.]+)/.exec(file('/etc/redhat-release') ?? '')?.[1] : id === 'alpine' ? file('/etc/alpine-release')?.trim() : undefined
  const version = (point || precise) ?? release.get('VERSION_ID') ?? (id === 'arch' ? 'rolling' : 'NA')
  const [major = 'NA', minor] = version.split('.')
  return {
    distribution: name, distribution_version: version, distribution_major_version: major, ...(name === 'Debian' && minor ? { distribution_minor_version: minor } : {}),
    distribution_release: release.get('VERSION_CODENAME') ?? /\(([^)]+)\)/.exec(file('/etc/redhat-release') ?? release.get('VERSION') ?? '')?.[1] ?? 'NA',
    distribution_file_path: family === 'RedHat' && name !== 'Amazon' ? '/etc/redhat-release' : id === 'alpine' ? '/etc/alpine-release' : id === 'arch' ? '/etc/arch-release' : '/etc/os-release',
    distribution_file_variety: family === 'RedHat' ? (name === 'Amazon' ? 'Amazon' : name === 'CentOS' ? 'CentOS' : 'RedHat') : family === 'Suse' ? 'SUSE' : family, os_family: family,
  }
}

function familyOf(name: string, like: string): string {
  const known = Object.entries(FAMILY_OF).find(([, names]) => names.includes(name))?.[0]
  if (known) return known
  for (const word of like.split(' ')) {
    const relative = NAMES[word] && Object.entries(FAMILY_OF).find(([, names]) => names.includes(NAMES[word]!))?.[0]
    if (relative) return relative
  }
  return /suse/.test(like) ? 'Suse' : name
}

const MANAGERS: readonly (readonly [string, string])[] = [['dnf5', 'dnf5'], ['dnf', 'dnf'], ['yum', 'yum'], ['microdnf', 'dnf'], ['zypper', 'zypper'], ['apk', 'apk'], ['pacman', 'pacman'], ['opkg', 'opkg'], ['xbps-install', 'xbps'], ['emerge', 'portage'], ['swupd', 'swupd'], ['apt-get', 'apt']]

/** The package manager that fits the system: a Debian with dnf installed is still apt's. */
export function packageManager(family: string, programs: ReadonlySet<string>): string {
  if (family === 'Debian' && programs.has('apt-get')) return 'apt'
  return MANAGERS.find(([program]) => programs.has(program))?.[1] ?? 'unknown'
}

export function serviceManager(init: string, programs: ReadonlySet<string>, exists: ReadonlySet<string>): string {
  if (init === 'systemd' || exists.has('/run/systemd/system')) return 'systemd'
  if (init === 'runit-init' || init === 'runit') return 'runit'
  if (programs.has('openrc')) return 'openrc'
  if (programs.has('initctl')) return 'upstart'
  if (init === 'init' && exists.has('/etc/init.d')) return 'sysvinit'
  return init && !['sh', 'bash', 'dash'].includes(init) ? init : 'service'
}
