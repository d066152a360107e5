import { quote } from '../../shell/quote.ts'
import type { Family } from './families.ts'

/** What the script printed: files by path, and the output of each section. */
export interface Collected {
  readonly file: (path: string) => string | undefined
  /** Files whose path matches, with their content. */
  readonly files: (pattern: RegExp) => readonly (readonly [RegExpExecArray, string])[]
  readonly section: (name: string) => string
}

const FILES: { readonly [family in Family | 'always']?: string } = {
  always: '/etc/os-release /etc/debian_version /etc/redhat-release /etc/system-release /etc/alpine-release /etc/arch-release /etc/lsb-release /proc/1/comm /proc/sys/kernel/hostname /proc/sys/kernel/osrelease /proc/sys/kernel/version',
  cmdline: '/proc/cmdline', dns: '/etc/resolv.conf', fips: '/proc/sys/crypto/fips_enabled', loadavg: '/proc/loadavg', platform: '/etc/machine-id /var/lib/dbus/machine-id', iscsi: '/etc/iscsi/initiatorname.iscsi', nvme: '/etc/nvme/hostnqn', fibre_channel_wwn: '/sys/class/fc_host/*/port_name', selinux: '/sys/fs/selinux/enforce /sys/fs/selinux/policyvers /etc/selinux/config',
  ssh_pub_keys: '/etc/ssh/ssh_host_*_key.pub /etc/openssh/ssh_host_*_key.pub',
  hardware: '/proc/cpuinfo /proc/meminfo /proc/uptime /proc/self/mounts /proc/self/mountinfo /sys/devices/system/cpu/online /sys/class/dmi/id/[bcps]*_* /sys/block/*/[mrsv]* /sys/block/*/queue/[dhlrs]* /sys/block/*/device/vendor /sys/block/*/device/model /sys/block/*/*/start /sys/block/*/*/size',
  virtual: '/proc/cpuinfo /proc/1/cgroup /run/systemd/container /run/.containerenv /proc/modules /sys/class/dmi/id/[bcps]*_* /proc/xen/capabilities /sys/hypervisor/type',
  network: '/sys/class/net/*/[atmofs]* /sys/class/net/*/bridge/bridge_id /sys/class/net/*/bridge/stp_state /sys/class/net/*/bonding/*',
}

const PROGRAMS = 'apt-get dnf5 dnf microdnf yum zypper apk pacman opkg xbps-install emerge swupd pkg urpmi lsb_release openrc initctl systemctl'

/** Only root may ask. Columns by name, for those shown by default are a matter of lvm.conf. */
const LVM = 'section lvm; [ "$(id -u)" != 0 ] || ! command -v vgs >/dev/null || for what in "vg vgs vg_name,pv_count,lv_count,vg_size,vg_free" "lv lvs lv_name,vg_name,lv_size" "pv pvs pv_name,vg_name,pv_size,pv_free"; do set -- $what; echo "@$1"; "$2" --noheadings --nosuffix --units g --separator "|" -o "$3" 2>/dev/null; done'

const SECTIONS: { readonly [family in Family | 'always']?: string } = {
  always: `section programs; for p in ${PROGRAMS}; do command -v $p; done 2>/dev/null; section exists; for p in /run/systemd/system /.dockerenv /run/.containerenv /dev/kvm /proc/vz /proc/bc /proc/xen /sys/kernel/security/apparmor /etc/init.d /dev/vmci; do [ ! -e $p ] || echo $p; done`,
  caps: 'section caps; ! command -v capsh >/dev/null || capsh --print 2>/dev/null',
  virtual: 'section environ; [ ! -r /proc/1/environ ] || echo readable',
  chroot: 'section chroot; stat -c "%d %i" / /proc/1/root/. 2>/dev/null',
  date_time: `section date; date '+%Y|%m|%d|%H|%M|%S|%z|%Z|%s|%A|%w|%W|%N'; y=$(date +%Y); date -d "$y-01-01 12:00" +%Z; date -d "$y-07-01 12:00" +%Z; date -u '+%Y-%m-%dT%H:%M:%S'`,
  platform: 'section uname; uname -m; getconf LONG_BIT 2>/dev/null || echo; section fqdn; if command -v timeout >/dev/null; then timeout 5 hostname -f; else hostname -f; fi 2>/dev/null',
  python: 'section python; p=$(command -v python3) && { readlink -f "$p"; "$p" -V; } 2>&1',
  systemd: 'section systemd; [ ! -d /run/systemd/system ] || systemctl --version',
  user: 'section user; id -u; id -ru; id -g; id -rg; u=$(id -un); { getent passwd "$u" || grep "^$u:" /etc/passwd; } 2>/dev/null',
  network: 'section addresses; ip addr show 2>/dev/null; section routes; ip -4 route get 8.8.8.8 2>/dev/null; section routes6; ip -6 route get 2404:6800:400a:800::1012 2>/dev/null; section defaults; ip -4 route show default 2>/dev/null; section local4; ip -4 route show table local 2>/dev/null; section local6; ip -6 route show table local 2>/dev/null; section interfaces; find /sys/class/net -mindepth 1 -maxdepth 1 2>/dev/null; section drivers; ls -ld /sys/class/net/*/device/driver/module /sys/class/net/*/brif/* 2>/dev/null',
  // statfs of a network mount whose server is gone hangs: it gets its time, and no more.
  hardware: `section sizes; while read -r d m t o r; do case $d in /*|*:/*) [ "$t" = none ] || { m=$(printf "$m"); if command -v timeout >/dev/null; then timeout 5 stat -f -c '%S %b %a %c %d %n' -- "$m"; else stat -f -c '%S %b %a %c %d %n' -- "$m"; fi 2>/dev/null; };; esac; done < /proc/self/mounts; section links; ls -l /dev/disk/by-uuid /dev/disk/by-label /dev/disk/by-id 2>/dev/null; section holders; ls -d /sys/block/*/holders/* /sys/block/*/*/holders/* 2>/dev/null; section slaves; ls -d /sys/block/*/slaves/* 2>/dev/null; section nproc; nproc 2>/dev/null; ${LVM}`,
}

/** One script for all families: the files that any of them needs in one process, then what needs programs. */
export function factsScript(families: ReadonlySet<Family>, factPath: string, environment: Readonly<Record<string, string>> = {}): string {
  const wanted = ['always', ...families] as const
  const files = [...new Set(wanted.flatMap((family) => FILES[family]?.split(' ') ?? []))]
  return [
    "section() { printf '\\n@@@@ %s\\n' \"$1\"; }",
    ...Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}`),
    // Before LC_ALL: it must be the user's environment.
    ...(families.has('env') ? ['section env; { env -0 || env | tr "\\n" "\\000"; } 2>/dev/null'] : []),
    'export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"', ...(families.has('local') ? [localScript(factPath)] : []), `section files; head -v -c 262144 ${files.join(' ')} 2>/dev/null`, ...wanted.flatMap((family) => SECTIONS[family] ?? []), 'section end',
  ].join('\n')
}

/** Facts of the host's owner: programs are run, files are read. */
const localScript = (factPath: string): string =>
  `section local; for f in ${quote(factPath)}/*.fact; do [ -e "$f" ] || [ -h "$f" ] || continue; printf '\\n@@fact %s\\n' "$f"; if [ ! -e "$f" ]; then echo @@dead; elif [ -x "$f" ]; then { e=$("$f" </dev/null 2>&1 1>&3 3>&-) || printf '\\n@@failed %s %s\\n' $? "$e"; } 3>&1; else cat "$f" 2>/dev/null || echo @@unread; fi; done`

export function parseCollected(output: string): Collected {
  const sections = new Map(output.split(/^@@@@ /m).slice(1).map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1).replace(/\n$/, '')]))
  const files = new Map((sections.get('files') ?? '').split(/^==> /m).slice(1).map((part) => {
    const end = part.indexOf(' <==\n')
    return [part.slice(0, end), part.slice(end + 5).replace(/\n\n$/, '\n').replace(/\n$/, '')] as const
  }))
  return {
    file: (path) => files.get(path),
    files: (pattern) => [...files].flatMap(([path, text]) => {
      const match = pattern.exec(path)
      return match ? [[match, text] as const] : []
    }),
    section: (name) => sections.get(name) ?? '',
  }
}
