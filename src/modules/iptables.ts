import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, list, record, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Value, Unknown, unknown } from '../value/value.ts'

const params = {
  action: choice(['append', 'insert'], 'Where a new rule goes.', { default: 'append' }),
  chain: text('INPUT, FORWARD, OUTPUT … or one of your own.'),
  chain_management: flag('Make the chain, or remove it.', { default: false }),
  comment: text('A comment.'),
  ctstate: list(text(''), 'States of connections.', { default: [] }),
  destination: text('The address that packets go to.'),
  destination_port: text('The port that they go to; a range as 1000:2000.'),
  destination_ports: list(text(''), 'Several ports, with multiport.', { default: [] }),
  dst_range: text('A range of addresses that they go to.'),
  flush: flag('Forget all rules of the chain, or of the table.', { default: false }),
  fragment: text('Only second and further fragments.'),
  gateway: text('Where TEE sends a copy.'),
  gid_owner: text('The group of the process.'),
  goto: text('The chain to go on in.'),
  icmp_type: text('The type of ICMP.'),
  in_interface: text('The interface that packets come in by; + at its end is any.'),
  ip_version: choice(['ipv4', 'ipv6'], 'Which firewall.', { default: 'ipv4' }),
  jump: text('What happens to them: ACCEPT, DROP, a chain …'),
  limit: text('How many at most: 5/minute.'),
  limit_burst: text('How many at once before the limit counts.'),
  log_level: choice(['0', '1', '2', '3', '4', '5', '6', '7', 'emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug'], 'The level of LOG.'),
  log_prefix: text('What stands before what is logged.'),
  match: list(text(''), 'Extensions to load.', { default: [] }),
  match_set: text('An ipset.'),
  match_set_flags: choice(['src', 'dst', 'src,dst', 'dst,src', 'src,src', 'dst,dst'], 'What is looked for in it.'),
  numeric: flag('Show numbers.', { default: false, inert: 'the rules are not listed' }),
  out_interface: text('The interface that they go out by.'),
  policy: choice(['ACCEPT', 'DROP', 'QUEUE', 'RETURN'], 'What happens to what no rule speaks of.'),
  protocol: text('The protocol.'),
  reject_with: text('What REJECT answers.'),
  rule_num: text('At which place to insert.'),
  set_counters: text('Packets and bytes to begin with.'),
  set_dscp_mark: text('A DSCP mark to set.'),
  set_dscp_mark_class: text('A DSCP class to set.'),
  source: text('The address that packets come from.'),
  source_port: text('The port that they come from.'),
  src_range: text('A range of addresses that they come from.'),
  state: choice(['absent', 'present'], 'Whether the rule is there.', { default: 'present' }),
  syn: choice(['ignore', 'match', 'negate'], 'Only, or never, packets that begin a connection.', { default: 'ignore' }),
  table: choice(['filter', 'nat', 'mangle', 'raw', 'security'], 'The table.', { default: 'filter' }),
  tcp_flags: record({ flags: list(text(''), 'Which are looked at.'), flags_set: list(text(''), 'Which are set.') }, 'Flags of TCP.'),
  to_destination: text('Where DNAT sends them.'),
  to_ports: text('Where REDIRECT sends them.'),
  to_source: text('What SNAT makes of their source.'),
  uid_owner: text('The user of the process.'),
  wait: text('Seconds to wait for others that change rules.'),
} as const
type RuleParams = Params<typeof params>

/** Keyed by the question as words; what iptables answers: 'yes', 'no', or for a policy its name. */
const answerResource: Resource<string> = {
  kind: 'iptables',
  async load(shell, keys) {
    const { stdout } = await shell.run(`export LC_ALL=C\n${keys.map((key) => `(${key}) 2>/dev/null; echo @@`).join('\n')}`)
    const parts = stdout.toString().split('@@\n')
    return keys.map((_, i) => (parts[i] ?? '').trim())
  },
  foresee: (_key, found, planned) => (found === 'missing' && planned.packages.length > 0 ? unknown(`packages of ${planned.packages[0]!.by} may bring iptables`) : found),
}

interface Rule {
  readonly rule: string | Unknown | undefined
  readonly chain: string | Unknown | undefined
  readonly policy: string | Unknown | undefined
  readonly flushed: string | Unknown | undefined
}

export const iptables = defineModule({
  name: 'iptables',
  summary: 'Keep a rule of the kernel\'s firewall, until the host starts anew.',
  notes: ['Needs iptables (ip6tables) on the host.'],
  examples: `
- name: Answers may come back
  iptables: { chain: INPUT, ctstate: [ESTABLISHED, RELATED], jump: ACCEPT }
- name: The web may come in
  iptables: { chain: INPUT, protocol: tcp, destination_ports: ["80", "443"], jump: ACCEPT, comment: web }
- name: One port goes to another
  iptables: { table: nat, chain: PREROUTING, protocol: tcp, destination_port: "8080", jump: REDIRECT, to_ports: "80" }
- name: Not from there any more
  iptables: { chain: INPUT, source: 192.0.2.7, jump: DROP, state: absent }
- name: What nothing lets through is dropped
  iptables: { chain: FORWARD, policy: DROP }
`,
  params,
  rules: { atMostOneOf: [['set_dscp_mark', 'set_dscp_mark_class']] },
  async probe(host, given): Promise<Rule> {
    misused(given)
    const ask = async (question: string) => {
      const answer = known(await host.get(answerResource, `command -v ${program(given)} >/dev/null || { echo missing; exit; }; ${question}`))
      return answer === 'missing' ? fail(`Failed to find required executable "${program(given)}": install the package iptables on the host`) : answer
    }
    const question = kindOf(given)
    return {
      rule: question === 'rule' ? await ask(`${check(given)} && echo there || echo ''`) : undefined,
      chain: given.chain_management ? await ask(`${line(given, '-L', [given.chain!, '-n'])} >/dev/null && echo there || echo ''`) : undefined,
      policy: question === 'policy' ? await ask(`${line(given, '-S', [given.chain!])} | sed -n 's/^-P [^ ]* //p'`) : undefined,
      flushed: question === 'flush' ? await ask(`${line(given, '-S', given.chain === undefined ? [] : [given.chain])} | grep -c '^-A' || :`) : undefined,
    }
  },
  plan(given, before): Rule {
    const there = given.state === 'present' ? 'there' : ''
    return {
      rule: before.rule === undefined ? undefined : there, chain: before.chain === undefined ? undefined : there,
      policy: before.policy === undefined ? undefined : given.policy, flushed: before.flushed === undefined ? undefined : '0',
    }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const asked = (question: string, answer: string) => [leaves(answerResource, `command -v ${program(given)} >/dev/null || { echo missing; exit; }; ${question}`, answer)]
    const change = (verb: string, words: readonly string[], effects: ReturnType<typeof asked> = []) => run([program(given), '-t', given.table, ...waits(given), verb, ...words], effects)
    if (after.flushed !== before.flushed) return yield change('-F', given.chain === undefined ? [] : [given.chain], asked(`${line(given, '-S', given.chain === undefined ? [] : [given.chain])} | grep -c '^-A' || :`, '0'))
    if (after.policy !== before.policy) return yield change('-P', [given.chain!, given.policy!], asked(`${line(given, '-S', [given.chain!])} | sed -n 's/^-P [^ ]* //p'`, given.policy!))
    const chain = asked(`${line(given, '-L', [given.chain!, '-n'])} >/dev/null && echo there || echo ''`, given.state === 'present' ? 'there' : '')
    if (after.chain !== before.chain && given.state === 'present') yield change('-N', [given.chain!], chain)
    const place = given.action === 'insert' && given.state === 'present' && given.rule_num !== undefined ? [given.rule_num] : []
    if (after.rule !== before.rule) yield change(given.state === 'absent' ? '-D' : given.action === 'insert' ? '-I' : '-A', [given.chain!, ...place, ...ruleWords(given)], asked(`${check(given)} && echo there || echo ''`, String(after.rule)))
    if (after.chain !== before.chain && given.state === 'absent') yield change('-X', [given.chain!], chain)
  },
  diff({ params: given, before, after }) {
    const name = `${program(given)} ${given.table}`
    const side = ({ rule, chain, policy, flushed }: Rule) => [
      ...(chain === 'there' && before.chain !== after.chain ? [`-N ${given.chain}`] : []), ...(rule === 'there' ? [['-A', given.chain, ...ruleWords(given)].join(' ')] : []),
      ...(policy === undefined ? [] : [`-P ${given.chain} ${String(policy)}`]), ...(flushed === undefined ? [] : [`${String(flushed)} rules`]), '',
    ].join('\n')
    return [{ header: { before: name, after: name }, before: side(before), after: side(after) }]
  },
  result: ({ params: given }) => ({
    outputs: { chain: given.chain ?? null, chain_management: given.chain_management, table: given.table, ip_version: given.ip_version, state: given.state, flush: given.flush, rule: kindOf(given) === 'rule' ? ruleWords(given).map(quote).join(' ') : '' } satisfies Record<string, Value>,
  }),
})

const program = ({ ip_version }: RuleParams): string => (ip_version === 'ipv6' ? 'ip6tables' : 'iptables')
const waits = ({ wait }: RuleParams): readonly string[] => (wait === undefined ? [] : ['-w', wait])
const line = (given: RuleParams, verb: string, words: readonly string[]): string => [program(given), '-t', given.table, ...waits(given), verb, ...words].map(quote).join(' ')
const check = (given: RuleParams): string => line(given, '-C', [given.chain!, ...ruleWords(given)])

/** A chain that is managed without any rule is only made or removed. */
function kindOf(given: RuleParams): 'flush' | 'policy' | 'rule' | 'chain' {
  if (given.flush) return 'flush'
  if (given.policy !== undefined) return 'policy'
  return given.chain_management && ruleWords(given).length === 0 ? 'chain' : 'rule'
}

function misused(given: RuleParams): void {
  if (given.flush && given.policy !== undefined) fail('parameters are mutually exclusive: flush|policy')
  if (!given.flush && given.chain === undefined) fail('Either chain or flush parameter must be specified.')
  if (given.chain_management && given.chain === undefined) fail('chain_management needs a chain')
  if ((given.log_prefix ?? given.log_level) !== undefined && given.jump !== undefined && given.jump !== 'LOG') fail('Logging options can only be used with the LOG jump target.')
  if (given.jump === 'TEE' && given.gateway === undefined) fail('jump=TEE needs gateway')
  if (given.match_set !== undefined && given.match_set_flags === undefined) fail('match_set needs match_set_flags')
  if (given.rule_num !== undefined && given.action !== 'insert') fail('rule_num needs action=insert')
}

/** A value that begins with an exclamation mark is negated: the mark stands before the option. */
function option(name: string, value: string | undefined): readonly string[] {
  if (value === undefined || value === '') return []
  return value.startsWith('!') ? ['!', name, value.slice(1).trim()] : [name, value]
}

/** The rule in iptables' words; extensions are loaded where an option needs them. */
export function ruleWords(given: RuleParams): readonly string[] {
  const load = (name: string, needed: boolean) => (needed && !given.match.includes(name) ? ['-m', name] : [])
  const own = (name: string) => given.match.includes(name)
  const owner = given.uid_owner !== undefined || given.gid_owner !== undefined
  const range = given.src_range !== undefined || given.dst_range !== undefined
  return [
    ...option('-p', given.protocol), ...option('-s', given.source), ...option('-d', given.destination), ...given.match.flatMap((name) => ['-m', name]),
    ...(given.tcp_flags?.flags && given.tcp_flags.flags_set ? ['--tcp-flags', given.tcp_flags.flags.join(','), given.tcp_flags.flags_set.join(',')] : []),
    ...option('-j', given.jump), ...(given.gateway === undefined ? [] : ['--gateway', given.gateway]), ...option('--log-prefix', given.log_prefix), ...option('--log-level', given.log_level), ...option('--to-destination', given.to_destination),
    ...load('multiport', given.destination_ports.length > 0), ...(given.destination_ports.length > 0 ? ['--dports', given.destination_ports.join(',')] : []), ...option('--to-source', given.to_source), ...option('-g', given.goto),
    ...option('-i', given.in_interface), ...option('-o', given.out_interface), ...(given.fragment === undefined ? [] : given.fragment.startsWith('!') ? ['!', '-f'] : ['-f']), ...(given.set_counters === undefined ? [] : ['-c', ...given.set_counters.split(/[\s,]+/)]),
    ...option('--source-port', given.source_port), ...option('--destination-port', given.destination_port), ...option('--to-ports', given.to_ports),
    ...option('--set-dscp', given.set_dscp_mark), ...option('--set-dscp-class', given.set_dscp_mark_class), ...(given.syn === 'match' ? ['--syn'] : given.syn === 'negate' ? ['!', '--syn'] : []),
    ...load('conntrack', given.ctstate.length > 0 && !own('state')), ...(given.ctstate.length > 0 ? [own('state') && !own('conntrack') ? '--state' : '--ctstate', given.ctstate.join(',')] : []),
    ...load('iprange', range), ...option('--src-range', given.src_range), ...option('--dst-range', given.dst_range),
    ...load('set', given.match_set !== undefined), ...(given.match_set === undefined ? [] : [...(given.match_set.startsWith('!') ? ['!', '--match-set', given.match_set.slice(1)] : ['--match-set', given.match_set]), given.match_set_flags ?? 'src']),
    ...load('limit', given.limit !== undefined || given.limit_burst !== undefined), ...option('--limit', given.limit), ...option('--limit-burst', given.limit_burst),
    ...load('owner', owner), ...option('--uid-owner', given.uid_owner), ...option('--gid-owner', given.gid_owner),
    ...(given.jump === undefined && given.reject_with !== undefined ? ['-j', 'REJECT'] : []), ...option('--reject-with', given.reject_with),
    ...option(given.ip_version === 'ipv6' ? '--icmpv6-type' : '--icmp-type', given.icmp_type), ...load('comment', given.comment !== undefined), ...(given.comment === undefined ? [] : ['--comment', given.comment]),
  ]
}
