/** One call of `ansible-inventory`; `@` stands for the directory of the cases. Its answer lies in the case's `expected.json`, as core 2.19 gave it. */
export interface ListingCase {
  readonly name: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The name of the file with the answer, where a case has several. */
  readonly answer?: string
}

const one = (name: string, file: string, ...more: readonly string[]): ListingCase => ({ name, args: ['-i', `@/${name}/${file}`, ...more] })
/** What is wrong comes beside an inventory that is right, for without that nothing at all would be there. */
const beside = (name: string, file: string): ListingCase => ({ name, args: ['-i', '@/good.yml', '-i', `@/${name}/${file}`] })
const variant = (answer: string, listed: ListingCase, env: Readonly<Record<string, string>> = {}): ListingCase => ({ ...listed, answer, env })

const GROUP_NAMES = 'ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS'
const ENABLED = 'ANSIBLE_INVENTORY_ENABLED'

export const listingCases: readonly ListingCase[] = [
  one('ini-typing', 'inventory'), one('ini-groups', 'hosts'), one('ini-ipv6', 'hosts'), one('ini-priority', 'hosts'), one('ungrouped-reconcile', 'hosts'), one('advanced', 'hosts'), one('crlf', 'hosts'),
  one('yaml-basic', 'hosts.yml'), one('numeric-names', 'hosts.yml'), one('json', 'hosts.json'), one('directory', 'inv'), one('playbook-dir', 'inv/hosts', '--playbook-dir', '@/playbook-dir/play'),
  one('script', 'inv.sh'), one('script-host', 'inv.sh'), one('two-sources', 'one/hosts', '-i', '@/two-sources/two/hosts'), one('constructed', 'hosts', '-i', '@/constructed/z.yml'),
  { name: 'host-list', args: ['-i', 'b,a:2222,10.0.0.1,::1,'] },

  one('ini-vars', 'hosts'), one('ini-ranges', 'hosts'), one('ini-odd-names', 'hosts'), one('old-names', 'hosts'), one('priority', 'hosts'), one('empty-file', 'hosts'), one('empty-yaml', 'hosts.yml'),
  ...['assignment', 'section', 'kind', 'var', 'undefined', 'cycle', 'range-end', 'range-width', 'range-letter', 'range-open', 'range-step', 'range-none', 'quote', 'colon', 'dashes'].map((what) => beside(`ini-bad-${what}`, 'hosts')),
  variant('alone', one('ini-bad-assignment', 'hosts')),

  one('yaml-parts', 'hosts.yml'), one('yaml-types', 'hosts.yml'), one('yaml-no-ending', 'hosts'), one('yaml-vault', 'hosts.yml'), one('yaml-multi-parents', 'hosts.yml'), variant('export', one('yaml-multi-parents', 'hosts.yml', '--export')),
  ...['host-number', 'host-list', 'host-vars', 'vars', 'children', 'group-number', 'self', 'cycle', 'priority', 'syntax'].map((what) => beside(`yaml-bad-${what}`, 'hosts.yml')),

  one('toml', 'hosts.toml'), ...['hosts', 'children', 'syntax', 'plugin', 'twice'].map((what) => beside(`toml-bad-${what}`, 'hosts.toml')),

  one('script-forms', 'inv.sh'), variant('export', one('script-forms', 'inv.sh', '--export')), one('script-cycle', 'inv.sh'), one('script-letters', 'inv.sh'), one('script-same-name', 'inv.sh'), one('script-numbers', 'inv.sh'),
  ...['bad-hosts', 'bad-number', 'bad-vars', 'bad-meta', 'bad-hostvars', 'bad-json', 'bad-list', 'fails', 'host-fails', 'not-executable'].map((what) => beside(`script-${what}`, 'inv.sh')),

  one('constructed-more', 'hosts.yml', '-i', '@/constructed-more/c.yml'), one('constructed-strict', 'hosts.yml', '-i', '@/constructed-strict/c.yml'),
  { name: 'constructed-extra', args: ['-i', 'a,b,', '-i', '@/constructed-extra/c.yml', '-e', 'from_extra=hey'] }, one('constructed-files', 'hosts.yml', '-i', '@/constructed-files/more/c.yml'),
  one('generator', 'g.yml'), variant('wrong', one('plugin-wrong-name', 'c.yml'), { [ENABLED]: 'constructed' }),

  one('mixed-directory', 'inv'), variant('pattern', one('mixed-directory', 'inv'), { ANSIBLE_INVENTORY_IGNORE_REGEX: '^0[13]' }), variant('extensions', one('mixed-directory', 'inv'), { ANSIBLE_INVENTORY_IGNORE: '.ini,.sh,~' }),
  one('odd-vars-files', 'hosts'), variant('merge', one('odd-vars-files', 'hosts'), { ANSIBLE_HASH_BEHAVIOUR: 'merge' }), variant('export', one('odd-vars-files', 'hosts', '--export')),
  one('precedence', 'hosts', '--playbook-dir', '@/precedence/play'),
  variant('reversed', one('precedence', 'hosts', '--playbook-dir', '@/precedence/play'), { ANSIBLE_PRECEDENCE: 'groups_plugins_play,groups_plugins_inventory,all_plugins_play,all_plugins_inventory,groups_inventory,all_inventory' }),
  variant('few', one('precedence', 'hosts', '--playbook-dir', '@/precedence/play'), { ANSIBLE_PRECEDENCE: 'all_inventory,all_plugins_play' }),

  ...['never', 'always', 'ignore', 'silently'].map((how) => variant(how, one('group-names', 'hosts.yml'), { [GROUP_NAMES]: how })),
  variant('ini-only', beside('yaml-parts', 'hosts.yml'), { [ENABLED]: 'ini' }), variant('yaml-only', beside('ini-groups', 'hosts'), { [ENABLED]: 'ansible.builtin.yaml' }),
  { name: 'host-list', answer: 'ranges', args: ['-i', 'a[1:3],b, c ,,d:22,d:23'], env: { [ENABLED]: 'advanced_host_list' } }, { name: 'host-list', answer: 'no-ranges', args: ['-i', 'a[1:3],b, c ,,d:22,d:23,b:x'] },

  ...([
    ['group', 'web'], ['not', '!web'], ['and', 'web:&db'], ['regex', '~w[12]'], ['slice', 'web[1:2]'], ['last', 'web[-1]'], ['nothing', 'nobody'], ['empty', ',,'], ['file', '@@/limit/failed.retry'], ['glob', 'w*,!w1'],
  ] as const).map(([answer, limit]) => variant(answer, one('limit', 'hosts', '-l', limit))),
]
