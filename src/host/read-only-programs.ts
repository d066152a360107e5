import { parseSimpleLine } from '../shell/parse-simple-line.ts'

/** Whether a program with these arguments surely changes nothing. */
type OnlyReads = (args: readonly string[]) => boolean

const always: OnlyReads = () => true
const oneOf = (...words: readonly string[]): OnlyReads => (args) => args.length > 0 && args.every((arg) => words.includes(arg))
const startsWith = (...flags: readonly string[]): OnlyReads => (args) => flags.includes(args[0] ?? '')
const either = (...all: readonly OnlyReads[]): OnlyReads => (args) => all.some((one) => one(args))
const matching = (pattern: RegExp): OnlyReads => (args) => args.every((arg) => pattern.test(arg))

/** None of these options: also not among the letters of a cluster, nor as the abbreviation that getopt takes for a long one. */
const without = (...forbidden: readonly string[]): OnlyReads => (args) => !args.some((arg) => forbidden.some((one) => isOption(arg, one)))

function isOption(arg: string, option: string): boolean {
  if (!option.startsWith('--')) return /^-[^-]/.test(arg) && arg.includes(option[1]!)
  const name = arg.split('=')[0]!
  return name.length > 2 && name.startsWith('--') && option.startsWith(name)
}

// An option in front of the verb may swallow it: `systemctl -p show stop x` stops x. Only those are let through that take no argument.
const HARMLESS = /^(?:-q|-a|-l|--user|--system|--quiet|--no-pager|--no-legend|--plain|--all|--full|--[a-z-]+=.*)$/
const verb = (...words: readonly string[]): OnlyReads => (args) => {
  const at = args.findIndex((arg) => !HARMLESS.test(arg))
  return at >= 0 && words.includes(args[at]!)
}

const VERSION = oneOf('--version', '-V', '--help')
const VERSION_WORD = either(VERSION, oneOf('version'))
const VERSION_SMALL = either(VERSION, oneOf('-v'))

/** `date 01010000` sets the clock: whatever is no option must be a format. */
const date: OnlyReads = (args) => without('-s', '--set')(args) && args.every((arg, i) => /^[-+]/.test(arg) || /^(?:-d|--date|-r|--reference|-f|--file)$/.test(args[i - 1] ?? ''))
const uniq: OnlyReads = (args) => args.filter((arg) => !arg.startsWith('-')).length <= 1
const rpm: OnlyReads = ([first = '', ...rest]) => /^(?:-q[acdfilpRs]*|--query)$/.test(first) && rest.every((arg, i) => !arg.startsWith('-') || /^(?:--qf|--queryformat)$/.test(arg) || /^(?:--qf|--queryformat)$/.test(rest[i - 1] ?? ''))
const x509: OnlyReads = ([first, ...rest]) => first === 'x509' && rest.includes('-noout') && rest.every((arg) => !arg.startsWith('-') || /^-(?:noout|in|inform|enddate|startdate|dates|subject|issuer|fingerprint|sha1|sha256|serial|text|checkend|ext|hash|pubkey)$/.test(arg))
const journal: OnlyReads = (args) => args.every((arg) => !arg.startsWith('-') || /^(?:-[unbopPrkqxetS]\S*|--no-pager|--(?:unit|since|until|output|lines|boot|priority|identifier|grep)=.*|--utc|--reverse|--quiet|--no-hostname|--disk-usage)$/.test(arg)) && !args.some((arg) => /^-[^-]*f/.test(arg))
const revParse: OnlyReads = (args) => (args[0] === '-C' ? args.slice(2) : args)[0] === 'rev-parse'

const NETWORK = /^(?:a|ad|addr|address|l|link|r|ro|route|n|neigh|ru|rule)$/
function ip(args: readonly string[]): boolean {
  if (!args.every((arg) => !arg.startsWith('-') || /^-(?:4|6|o|br|brief|s|d|j|p|c|oneline|json|details|statistics)$/.test(arg))) return false
  const words = args.filter((arg) => !arg.startsWith('-'))
  return NETWORK.test(words[0] ?? '') && (words.length === 1 || /^(?:s|sh|show|list|ls|lst|get)$/.test(words[1]!))
}

/** Data: programs that read, and with which arguments. What is not here is not known to only read. */
const PROGRAMS: Readonly<Record<string, OnlyReads>> = {
  ...each(always, 'true false echo printf pwd test [ cat head wc cut tr nl tac rev paste fold od strings ls stat readlink realpath basename dirname du df cksum cmp diff grep egrep fgrep zgrep zcat which type whereis'),
  ...each(always, 'md5sum sha1sum sha224sum sha256sum sha384sum sha512sum id whoami groups getent who users logname uname arch nproc uptime lsb_release lsblk lscpu lspci lsmod lsusb lsof mountpoint ps pgrep pidof getconf locale getenforce modinfo getcap getfacl lsattr systemd-detect-virt jq'),
  ...each(VERSION, 'python python3 python2 bash gcc tar rsync ssh sudo curl wget psql mysql sqlite3 cargo rustc cmake pip pip3 ansible apt apt-get dnf yum zypper etcd haproxy busybox runc'),
  ...each(VERSION_SMALL, 'perl ruby node npm php make redis-server redis-cli'),
  ...each(VERSION_WORD, 'docker podman containerd go helm terraform kubectl consul vault nomad snap multipass k3s caddy kubeseal'),
  tail: without('-f', '-F', '--follow', '--retry'), uniq, sort: without('-o', '--output', '--compress-program', '-T', '--temporary-directory'), file: without('-C', '--compile'), date, ip, rpm, journalctl: journal,
  find: (args) => !args.some((arg) => /^-(?:delete|exec|execdir|ok|okdir|fprint|fprint0|fprintf|fls)$/.test(arg)), command: startsWith('-v', '-V'),
  hostname: matching(/^(?:-[fsdiIAy]+|--(?:fqdn|short|domain|ip-address|all-ip-addresses|all-fqdns))$/), sysctl: (args) => args.length > 0 && matching(/^(?:-[aAnNeqb]+|[\w.*/][\w.*/-]*)$/)(args),
  hostnamectl: either((args) => args.length === 0, verb('status')), timedatectl: either((args) => args.length === 0, verb('status', 'show', 'list-timezones')), localectl: either((args) => args.length === 0, verb('status', 'list-locales')),
  free: without('-s', '--seconds'), blkid: without('-g', '--garbage-collect', '-w'), findmnt: without('-w', '--poll', '-p'), ss: without('-K', '--kill', '-E', '--events'), netstat: without('-c', '--continuous'),
  dpkg: either(startsWith('--print-architecture', '--print-foreign-architectures', '-l', '--list', '-s', '--status', '-S', '--search', '-L', '--listfiles', '--get-selections', '--compare-versions', '-p', '--verify', '-V'), VERSION),
  'dpkg-query': startsWith('-W', '--show', '-l', '--list', '-s', '--status', '-L', '--listfiles', '-S', '--search'),
  'apt-cache': verb('policy', 'show', 'search', 'madison', 'depends', 'rdepends', 'pkgnames', 'showpkg'), 'apt-mark': verb('showhold', 'showmanual', 'showauto'), 'apt-config': verb('dump'), apk: either(verb('info', 'list', 'version', 'search'), VERSION),
  systemctl: verb('is-active', 'is-enabled', 'is-failed', 'is-system-running', 'show', 'status', 'cat', 'list-units', 'list-unit-files', 'list-timers', 'list-sockets', 'list-dependencies', 'get-default'),
  loginctl: verb('list-sessions', 'list-users', 'show-session', 'show-user'), 'systemd-analyze': verb('time', 'blame', 'cat-config'),
  git: either(VERSION, revParse), nginx: oneOf('-v', '-V'), java: either(VERSION, oneOf('-version')), openssl: either(oneOf('version'), x509),
}

function each(test: OnlyReads, names: string): Record<string, OnlyReads> {
  return Object.fromEntries(names.split(' ').map((name) => [name, test]))
}

const STANDARD = /^(?:\/usr(?:\/local)?)?\/s?bin\//

function onlyReads([program, ...args]: readonly string[]): boolean {
  if (program === undefined || (program.includes('/') && !STANDARD.test(program))) return false
  const name = program.replace(STANDARD, '')
  return Object.hasOwn(PROGRAMS, name) && PROGRAMS[name]!(args)
}

/** Names that decide which program a word is, or what it loads: with one of them in the environment nothing is certain. */
const DECIDES = /^(?:PATH|ENV|BASH_ENV|IFS|SHELLOPTS|LD_\w+|GIT_\w+|\w*PAGER|LESSOPEN)$/

/**
 * The words of a program, or of a line for the shell, that surely only reads: of all its commands, for whoever asks what it reads.
 * Undefined for everything that is not known to.
 */
export function readOnlyWords(program: readonly string[] | string, environment: Readonly<Record<string, string>> = {}): readonly string[] | undefined {
  if (Object.keys(environment).some((name) => DECIDES.test(name))) return undefined
  const commands = typeof program === 'string' ? parseSimpleLine(program) : [program]
  return commands?.every(onlyReads) ? commands.flat() : undefined
}
