import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import type { Reader } from '../host/reader.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, integer, text } from '../schema/field.ts'
import { commandLine } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, type Value, fresh, unknown } from '../value/value.ts'

/** What ufw has, on or off; undefined where it is missing. Key: ''. */
interface Firewall {
  readonly enabled: boolean
  /** `ufw status verbose`. */
  readonly status: string
  /** /etc/default/ufw and the level of logging in /etc/ufw/ufw.conf. */
  readonly defaults: Readonly<Record<string, string>>
  /** The rules of users as ufw keeps them, one a line, IPv4 then IPv6. */
  readonly rules: readonly string[]
}

const firewallResource: Resource<Firewall | undefined> = {
  kind: 'ufw',
  async load(shell, keys) {
    const { code, stdout } = await shell.run("export LC_ALL=C; command -v ufw >/dev/null || exit 9; ufw status verbose; echo @@; cat /etc/default/ufw /etc/ufw/ufw.conf; echo @@; cat /etc/ufw/user.rules /etc/ufw/user6.rules /lib/ufw/user.rules /lib/ufw/user6.rules 2>/dev/null | grep '^### tuple'; :")
    const [status = '', settings = '', rules = ''] = stdout.toString().split('@@\n')
    const state = code === 9 ? undefined : { enabled: /^ENABLED=yes/m.test(settings), status, defaults: settingsOf(settings), rules: rules.split('\n').filter(Boolean) }
    return keys.map(() => state)
  },
  foresee: (_key, found, planned) => found ?? (planned.packages.length > 0 ? unknown(`packages of ${planned.packages[0]!.by} may bring ufw`) : undefined),
}

const params = {
  state: choice(['disabled', 'enabled', 'reloaded', 'reset'], 'Whether the firewall is on; load it anew; forget everything.'),
  default: choice(['allow', 'deny', 'reject'], 'What happens to packets that no rule speaks of.', { aliases: ['policy'] }),
  direction: choice(['in', 'incoming', 'out', 'outgoing', 'routed'], 'Which packets; of a rule, or of the default.'),
  logging: choice(['on', 'off', 'low', 'medium', 'high', 'full'], 'How much is logged.'),
  rule: choice(['allow', 'deny', 'limit', 'reject'], 'What happens to the packets.'),
  route: flag('A rule for packets that are passed on.', { default: false }),
  delete: flag('The rule should not be there.', { default: false }),
  insert: integer('At which place.'),
  insert_relative_to: choice(['first-ipv4', 'first-ipv6', 'last-ipv4', 'last-ipv6', 'zero'], 'What insert counts from.', { default: 'zero' }),
  log: flag('Log new connections of the rule.', { default: false }),
  from_ip: text('The address that packets come from.', { aliases: ['from', 'src'], default: 'any' }),
  from_port: text('The port that they come from.'),
  to_ip: text('The address that they go to.', { aliases: ['dest', 'to'], default: 'any' }),
  to_port: text('The port that they go to.', { aliases: ['port'] }),
  proto: choice(['any', 'tcp', 'udp', 'ipv6', 'esp', 'ah', 'gre', 'igmp', 'vrrp'], 'The protocol.', { aliases: ['protocol'] }),
  name: text('A profile of an application.', { aliases: ['app'] }),
  interface: text('The interface of the direction.', { aliases: ['if'] }),
  interface_in: text('The interface that packets come in by.', { aliases: ['if_in'] }),
  interface_out: text('The interface that they go out by.', { aliases: ['if_out'] }),
  comment: text('A comment on the rule.'),
} as const
type UfwParams = Params<typeof params>

interface Plan {
  readonly enabled: boolean
  readonly defaults: Readonly<Record<string, string>>
  /** Rules after the one of the task, as ufw's own dry run says. */
  readonly rules: readonly string[] | Unknown
  readonly reloaded: string | Unknown
  readonly seen: Aside<{ readonly rules: readonly string[] | Unknown | undefined; readonly status: string }>
}

export const ufw = defineModule({
  name: 'ufw',
  summary: 'Keep the firewall of ufw and its rules.',
  notes: ["Needs ufw on the host. What a rule changes is asked of ufw's own dry run."],
  examples: `
- name: ssh may come in, but not too often
  ufw: { rule: limit, port: ssh, proto: tcp }
- name: The database only from one network
  ufw: { rule: allow, src: 10.0.0.0/24, port: "5432", proto: tcp, comment: database }
- name: Nothing else comes in
  ufw: { direction: incoming, policy: deny }
- name: The firewall is on
  ufw: { state: enabled, logging: "low" }
`,
  params,
  rules: { atMostOneOf: [['name', 'proto', 'logging'], ['interface', 'interface_in'], ['interface', 'interface_out']] },
  async probe(host, given): Promise<Plan> {
    misused(given)
    const firewall = known(await host.get(firewallResource, '')) ?? fail('Failed to find required executable "ufw": install the package ufw on the host')
    const rules = given.rule === undefined ? undefined : host.changing !== undefined && host.planned ? await unplanned(host, given, firewall) : await dryRun(host, given, firewall)
    return { enabled: firewall.enabled, defaults: firewall.defaults, rules: firewall.rules, reloaded: '', seen: aside({ rules, status: firewall.status }) }
  },
  plan(given, before): Plan {
    const after = { ...before, enabled: given.state === 'enabled' ? true : given.state === 'disabled' ? false : before.enabled, rules: before.seen.value.rules ?? before.rules }
    const logging = given.logging === undefined ? {} : { LOGLEVEL: given.logging === 'on' ? (before.defaults.LOGLEVEL === 'off' ? 'low' : (before.defaults.LOGLEVEL ?? 'low')) : given.logging }
    const policy = given.default === undefined ? {} : { [policyName(given.direction)]: WORDS[given.default]! }
    if (given.state === 'reset') return { ...after, enabled: false, rules: [], reloaded: fresh('forgotten') }
    return { ...after, defaults: { ...before.defaults, ...logging, ...policy }, ...(given.state === 'reloaded' && before.enabled ? { reloaded: fresh('loaded anew') } : {}) }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const left = (): readonly ReturnType<typeof leaves>[] => [leaves(firewallResource, '', after.rules instanceof Unknown ? unknown('what ufw makes of the rule') : { enabled: after.enabled, status: before.seen.value.status, defaults: after.defaults, rules: after.rules })]
    const ufw = (...words: readonly string[]) => run(['ufw', ...words], left(), { environment: { LC_ALL: 'C' } })
    if (given.state === 'reset') yield ufw('--force', 'reset')
    if (given.default !== undefined && before.defaults[policyName(given.direction)] !== after.defaults[policyName(given.direction)]) yield ufw('default', given.default, ...directionOf(given.direction))
    if (given.logging !== undefined && before.defaults.LOGLEVEL !== after.defaults.LOGLEVEL) yield ufw('logging', given.logging)
    if (given.rule !== undefined && before.rules !== after.rules) yield ufw(...ruleWords(given, insertAt(given, before.seen.value.status, before.rules)))
    // A rule comes before the firewall is on: whoever lets ssh in and switches it on in one task stays connected.
    if (before.enabled !== after.enabled) yield ufw('-f', after.enabled ? 'enable' : 'disable')
    if (given.state === 'reloaded' && before.enabled) yield ufw('reload')
  },
  diff({ before, after }) {
    const side = ({ enabled, defaults, rules, reloaded }: Plan) => [`enabled: ${enabled}`, ...Object.entries(defaults).map(([name, value]) => `${name}: ${value}`), ...(rules instanceof Unknown ? [`rules: (unknown: ${rules.reason})`] : rules), ...(reloaded instanceof Unknown ? [reloaded.reason] : []), ''].join('\n')
    return [{ header: { before: 'ufw', after: 'ufw' }, before: side(before), after: side(after) }]
  },
  result: ({ before, replies, taken, changed }) => ({ outputs: { commands: [] as Value, msg: taken ? replies.map(({ stdout }) => stdout.toString().trim()).join('\n') : changed ? unknown('what ufw says when it has done it') : before.seen.value.status } }),
})

const WORDS: Readonly<Record<string, string>> = { allow: 'ACCEPT', deny: 'DROP', reject: 'REJECT' }

function misused({ state, default: policy, logging, rule, direction, interface: one, route, interface_in, interface_out }: UfwParams): void {
  if (state === undefined && policy === undefined && logging === undefined && rule === undefined) fail('one of state, default, rule, logging is needed')
  if (policy !== undefined && direction !== undefined && !['outgoing', 'incoming', 'routed'].includes(direction) && rule === undefined) fail('For default, direction must be one of "outgoing", "incoming" and "routed", or direction must not be specified.')
  if (rule === undefined) return
  if (direction !== undefined && !['in', 'out'].includes(direction)) fail('For rules, direction must be one of "in" and "out", or direction must not be specified.')
  if (one !== undefined && direction === undefined) fail('Direction must be specified when creating a rule on an interface')
  if (!route && interface_in !== undefined && interface_out !== undefined) fail('Only route rules can combine interface_in and interface_out')
}

const policyName = (direction: UfwParams['direction']): string => `DEFAULT_${direction === 'outgoing' || direction === 'out' ? 'OUTPUT' : direction === 'routed' ? 'FORWARD' : 'INPUT'}_POLICY`
const directionOf = (direction: UfwParams['direction']): readonly string[] => (direction === undefined ? [] : [direction === 'in' ? 'incoming' : direction === 'out' ? 'outgoing' : direction])

function settingsOf(text: string): Readonly<Record<string, string>> {
  const names = ['DEFAULT_INPUT_POLICY', 'DEFAULT_OUTPUT_POLICY', 'DEFAULT_FORWARD_POLICY', 'LOGLEVEL']
  return Object.fromEntries(names.flatMap((name) => {
    const value = new RegExp(`^${name}="?(\\w+)"?`, 'm').exec(text)?.[1]
    return value === undefined ? [] : [[name, value] as const]
  }))
}

/** The words of a rule, in the order that ufw wants. */
function ruleWords(given: UfwParams, at: number | undefined): readonly string[] {
  const pair = (word: string, value: string | undefined) => (value === undefined ? [] : [word, value])
  return [
    ...(given.route ? ['route'] : []), ...(given.delete ? ['delete'] : []), ...(at === undefined || given.delete ? [] : ['insert', String(at)]), given.rule!, ...(given.direction === undefined ? [] : [given.direction]),
    ...pair('on', given.interface), ...(given.interface_in === undefined ? [] : ['in', 'on', given.interface_in]), ...(given.interface_out === undefined ? [] : ['out', 'on', given.interface_out]), ...(given.log ? ['log'] : []),
    'from', given.from_ip, ...pair('port', given.from_port), 'to', given.to_ip, ...pair('port', given.to_port), ...pair('proto', given.proto), ...pair('app', given.name), ...(given.comment === undefined || given.delete ? [] : ['comment', given.comment]),
  ]
}

/** ufw counts from one, IPv6 rules after those of IPv4. */
function insertAt({ insert, insert_relative_to }: UfwParams, _status: string, rules: readonly string[] | Unknown): number | undefined {
  if (insert === undefined) return undefined
  if (insert_relative_to === 'zero' || rules instanceof Unknown) return insert
  const six = rules.filter((rule) => /\s[0-9a-f:/]*::?[0-9a-f:/]*\s/i.test(rule)).length
  const four = rules.length - six
  const base = { 'first-ipv4': 1, 'last-ipv4': Math.max(four, 1), 'first-ipv6': four + 1, 'last-ipv6': Math.max(rules.length, four + 1) }[insert_relative_to]
  const place = insert + base
  return place > rules.length || place < 1 ? undefined : place
}

/** The rules that there would be; ufw prints them all where something would change, and nothing new else. */
async function dryRun(host: Reader, given: UfwParams, { rules, status }: Firewall): Promise<readonly string[] | Unknown> {
  const words = ruleWords(given, insertAt(given, status, rules))
  const { code, stdout, stderr } = known(await host.run(`export LC_ALL=C; ${commandLine(['ufw', '--dry-run', ...words])}`, ['/etc/ufw', '/etc/default/ufw']))
  if (code !== 0) fail(stderr.toString().trim() || stdout.toString().trim(), { rc: code })
  const found = stdout.toString().split('\n').filter((line) => line.startsWith('### tuple'))
  if (/^(?:Skipping|Could not delete)/m.test(stdout.toString()) && found.length === 0) return rules
  return mergeRules(rules, found)
}

/** A dry run prints the table of each family that changes; the other one stays. */
function mergeRules(rules: readonly string[], printed: readonly string[]): readonly string[] {
  const isSix = (rule: string) => /\s(?:::\/0|[0-9a-f]*:[0-9a-f:]*(?:\/\d+)?)\s/i.test(rule)
  return JSON.stringify([...printed].sort()) === JSON.stringify([...rules].sort()) ? rules : [...printed.filter((rule) => !isSix(rule)), ...printed.filter(isSix)]
}

/** What only the plan has changed ufw's dry run does not see: without changes to ufw itself it is as good. */
const unplanned = async (host: Reader, given: UfwParams, firewall: Firewall): Promise<readonly string[] | Unknown> => {
  const real = known(await host.run("cat /etc/ufw/user.rules /etc/ufw/user6.rules 2>/dev/null | grep '^### tuple'; :", []))
  const same = JSON.stringify(real.stdout.toString().split('\n').filter(Boolean)) === JSON.stringify(firewall.rules)
  return same ? dryRun(host, given, firewall) : unknown('an earlier task changes the rules that ufw has')
}
