import { SYSTEM_PATH, missing } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import type { Reader } from '../host/reader.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, integer, list, record, text } from '../schema/field.ts'
import { commandLine } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { unknown } from '../value/value.ts'

const params = {
  state: choice(['absent', 'disabled', 'enabled', 'present'], 'enabled and disabled: whether the zone has what is named. present and absent: whether there is the zone, or its target.', { required: true }),
  zone: text('The zone; the default zone without it.'),
  service: text('A service by its name.'),
  port: text('A port or range with its protocol: 8081/tcp, 161-162/udp.'),
  protocol: text('A protocol.'),
  port_forward: list(record({ port: text('The port.', { required: true }), proto: choice(['tcp', 'udp'], 'Its protocol.', { required: true }), toport: text('Where it leads.', { required: true }), toaddr: text('On which host.') }, 'One of them.'), 'A port that leads to another one.'),
  rich_rule: text('A rule in the rich language of firewalld.'),
  source: text('An address or network that belongs to the zone.'),
  interface: text('An interface that belongs to the zone.'),
  icmp_block: text('A kind of ICMP that is blocked.'),
  icmp_block_inversion: flag('Whether all kinds of ICMP but the named ones are blocked.'),
  forward: flag('Whether packets travel between interfaces of the zone.'),
  masquerade: flag('Whether addresses are hidden.'),
  target: choice(['default', 'ACCEPT', 'DROP', '%%REJECT%%'], 'What happens to all that no rule is about.'),
  permanent: flag('After the next start of firewalld.', { default: false }),
  immediate: flag('Now. So it is without permanent.', { default: false }),
  timeout: integer('Seconds after which what was done now is undone.', { default: 0 }),
  offline: flag('Where firewalld does not run, change its files.', { default: true }),
} as const
type FirewallParams = Params<typeof params>

interface Answer {
  readonly is: boolean
  /** firewalld's own words where it cannot answer. */
  readonly error?: string
}

interface Daemon {
  readonly runs: boolean
}

/** Whether firewalld runs; undefined where it is not installed. Key: ''. */
const daemonResource: Resource<Daemon | undefined> = {
  kind: 'firewalld',
  async load(shell, keys) {
    const { code, stdout } = await shell.run(`${SYSTEM_PATH}; command -v firewall-cmd >/dev/null || exit 97; firewall-cmd --state 2>/dev/null || :`)
    return keys.map(() => (code === 97 ? undefined : { runs: stdout.toString().trim() === 'running' }))
  },
}

/** Whether something is so. Key: the command that asks; it ends with 0 for yes and 1 for no. */
const answerResource: Resource<Answer> = {
  kind: 'firewalld-answer',
  async load(shell, keys) {
    const { stdout } = await shell.run(`${SYSTEM_PATH}; ${keys.map((key) => `m=$(${key} 2>&1); printf '%s %s\\n' $? "$(printf %s "$m" | tr '\\n' ' ')"`).join('; ')}`)
    const lines = stdout.toString().split('\n')
    return keys.map((_, i) => {
      const [, code, said = ''] = /^(\d+) ?(.*)$/.exec(lines[i] ?? '') ?? []
      return code === '0' || code === '1' ? { is: code === '0' } : { is: false, error: said.trim() }
    })
  },
}

interface Rule {
  readonly now: boolean | undefined
  readonly later: boolean | undefined
  readonly seen: Aside<{ readonly offline: boolean; readonly wish: Wish }>
}

/** What is asked and done: `firewall-cmd --add-WORD`, `--remove-WORD`, `--query-WORD`. */
interface Wish {
  readonly kind: 'element' | 'zone' | 'target'
  readonly word: string
  readonly shown: string
  readonly wanted: boolean
}

export const firewalld = defineModule({
  name: 'firewalld',
  summary: 'Keep a port, service or rule of firewalld.',
  notes: ['Needs firewall-cmd (package firewalld) on the host; where firewalld does not run, what is permanent is written by firewall-offline-cmd.'],
  examples: `
- name: HTTPS may come in, now and later
  firewalld: { service: https, state: enabled, permanent: true, immediate: true }
- name: A port of our own, in one zone
  firewalld: { port: 6379/tcp, zone: internal, state: enabled, permanent: true }
- name: Nobody of that network
  firewalld: { rich_rule: 'rule family="ipv4" source address="192.0.2.0/24" reject', zone: public, permanent: true, state: enabled }
- name: That service no more
  firewalld: { service: cockpit, state: disabled, permanent: true }
`,
  params,
  async probe(host, given): Promise<Rule> {
    const wish = wishOf(given)
    const permanent = given.permanent
    const immediate = given.immediate || !permanent
    const daemon = known(await host.get(daemonResource, ''))
    if (!daemon && host.planned && host.changing) throw unknown(`firewalld is not there yet; ${host.changing} may bring it`)
    const runs = daemon ? daemon.runs : fail(missing('firewall-cmd', 'firewalld'))
    if (!runs && immediate) fail('firewall is not currently running, unable to perform immediate actions without a running firewall daemon')
    if (!runs && !given.offline) fail('firewalld is not running, and offline is false')
    const [now, later] = await Promise.all([immediate ? ask(host, asks(given, wish, 'now'), given, 'now') : undefined, permanent ? ask(host, asks(given, wish, runs ? 'later' : 'offline'), given, runs ? 'later' : 'offline') : undefined])
    if (given.service !== undefined && wish.wanted) await refuseUnknownService(host, given.service, runs)
    return { now, later, seen: aside({ offline: !runs, wish }) }
  },
  plan(_given, before): Rule {
    const { wanted } = before.seen.value.wish
    return { ...before, now: before.now === undefined ? undefined : wanted, later: before.later === undefined ? undefined : wanted }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const { offline, wish } = before.seen.value
    const effect = (road: Road) => [leaves(answerResource, asks(given, wish, road), { is: wish.wanted })]
    if (before.later !== after.later) yield run(`${SYSTEM_PATH}; exec ${does(given, wish, offline ? 'offline' : 'later')}`, effect(offline ? 'offline' : 'later'), { sentence: `run ${does(given, wish, offline ? 'offline' : 'later')}` })
    if (before.now !== after.now) yield run(`${SYSTEM_PATH}; exec ${does(given, wish, 'now')}`, effect('now'), { sentence: `run ${does(given, wish, 'now')}` })
  },
  diff({ params: { zone }, before, after }) {
    const { shown } = before.seen.value.wish
    const side = (one: Rule) => `${one.now === undefined ? '' : `${shown}: ${one.now ? 'enabled' : 'disabled'} now\n`}${one.later === undefined ? '' : `${shown}: ${one.later ? 'enabled' : 'disabled'} permanently\n`}`
    const name = `zone ${zone ?? 'by default'}`
    return [{ header: { before: name, after: name }, before: side(before), after: side(after) }]
  },
  result({ params: { permanent, immediate, state }, before, changed }) {
    const when = permanent && immediate ? 'Permanent and Non-Permanent(immediate) operation' : permanent ? 'Permanent operation' : 'Non-permanent operation'
    const { shown, kind } = before.seen.value.wish
    return { outputs: { msg: [when, ...(changed ? [kind === 'zone' ? `${state === 'present' ? 'Added' : 'Removed'} ${shown}` : `Changed ${shown} to ${state}`] : [])].join(', ') } }
  },
})

const ELEMENTS = { service: 'service', port: 'port', protocol: 'protocol', rich_rule: 'rich-rule', source: 'source', interface: 'interface', icmp_block: 'icmp-block' } as const
const SWITCHES = { icmp_block_inversion: 'icmp-block-inversion', forward: 'forward', masquerade: 'masquerade' } as const

function wishOf(given: FirewallParams): Wish {
  const { state, target, port_forward, zone, permanent } = given
  const isOn = state === 'enabled' || state === 'present'
  const elements = (Object.keys(ELEMENTS) as (keyof typeof ELEMENTS)[]).filter((name) => given[name] !== undefined)
  const switches = (Object.keys(SWITCHES) as (keyof typeof SWITCHES)[]).filter((name) => given[name] !== undefined)
  const all = [...elements, ...switches, ...(port_forward ? ['port_forward'] : []), ...(target ? ['target'] : [])]
  if (all.length > 1) fail('can only operate on port, service, protocol, rich_rule, masquerade, icmp_block, icmp_block_inversion, interface, forward, target or source at once')
  if (port_forward && port_forward.length > 1) fail('Only one port forward supported at a time')
  if (given.timeout > 0 && given.permanent && !given.immediate) fail('timeout is for what is done now: immediate is needed')
  if (given.timeout > 0 && (given.interface ?? given.source ?? target) !== undefined) fail('interfaces, sources and targets have no timeout')
  const [element] = elements
  const [flagged] = switches
  if (element) return { kind: 'element', word: `${ELEMENTS[element]}=${given[element]}`, shown: `${element} ${given[element]}`, wanted: enabledOnly(state, isOn) }
  if (flagged) return { kind: 'element', word: SWITCHES[flagged], shown: `${flagged} ${given[flagged]}`, wanted: enabledOnly(state, isOn) === given[flagged] }
  if (port_forward) {
    const { port, proto, toport, toaddr } = port_forward[0]!
    return { kind: 'element', word: `forward-port=port=${port}:proto=${proto}:toport=${toport}${toaddr ? `:toaddr=${toaddr}` : ''}`, shown: `port_forward ${port}/${proto}`, wanted: enabledOnly(state, isOn) }
  }
  if (!permanent) fail(target ? 'the target of a zone is permanent: permanent: true is needed' : 'absent and present state can only be used in zone level operations, with permanent: true')
  if (target) return { kind: 'target', word: target, shown: `zone target ${target}`, wanted: isOn }
  if (state !== 'present' && state !== 'absent') fail('nothing is named that could be enabled or disabled: service, port, rich_rule, source, interface …')
  if (zone === undefined) fail('zone is required to make or remove a zone')
  if (given.immediate) fail('zones are made and removed permanently: immediate cannot be')
  return { kind: 'zone', word: zone, shown: `zone ${zone}`, wanted: isOn }
}

function enabledOnly(state: FirewallParams['state'], isOn: boolean): boolean {
  return state === 'present' || state === 'absent' ? fail('absent and present state can only be used in zone level operations') : isOn
}

type Road = 'now' | 'later' | 'offline'
const base = (road: Road): readonly string[] => (road === 'offline' ? ['firewall-offline-cmd'] : ['firewall-cmd', ...(road === 'later' ? ['--permanent'] : [])])
const zoned = ({ zone }: FirewallParams): readonly string[] => (zone === undefined ? [] : [`--zone=${zone}`])

function asks(given: FirewallParams, { kind, word }: Wish, road: Road): string {
  if (kind === 'zone') return `${commandLine([...base(road), '--get-zones'])} | tr ' ' '\\n' | grep -Fxq -- ${commandLine(['x', word]).slice(2)}`
  if (kind === 'target') return `${commandLine([...base(road), ...zoned(given), '--get-target'])} | grep -Fxq -- ${commandLine(['x', word]).slice(2)}`
  return commandLine([...base(road), ...zoned(given), `--query-${word}`])
}

function does(given: FirewallParams, { kind, word, wanted }: Wish, road: Road): string {
  if (kind === 'zone') return commandLine([...base(road), wanted ? `--new-zone=${word}` : `--delete-zone=${word}`])
  if (kind === 'target') return commandLine([...base(road), ...zoned(given), `--set-target=${wanted ? word : 'default'}`])
  // An interface that belongs to another zone moves.
  const verb = wanted ? (word.startsWith('interface=') && road !== 'offline' ? 'change' : 'add') : 'remove'
  return commandLine([...base(road), ...zoned(given), `--${verb}-${word}`, ...(given.timeout > 0 && road === 'now' && wanted ? [`--timeout=${given.timeout}`] : [])])
}

/** firewalld says of a service that nobody knows that the zone has it not; only adding it fails. */
async function refuseUnknownService(host: Reader, service: string, runs: boolean): Promise<void> {
  const list = `${commandLine([...base(runs ? 'later' : 'offline'), '--get-services'])} | tr ' ' '\\n' | grep -Fxq -- ${commandLine(['x', service]).slice(2)}`
  if (!known(await host.get(answerResource, list)).is) fail(`ERROR: Exception caught: INVALID_SERVICE: '${service}' not among existing services`)
}

async function ask(host: Reader, key: string, given: FirewallParams, road: Road): Promise<boolean> {
  const answer = known(await host.get(answerResource, key))
  if (answer.error === undefined) return answer.is
  // A zone that an earlier task of the plan makes is empty.
  if (/INVALID_ZONE/.test(answer.error) && given.zone !== undefined && road !== 'now') {
    const made = known(await host.get(answerResource, asks(given, { kind: 'zone', word: given.zone, shown: '', wanted: true }, road)))
    if (made.is) return false
  }
  return fail(`ERROR: Exception caught: ${answer.error.replace(/^Error:\s*/, '')}`)
}
