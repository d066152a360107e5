import { parseSimpleLine } from '../shell/parse-simple-line.ts'

/** Whether a program with these arguments surely changes nothing. */
type OnlyReads = (args: readonly string[]) => boolean

const always: OnlyReads = () => true
const without = (...forbidden: readonly string[]): OnlyReads => (args) => !args.some((arg) => forbidden.some((one) => arg === one || arg.startsWith(`${one}=`) || (/^-[^-]$/.test(one) && /^-[^-]/.test(arg) && arg.includes(one[1]!))))
/** The first argument that is no option is one of these words. */
const verb = (...words: readonly string[]): OnlyReads => (args) => words.includes(args.find((arg) => !arg.startsWith('-')) ?? '')
const oneOf = (...words: readonly string[]): OnlyReads => (args) => args.length > 0 && args.every((arg) => words.includes(arg))
const startsWith = (...flags: readonly string[]): OnlyReads => (args) => flags.includes(args[0] ?? '')
const both = (a: OnlyReads, b: OnlyReads): OnlyReads => (args) => a(args) && b(args)
const either = (...all: readonly OnlyReads[]): OnlyReads => (args) => all.some((one) => one(args))
const VERSION = oneOf('--version', '-V', '-v', 'version', '-version', '--help')

/** Data: programs that read, and with which arguments. What is not here is not known to only read. */
const PROGRAMS: Readonly<Record<string, OnlyReads>> = {
  true: always, false: always, echo: always, printf: always, pwd: always, test: always, '[': always,
  cat: always, head: always, tail: without('-f', '-F', '--follow'), wc: always, cut: always, tr: always, nl: always, tac: always, rev: always, paste: always, fold: always, od: always, strings: always,
  uniq: (args) => args.filter((arg) => !arg.startsWith('-')).length <= 1, sort: without('-o', '--output', '--compress-program', '-T', '--temporary-directory'),
  ls: always, stat: always, file: without('-C', '--compile'), readlink: always, realpath: always, basename: always, dirname: always, du: always, df: always,
  md5sum: always, sha1sum: always, sha224sum: always, sha256sum: always, sha384sum: always, sha512sum: always, cksum: always, cmp: always, diff: without('--output'),
  grep: always, egrep: always, fgrep: always, zgrep: always, zcat: always,
  find: (args) => !args.some((arg) => /^-(?:delete|exec|execdir|ok|okdir|fprint|fprint0|fprintf|fls)$/.test(arg)),
  which: always, type: always, whereis: always, command: startsWith('-v', '-V'),
  id: always, whoami: always, groups: always, getent: always, who: always, users: always, logname: always,
  uname: always, arch: always, nproc: always, uptime: always, free: without('-s', '--seconds'), date: without('-s', '--set'), hostname: (args) => args.every((arg) => /^-[fsdiIAay]+$|^--(?:fqdn|short|domain|ip-address|all-ip-addresses|all-fqdns)$/.test(arg)),
  hostnamectl: either((args) => args.length === 0, verb('status')), timedatectl: either((args) => args.length === 0, verb('status', 'show', 'list-timezones')), localectl: either((args) => args.length === 0, verb('status', 'list-locales')),
  lsb_release: always, lsblk: always, lscpu: always, lspci: always, lsmod: always, lsusb: always, lsof: always, blkid: without('-g', '--garbage-collect', '-w'), findmnt: without('-w', '--poll', '-p'), mountpoint: always, ps: always, pgrep: always, pidof: always, ss: without('-K', '--kill'), netstat: without('-c', '--continuous'),
  sysctl: (args) => args.length > 0 && !args.some((arg) => /^-[a-zA-Z]*[wpf]|^--(?:write|load|system)|=/.test(arg)),
  ip: (args) => readsNetwork(args), getconf: always, locale: always, ulimit: (args) => args.every((arg) => /^-[a-zA-Z]$/.test(arg)), getenforce: always, modinfo: always, getcap: always, getfacl: always, lsattr: always,
  dpkg: either(startsWith('--print-architecture', '--print-foreign-architectures', '-l', '--list', '-s', '--status', '-S', '--search', '-L', '--listfiles', '--get-selections', '--compare-versions', '-p', '--verify', '-V'), VERSION),
  'dpkg-query': startsWith('-W', '--show', '-l', '--list', '-s', '--status', '-L', '--listfiles', '-S', '--search'), 'apt-cache': verb('policy', 'show', 'search', 'madison', 'depends', 'rdepends', 'pkgnames', 'showpkg'), 'apt-mark': verb('showhold', 'showmanual', 'showauto'), 'apt-config': verb('dump'),
  rpm: (args) => /^-q/.test(args[0] ?? '') || args[0] === '--query' || VERSION(args), apk: either(both(verb('info', 'list', 'version', 'search'), always), VERSION),
  systemctl: verb('is-active', 'is-enabled', 'is-failed', 'is-system-running', 'show', 'status', 'cat', 'list-units', 'list-unit-files', 'list-timers', 'list-sockets', 'list-dependencies', 'get-default'),
  journalctl: (args) => !args.some((arg) => /^--(?:vacuum|rotate|flush|sync|setup-keys|update-catalog|follow)|^-[a-zA-Z]*f/.test(arg)), 'systemd-detect-virt': always, loginctl: verb('list-sessions', 'list-users', 'show-session', 'show-user'), 'systemd-analyze': verb('verify', 'time', 'blame', 'cat-config'),
  git: (args) => VERSION(args) || (args[0] === 'rev-parse' && args.length > 1) || (args[0] === '-C' && args[2] === 'rev-parse'),
  docker: VERSION, podman: VERSION, containerd: VERSION, runc: VERSION, nginx: startsWith('-v', '-V'), openssl: either(verb('version'), (args) => args[0] === 'x509' && args.includes('-noout') && !args.includes('-out')),
  getopt: VERSION, jq: always, yes: () => false,
}
for (const name of ['python', 'python3', 'python2', 'perl', 'ruby', 'node', 'npm', 'java', 'go', 'php', 'bash', 'gcc', 'make', 'curl', 'wget', 'tar', 'rsync', 'ssh', 'sudo', 'redis-server', 'redis-cli', 'k3s', 'kubectl', 'helm', 'terraform', 'psql', 'mysql', 'sqlite3', 'cargo', 'rustc', 'cmake', 'pip', 'pip3', 'ansible', 'consul', 'vault', 'nomad', 'etcd', 'haproxy', 'caddy', 'busybox', 'apt', 'apt-get', 'dnf', 'yum', 'zypper', 'snap', 'multipass', 'kubeseal']) (PROGRAMS as Record<string, OnlyReads>)[name] ??= VERSION

function readsNetwork(args: readonly string[]): boolean {
  const words = args.filter((arg) => !arg.startsWith('-'))
  return /^(?:a|ad|addr|address|l|link|r|route|ro|n|neigh|ru|rule)$/.test(words[0] ?? '') && (words.length === 1 || /^(?:s|sh|show|list|ls|lst|get)$/.test(words[1]!)) && !args.some((arg) => /^-(?:b|batch|f)/.test(arg) && arg !== '-br' && arg !== '-brief' && arg !== '-family' && arg !== '-f')
}

const STANDARD = /^(?:\/usr(?:\/local)?)?\/s?bin\//

function onlyReads([program, ...args]: readonly string[]): boolean {
  if (program === undefined || (program.includes('/') && !STANDARD.test(program))) return false
  const known = PROGRAMS[program.replace(STANDARD, '')]
  return known !== undefined && known(args)
}

/**
 * The words of a program, or of a line for the shell, that surely only reads: of all its commands, for whoever asks what it reads.
 * Undefined for everything that is not known to.
 */
export function readOnlyWords(program: readonly string[] | string): readonly string[] | undefined {
  const commands = typeof program === 'string' ? parseSimpleLine(program) : [program]
  return commands?.every(onlyReads) ? commands.flat() : undefined
}
