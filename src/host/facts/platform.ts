import type { Collected } from './facts-script.ts'
import { parseOsRelease } from './distribution.ts'

/** Kernel, names and architecture. */
export function platformFacts({ file, section }: Pick<Collected, 'file' | 'section'>): Record<string, unknown> {
  const [machine = '', bits = ''] = section('uname').split('\n')
  const nodename = file('/proc/sys/kernel/hostname')?.trim() ?? ''
  const [hostname = ''] = nodename.split('.')
  const found = section('fqdn').trim()
  const fqdn = !found || found.startsWith('localhost') ? nodename : found
  const architecture = /^i[3-6]86$|^i86pc$/.test(machine) ? 'i386' : machine
  const userspace = bits || (/64/.test(machine) ? '64' : '32')
  return {
    system: 'Linux', kernel: file('/proc/sys/kernel/osrelease')?.trim() ?? '', kernel_version: file('/proc/sys/kernel/version')?.trim() ?? '', machine, architecture, nodename, hostname, fqdn, domain: fqdn.split('.').slice(1).join('.'),
    userspace_bits: userspace, userspace_architecture: userspace === '32' && architecture === 'x86_64' ? 'i386' : architecture, machine_id: (file('/var/lib/dbus/machine-id') ?? file('/etc/machine-id') ?? '').trim(),
  }
}

export function userFacts({ section }: Pick<Collected, 'section'>): Record<string, unknown> {
  const [effective, real, effectiveGroup, realGroup, entry = ''] = section('user').split('\n')
  const [name = '', , uid, gid, gecos = '', directory = '', shell = ''] = entry.split(':')
  return { user_id: name, user_uid: Number(uid), user_gid: Number(gid), user_gecos: gecos, user_dir: directory, user_shell: shell, effective_user_id: Number(effective), real_user_id: Number(real), effective_group_id: Number(effectiveGroup), real_group_id: Number(realGroup) }
}

/** Words of the kernel's command line: `name=value`, or true for a bare one. `proc_cmdline` keeps all values of a repeated name. */
export function cmdlineFacts(text: string): Record<string, unknown> {
  const last: Record<string, unknown> = {}
  const all: Record<string, unknown> = {}
  for (const word of text.trim().match(/(?:[^\s"]|"[^"]*")+/g) ?? []) {
    const bare = word.replaceAll('"', '')
    const at = bare.indexOf('=')
    const [name, value] = at < 0 ? [bare, true] : [bare.slice(0, at), bare.slice(at + 1)]
    last[name] = value
    all[name] = name in all && value !== true ? [...(Array.isArray(all[name]) ? all[name] : [all[name]]), value] : value
  }
  return { cmdline: last, proc_cmdline: all }
}

export function dateFacts(section: string): Record<string, unknown> {
  const [line = '', winter = '', summer = '', utc = ''] = section.split('\n')
  const [year, month, day, hour, minute, second, offset, zone, epoch, weekday, weekdayNumber, week, nano = ''] = line.split('|')
  // busybox's date knows no nanoseconds.
  const micro = /^\d{9}$/.test(nano) ? nano.slice(0, 6) : '000000'
  const dst = zone === winter ? (summer === winter ? zone : summer) : zone
  return {
    date_time: {
      year, month, day, hour, minute, second, weekday, weekday_number: weekdayNumber, weeknumber: week, epoch, epoch_int: epoch, date: `${year}-${month}-${day}`, time: `${hour}:${minute}:${second}`, iso8601: `${utc}Z`, iso8601_micro: `${utc}.${micro}Z`,
      iso8601_basic: `${year}${month}${day}T${hour}${minute}${second}${micro}`, iso8601_basic_short: `${year}${month}${day}T${hour}${minute}${second}`, tz: zone, tz_dst: dst, tz_offset: offset,
    },
  }
}

export function dnsFacts(text: string): Record<string, unknown> {
  const dns: Record<string, unknown> = {}
  const options: Record<string, unknown> = {}
  const nameservers: string[] = []
  for (const line of text.split('\n')) {
    const [keyword = '', ...words] = line.trim().split(/\s+/)
    if (keyword === 'nameserver' && words[0]) nameservers.push(words[0])
    else if (keyword === 'domain' && words[0]) dns['domain'] = words[0]
    else if (keyword === 'search' || keyword === 'sortlist') dns[keyword] = words
    else if (keyword === 'options') for (const word of words) options[word.split(':')[0]!] = word.includes(':') ? word.split(':')[1] : true
  }
  return { dns: { ...dns, ...(nameservers.length > 0 ? { nameservers } : {}), ...(Object.keys(options).length > 0 ? { options } : {}) } }
}

/** `lsb_release` tells what os-release says on every current system; its program is not run, it is slow. */
export function lsbFacts({ file }: Pick<Collected, 'file'>, programs: ReadonlySet<string>): Record<string, unknown> {
  const release = parseOsRelease(file('/etc/os-release') ?? '')
  const old = new Map((file('/etc/lsb-release') ?? '').split('\n').flatMap((line) => (line.includes('=') ? [[line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).replace(/^"|"$/g, '')] as const] : [])))
  if (!programs.has('lsb_release') && old.size === 0) return { lsb: {} }
  const version = old.get('DISTRIB_RELEASE') ?? release.get('VERSION_ID') ?? ''
  const id = old.get('DISTRIB_ID') ?? release.get('NAME')?.split(' ')[0] ?? ''
  return { lsb: { id, release: version, description: old.get('DISTRIB_DESCRIPTION') ?? release.get('PRETTY_NAME') ?? '', codename: old.get('DISTRIB_CODENAME') ?? release.get('VERSION_CODENAME') ?? '', major_release: version.split('.')[0] } }
}

export function selinuxFacts(file: Collected['file']): Record<string, unknown> {
  const enforcing = file('/sys/fs/selinux/enforce')?.trim()
  if (enforcing === undefined) return { selinux: { status: 'disabled' }, selinux_python_present: true }
  const setting = (name: string) => new RegExp(`^${name}=(\\S+)`, 'm').exec(file('/etc/selinux/config') ?? '')?.[1] ?? 'unknown'
  return { selinux: { status: 'enabled', mode: enforcing === '1' ? 'enforcing' : 'permissive', config_mode: setting('SELINUX'), type: setting('SELINUXTYPE'), policyvers: Number(file('/sys/fs/selinux/policyvers') ?? 0) || 'unknown' }, selinux_python_present: true }
}

export function capabilityFacts(section: string): Record<string, unknown> {
  const current = /^Current:\s*(.*)$/m.exec(section)?.[1]
  if (current === undefined) return {}
  if (current.trim() === '=ep') return { system_capabilities: [], system_capabilities_enforced: 'False' }
  return { system_capabilities: (current.split('=')[1] ?? '').split(',').map((word) => word.trim()), system_capabilities_enforced: 'True' }
}

export function hostKeyFacts({ files }: Pick<Collected, 'files'>): Record<string, unknown> {
  return Object.fromEntries(files(/ssh_host_(rsa|dsa|ecdsa|ed25519)_key\.pub$/).flatMap(([[, kind], text]) => {
    const [type, key] = text.split(/\s+/)
    return [[`ssh_host_key_${kind}_public`, key], [`ssh_host_key_${kind}_public_keytype`, type]]
  }))
}

/** The Python that happens to be there: nothing here uses it, but playbooks ask for it. */
export function pythonFacts(section: string): Record<string, unknown> {
  const [executable = '', version = ''] = section.split('\n')
  const match = /^Python (\d+)\.(\d+)\.(\d+)/.exec(version)
  if (!match) return {}
  const [major, minor, micro] = match.slice(1).map(Number)
  return { python: { executable, version: { major, minor, micro, releaselevel: 'final', serial: 0 }, version_info: [major, minor, micro, 'final', 0], type: 'cpython', has_sslcontext: true }, discovered_interpreter_python: executable, python_version: `${major}.${minor}.${micro}` }
}

export function systemdFacts(section: string): Record<string, unknown> {
  const [first = '', features = ''] = section.split('\n')
  const version = /^systemd (\d+)/.exec(first)?.[1]
  return version === undefined ? {} : { systemd: { version: Number(version), features } }
}

export const environmentFacts = (section: string): Record<string, unknown> => ({
  env: Object.fromEntries(section.split('\0').filter((entry) => entry.includes('=')).map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)])),
})
