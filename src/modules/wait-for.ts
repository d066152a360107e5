import { setTimeout as pause } from 'node:timers/promises'
import { type Outputs, defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { pythonPattern } from '../contract/python-pattern.ts'
import type { Acting } from '../host/act.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { act } from '../host/step.ts'
import { parseTcpTable } from '../host/tcp-table.ts'
import { type Params, choice, integer, list, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { aside } from '../value/aside.ts'
import { Unknown, dict, unknown } from '../value/value.ts'

const params = {
  host: text('An address that the host can reach.', { default: '127.0.0.1' }),
  port: integer('A TCP port.'),
  path: path('A file of the host.'),
  search_regex: text('What the file or the answer of the port must hold.'),
  state: choice(['absent', 'drained', 'present', 'started', 'stopped'], 'What to wait for.', { default: 'started' }),
  timeout: integer('Seconds until it is given up.', { default: 300 }),
  connect_timeout: integer('Seconds that one attempt may take.', { default: 5 }),
  delay: integer('Seconds to wait before the first look.', { default: 0 }),
  sleep: integer('Seconds between looks.', { default: 1 }),
  exclude_hosts: list(text('An address.'), 'Connections with these do not count, for drained.'),
  active_connection_states: list(text('A state.'), 'What counts as a connection, for drained.', { default: ['ESTABLISHED', 'FIN_WAIT1', 'FIN_WAIT2', 'SYN_RECV', 'SYN_SENT', 'TIME_WAIT'] }),
  msg: text('What is said when it is given up.'),
} as const
type WaitParams = Params<typeof params>

export const waitFor = defineModule({
  name: 'wait_for',
  summary: 'Wait until a port, a file or a text in it is there or away.',
  notes: ['A port is tried from the host itself, with nc, bash or curl; without any of them over the connection to the host.'],
  examples: `
- name: The service listens
  wait_for: { port: 8080, timeout: 60 }
- name: A host answers with the name of its server
  wait_for: { host: app.example.com, port: 8080, search_regex: OpenSSH }
- name: A file says that it is done
  wait_for: { path: /var/tmp/app.log, search_regex: 'ready in \\d+ ms' }
- name: The lock is gone
  wait_for: { path: /var/tmp/app.lock, state: absent, timeout: 10 }
`,
  params,
  eager: false,
  async probe(host, given, { environment }) {
    if (given.port !== undefined && given.path !== undefined) fail('port and path parameter can not both be passed to wait_for', { elapsed: 0 })
    if (given.path !== undefined && (given.state === 'stopped' || given.state === 'drained')) fail(`state=${given.state} should only be used for checking a port in the wait_for module`, { elapsed: 0 })
    if (given.path !== undefined && given.exclude_hosts) fail('exclude_hosts should only be with state=drained', { elapsed: 0 })
    if (given.search_regex !== undefined && given.state === 'stopped') fail('search_regex can not be used with state=stopped', { elapsed: 0 })
    if (given.search_regex !== undefined) pythonPattern(given.search_regex)
    const file = given.path === undefined ? undefined : await resolvePath(host, given.path, environment)
    return { waited: false as boolean | Unknown, seen: aside({ file }) }
  },
  plan: (_given, before) => ({ ...before, waited: unknown('it waits for what another task or machine does') }),
  apply: ({ params: given, before }) => [act(sentence(given), (host) => wait(host, given, before.seen.value.file))],
  diff: () => [],
  result({ params: given, before, after, replies: [reply] }) {
    const about = { port: given.port ?? null, search_regex: given.search_regex ?? null, path: before.seen.value.file ?? null }
    if (!reply) return { outputs: { ...about, state: given.state, elapsed: after.waited as Unknown, match_groups: after.waited as Unknown, match_groupdict: after.waited as Unknown } }
    const { elapsed, match, file } = reply.value as Waited
    return { changed: false, outputs: { ...about, state: given.state, elapsed, match_groups: match ? match.slice(1).map((one) => one ?? null) : [], match_groupdict: dict({ ...match?.groups }), ...file } }
  },
})

const where = ({ host, port }: WaitParams): string => `${host}:${port}`

function sentence(given: WaitParams): string {
  if (given.path !== undefined) return `wait until ${given.path} is ${given.state === 'absent' ? 'away' : given.search_regex === undefined ? 'there' : `there with ${given.search_regex}`}`
  if (given.port === undefined) return `wait ${given.timeout} seconds`
  return given.state === 'drained' ? `wait until nobody is connected to ${where(given)}` : `wait until ${where(given)} ${given.state === 'stopped' || given.state === 'absent' ? 'is closed' : 'answers'}`
}

interface Waited {
  readonly elapsed: number
  readonly match?: RegExpExecArray | undefined
  readonly file?: Outputs
}

/** Whether it is so; the match where a text was looked for. */
type Look = () => Promise<boolean | RegExpExecArray>

async function wait(host: Acting, given: WaitParams, file: string | undefined): Promise<Waited> {
  const started = performance.now()
  const elapsed = () => Math.floor((performance.now() - started) / 1000)
  await pause(given.delay * 1000, undefined, { signal: host.signal })
  if (given.port === undefined && file === undefined && given.state === 'started') {
    await pause(given.timeout * 1000, undefined, { signal: host.signal })
    return { elapsed: elapsed() }
  }
  const look: Look = file === undefined ? () => lookAtPort(host, given) : () => lookAtFile(host, file, given)
  for (;;) {
    const found = await look()
    if (found) return { elapsed: elapsed(), match: typeof found === 'object' ? found : undefined, ...(file !== undefined && given.state !== 'absent' ? { file: await describe(host, file) } : {}) }
    if (performance.now() - started >= given.timeout * 1000) return fail(given.msg ?? timedOut(given, file), { elapsed: elapsed() })
    host.progress(`${sentence(given)} (${elapsed()} s)`)
    await pause(given.sleep * 1000, undefined, { signal: host.signal })
  }
}

function timedOut(given: WaitParams, file: string | undefined): string {
  const at = file ?? where(given)
  if (given.state === 'absent' || given.state === 'stopped') return file === undefined ? `Timeout when waiting for ${at} to stop.` : `Timeout when waiting for ${at} to be absent.`
  if (given.state === 'drained') return `Timeout when waiting for ${at} to drain`
  if (given.search_regex !== undefined) return `Timeout when waiting for search string ${given.search_regex} in ${at}`
  return file === undefined ? `Timeout when waiting for ${at}` : `Timeout when waiting for file ${at}`
}

async function lookAtFile(host: Acting, file: string, { state, search_regex }: WaitParams): Promise<boolean | RegExpExecArray> {
  const { code, stdout } = await host.run(search_regex === undefined ? `[ -e ${quote(file)} ]` : `[ -e ${quote(file)} ] && cat < ${quote(file)}`)
  if (state === 'absent') return search_regex === undefined ? code !== 0 : code !== 0 || !pythonPattern(search_regex, 'm').test(stdout.toString())
  if (code !== 0 || search_regex === undefined) return code === 0
  return pythonPattern(search_regex, 'm').exec(stdout.toString()) ?? false
}

async function describe(host: Acting, file: string): Promise<Outputs> {
  const { code, stdout } = await host.run(`stat -L -c '%a %u %g %s %F %U %G' -- ${quote(file)}`)
  if (code !== 0) return {}
  const match = /^(\d+) (\d+) (\d+) (\d+) (.+) (\S+) (\S+)$/.exec(stdout.toString().trim())
  return match ? { mode: match[1]!.padStart(4, '0'), uid: Number(match[2]), gid: Number(match[3]), size: Number(match[4]), state: match[5] === 'directory' ? 'directory' : 'file', owner: match[6], group: match[7] } : {}
}

async function lookAtPort(host: Acting, given: WaitParams): Promise<boolean | RegExpExecArray> {
  switch (given.state) {
    case 'drained': return isDrained(host, given)
    case 'stopped': case 'absent': return !(await isOpen(host, given))
    case 'started': case 'present': return given.search_regex === undefined ? isOpen(host, given) : answers(host, given)
  }
}

const NO_TOOL = 113

/** One attempt from the host; over the connection where the host has no program that can. */
async function isOpen(host: Acting, given: WaitParams): Promise<boolean> {
  const [at, port, limit] = [quote(given.host), given.port!, given.connect_timeout]
  const script = [
    // bash of Debian and others can open connections; a bash that cannot says so with its own words.
    `if command -v bash > /dev/null 2>&1 && command -v timeout > /dev/null 2>&1; then e=$(timeout ${limit} bash -c '(: < "/dev/tcp/$0/$1")' ${at} ${port} 2>&1) && exit 0; case $e in */dev/tcp*'No such file'*) ;; *) exit 1 ;; esac; fi`,
    `if command -v nc > /dev/null 2>&1; then exec nc -z -w ${limit} ${at} ${port} < /dev/null > /dev/null 2>&1; fi`,
    `if command -v curl > /dev/null 2>&1; then curl -s --connect-timeout ${limit} --max-time ${limit} "telnet://"${at.includes(':') ? `'['${at}']'` : at}:${port} < /dev/null > /dev/null 2>&1; case $? in 6|7) exit 1 ;; *) exit 0 ;; esac; fi`,
    `exit ${NO_TOOL}`,
  ].join('\n')
  const { code } = await host.run(script)
  return code === NO_TOOL ? connects(host, given) : code === 0
}

async function connects(host: Acting, { host: address, port }: WaitParams): Promise<boolean> {
  try {
    const socket = await host.connection.forward(address, port!)
    socket.destroy()
    return true
  } catch {
    return false // Refused, unreachable or not allowed: not open, as far as anybody can tell.
  }
}

/** Reads what the port says until the pattern is found or the attempt is over. */
async function answers(host: Acting, given: WaitParams): Promise<RegExpExecArray | false> {
  const pattern = pythonPattern(given.search_regex!, 'm')
  const socket = await host.connection.forward(given.host, given.port!).catch(() => undefined)
  if (!socket) return false
  return new Promise((resolve) => {
    let said = ''
    const end = (result: RegExpExecArray | false) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => end(false), given.connect_timeout * 1000)
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1')
      const match = pattern.exec(said)
      if (match) end(match)
    }).on('error', () => end(false)).on('close', () => end(false))
  })
}

async function isDrained(host: Acting, { host: address, port, exclude_hosts, active_connection_states }: WaitParams): Promise<boolean> {
  const { stdout } = await host.run('cat /proc/net/tcp /proc/net/tcp6 2> /dev/null')
  const everywhere = address === '0.0.0.0' || address === '::'
  return !parseTcpTable(stdout.toString()).some((row) => row.localPort === port && (everywhere || row.localAddress === address || address === 'localhost' && /^(127\.|::1$)/.test(row.localAddress))
    && active_connection_states.includes(row.state) && !exclude_hosts?.includes(row.remoteAddress))
}

