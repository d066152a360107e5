import { askProgram } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { flag, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Value, isUnknown } from '../value/value.ts'

export const getent = defineModule({
  name: 'getent',
  summary: 'Look something up in a database of the host: users, groups, hosts.',
  notes: ['Needs the program getent.', 'What it finds becomes the fact `getent_DATABASE`: by key, the other fields as a list.'],
  examples: `
- name: Who is root
  getent: { database: passwd, key: root }
- name: root's home is known now
  debug: { msg: "{{ getent_passwd.root[4] }}" }
- name: All groups
  getent: { database: group }
- name: An account that may be missing
  getent: { database: passwd, key: app, fail_key: false }
- name: What the host takes a name for
  getent: { database: hosts, key: www.example.com, split: " " }
`,
  params: {
    database: text('passwd, group, hosts, services …', { required: true }),
    key: text('What to look up; everything without it.'),
    split: text('The character between fields; a colon for passwd, shadow, group and gshadow, white space elsewhere.'),
    service: text('The service of name resolution to ask.'),
    fail_key: flag('Whether a key that is not there is a failure.', { default: true }),
  },
  async probe(host, { database, key, split, service, fail_key }) {
    const reply = await askProgram(host, { getent: 'libc-bin' }, `LC_ALL=C getent ${service === undefined ? '' : `-s ${quote(service)} `}${quote(database)} ${key === undefined ? '' : quote(key)}`, ['/etc/passwd', '/etc/group', '/etc/shadow', '/etc/hosts'])
    if (isUnknown(reply)) throw reply
    const fact = `getent_${database}`
    if (reply.code === 2 && key !== undefined) return fail_key ? fail('One or more supplied key could not be found in the database.') : { facts: new Map<Value, Value>([[fact, new Map([[key, null]])]]) }
    if (reply.code === 1) fail('Missing arguments, or database unknown.')
    if (reply.code === 3) fail('Enumeration not supported on this database.')
    if (reply.code !== 0 && reply.code !== 2) fail(`getent: ${reply.stderr.toString().trim() || `exit code ${reply.code}`}`)
    const mark = split ?? (['passwd', 'shadow', 'group', 'gshadow'].includes(database) ? ':' : undefined)
    return { facts: new Map<Value, Value>([[fact, parseEntries(reply.stdout.toString(), mark)]]) }
  },
  plan: (_params, before) => before,
  result: ({ before }) => ({ outputs: { ansible_facts: before.facts } }),
})

/** Lines by their first field; of a key that stands several times, a list of all. */
export function parseEntries(output: string, mark: string | undefined): ReadonlyMap<Value, Value> {
  const entries = new Map<Value, Value>()
  const seen = new Map<string, Value[]>()
  for (const line of output.split('\n').filter(Boolean)) {
    const [key = '', ...fields] = mark === undefined ? line.trim().split(/\s+/) : line.split(mark)
    const before = seen.get(key)
    if (before) before.push(fields)
    else seen.set(key, [fields])
    const all = seen.get(key)!
    entries.set(key, all.length === 1 ? fields : [...all])
  }
  return entries
}
