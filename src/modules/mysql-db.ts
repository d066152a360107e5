import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { NEEDS_MYSQL, askMysql, clientEnvironment, clientScript, identifier, literal, mysqlKey, mysqlParams, plannedOnMysql, tellMysql } from '../contract/mysql.ts'
import { dumpScript, packerOf } from '../contract/written-beside.ts'
import { fileResource } from '../host/file.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, integer, list, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { splitWords } from '../shell/split-words.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, type Value, fresh, isUnknown, unknown } from '../value/value.ts'

const params = {
  ...mysqlParams,
  name: list(text(''), 'The databases; `all` for all of them, to dump or to import.', { required: true, aliases: ['db'] }),
  state: choice(['absent', 'dump', 'import', 'present'], 'Whether they should be there; what to do with their content.', { default: 'present' }),
  encoding: text('The character set of a new one, or of a dump.', { default: '' }),
  collation: text('The collation of a new one.', { default: '' }),
  target: path('The file to dump to or to import from; .gz, .bz2 and .xz are packed.'),
  single_transaction: flag('Dump in one transaction.', { default: false }),
  quick: flag('Dump row by row.', { default: true }),
  ignore_tables: list(text(''), 'Tables that are left out: DATABASE.TABLE.', { default: [] }),
  hex_blob: flag('Dump binary columns in hexadecimal.', { default: false }),
  force: flag('Go on where an error is met.', { default: false }),
  master_data: integer('How the place in the binary log is dumped: 0, 1 or 2.', { default: 0 }),
  skip_lock_tables: flag('Dump without locking tables.', { default: false }),
  dump_extra_args: text('More arguments for mysqldump.'),
} as const
type DbParams = Params<typeof params>

interface State {
  readonly databases: Readonly<Record<string, 'there' | 'absent' | Unknown>>
  readonly content?: string | Unknown
  readonly seen: Aside<string>
}

export const mysqlDb = defineModule({
  name: 'mysql_db',
  summary: 'Keep databases of MySQL or MariaDB; dump or import them.',
  notes: [`${NEEDS_MYSQL} mysqldump or mariadb-dump for dumps.`, 'A dump and an import are changes each time, as for Ansible. Encoding and collation count when a database is made.'],
  examples: `
- name: The shop has a database
  mysql_db: { name: shop, encoding: utf8mb4, login_unix_socket: /run/mysqld/mysqld.sock }
- name: All databases are dumped
  mysql_db: { name: all, state: dump, target: /var/backups/all.sql.gz, single_transaction: true }
- name: The database for tests is gone
  mysql_db: { name: test, state: absent }
`,
  params,
  async probe(host, given): Promise<State> {
    if (given.name.length === 0) fail('name must not be empty')
    if (moves(given) && given.target === undefined) fail(`with state=${given.state} target is required`)
    if (isAll(given) && !moves(given)) fail(`name=all can only be used with state=dump or state=import`)
    if (given.state === 'import' && given.name.length > 1) fail('Multiple databases are not supported with state=import')
    const path = given.target === undefined ? '' : await resolvePath(host, given.target)
    const names = isAll(given) ? [] : given.name
    const [planned, rows] = await Promise.all([Promise.all(names.map((name) => host.get(plannedOnMysql, mysqlKey(given, 'database', name)))), askMysql(host, given, [`SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA WHERE ${names.length === 0 ? 'FALSE' : `SCHEMA_NAME IN (${names.map(literal).join(', ')})`}`])])
    const there = new Set((rows?.[0] ?? []).map(({ name }) => name))
    const databases = Object.fromEntries(names.map((name, i) => [name, planned[i] === undefined ? (there.has(name) ? 'there' : 'absent') : isUnknown(planned[i]) ? planned[i] : (planned[i] as { readonly is: 'there' | 'absent' }).is] as const))
    const gone = names.filter((name) => databases[name] === 'absent')
    if (given.state === 'dump' && gone.length > 0) fail(`Cannot dump database(s) '${gone.join(', ')}' - not found`)
    return { databases, ...(moves(given) ? { content: '' } : {}), seen: aside(path) }
  },
  plan(given, before): State {
    const wanted = given.state === 'absent' ? 'absent' : 'there'
    return { ...before, databases: Object.fromEntries(Object.keys(before.databases).map((name) => [name, wanted])), ...(moves(given) ? { content: fresh(given.state === 'dump' ? 'dumped' : 'imported') } : {}) }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const effects = Object.entries(after.databases).map(([name, is]) => leaves(plannedOnMysql, mysqlKey(given, 'database', name), { is }))
    const told = [...statements(given, before, after)]
    const names = Object.keys(after.databases).filter((name) => before.databases[name] !== after.databases[name]).join(', ')
    if (told.length > 0) yield tellMysql(given, told, effects, { sentence: `${given.state === 'absent' ? 'drop' : 'create'} database ${names}` })
    if (given.state === 'dump') yield dump(given, before.seen.value)
    if (given.state === 'import') yield load(given, before.seen.value)
  },
  result: ({ params: given, before, after, changed }) => ({ outputs: { db: given.name.join(' '), db_list: given.name as Value, executed_commands: (changed ? [...statements(given, before, after)] : []) as Value } }),
})

const moves = ({ state }: DbParams): boolean => state === 'dump' || state === 'import'
const isAll = ({ name }: DbParams): boolean => name.length === 1 && name[0] === 'all'

function* statements(given: DbParams, before: State, after: State): Iterable<string> {
  const option = (words: string, value: string) => (value === '' ? '' : ` ${words} ${literal(value)}`)
  for (const [name, is] of Object.entries(after.databases)) {
    if (is === before.databases[name]) continue
    yield is === 'absent' ? `DROP DATABASE ${identifier(name)}` : `CREATE DATABASE ${identifier(name)}${option('CHARACTER SET', given.encoding)}${option('COLLATE', given.collation)}`
  }
}

function dump(given: DbParams, target: string): Step {
  const words = [
    ...(given.force ? ['--force'] : []), ...(given.quick ? ['--quick'] : []), ...(given.single_transaction ? ['--single-transaction=true'] : []), ...(given.skip_lock_tables ? ['--skip-lock-tables'] : []), ...(given.hex_blob ? ['--hex-blob'] : []),
    ...(given.encoding === '' ? [] : [`--default-character-set=${given.encoding}`]), ...(given.master_data === 0 ? [] : [`--master-data=${given.master_data}`]), ...given.ignore_tables.map((table) => `--ignore-table=${table}`), ...splitWords(given.dump_extra_args ?? ''),
    ...(isAll(given) ? ['--all-databases'] : given.name.length > 1 ? ['--databases', '--', ...given.name] : ['--', ...given.name]),
  ]
  const script = dumpScript(target, `(\n${clientScript(given, 'mysqldump', words)}\n) 4</dev/null`)
  return run(script, [leaves(fileResource, target, unknown('what mysqldump writes'))], { environment: clientEnvironment(given), sentence: `dump ${given.name.join(', ')} to ${target}`, failure: 'the dump failed' })
}

function load(given: DbParams, source: string): Step {
  const words = [...(given.force ? ['--force'] : []), ...(given.encoding === '' ? [] : [`--default-character-set=${given.encoding}`]), ...(isAll(given) ? [] : ['--', ...given.name])]
  const packer = packerOf(source)
  const client = `(\n${clientScript(given, 'mysql', words)}\n)`
  const script = packer === undefined ? `[ -r ${quote(source)} ] || { echo ${quote(`target ${source} does not exist on the host`)} >&2; exit 1; }; ${client} 4< ${quote(source)}` : `r=$({ { ${packer} -dc -- ${quote(source)} || echo $? >&3; } | { ${client} 4<&0 >&2 || echo 1 >&3; }; } 3>&1); [ -z "$r" ] || exit 1`
  return run(script, [], { environment: clientEnvironment(given), sentence: `import ${source} into ${given.name.join(', ')}`, failure: 'the import failed' })
}
