import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { NEEDS_PSQL, askPostgres, identifier, literal, plannedKey, plannedOnServer, postgresEnvironment, postgresParams, tellPostgres } from '../contract/psql.ts'
import { fileResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, path, text } from '../schema/field.ts'
import { pgDumpScript, pgRestoreScript } from '../contract/postgres-dump.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, type Value, fresh, isUnknown, unknown } from '../value/value.ts'

const params = {
  ...postgresParams,
  name: text('The database.', { required: true, aliases: ['db'] }),
  state: choice(['absent', 'dump', 'present', 'rename', 'restore'], 'Whether it should be there; what to do with its content.', { default: 'present' }),
  owner: text('The role that owns it.', { default: '' }),
  template: text('The database that a new one is a copy of.', { default: '' }),
  encoding: text('Its encoding: it cannot change.', { default: '' }),
  lc_collate: text('Its order of letters (LC_COLLATE): it cannot change.', { default: '' }),
  lc_ctype: text('Its kinds of letters (LC_CTYPE): it cannot change.', { default: '' }),
  icu_locale: text('The ICU locale of a new one.'),
  locale_provider: choice(['icu', 'libc'], 'Where a new one takes its order of letters from.'),
  conn_limit: text('How many connections it takes at most.', { default: '' }),
  tablespace: text('Where it is kept.', { default: '' }),
  comment: text('A comment on it; empty for none.'),
  target: path('The file to dump to or to restore from, or the new name. Its ending says the format: .sql, .tar, .pgc, .dir, and .gz, .bz2, .xz after .sql.', { default: '' }),
  target_opts: text('More arguments for pg_dump, pg_restore or psql.', { default: '' }),
  dump_extra_args: text('More arguments for pg_dump.'),
  maintenance_db: text('The database to log in to.', { default: 'postgres' }),
  force: flag('Drop it even if others are connected.', { default: false }),
} as const
type DbParams = Params<typeof params>

/** Of a database only what the task speaks about. */
interface Database {
  readonly exists: boolean
  readonly owner?: string | Unknown | undefined
  readonly encoding?: string | Unknown | undefined
  readonly lc_collate?: string | Unknown | undefined
  readonly lc_ctype?: string | Unknown | undefined
  readonly conn_limit?: number | Unknown | undefined
  readonly tablespace?: string | Unknown | undefined
  readonly comment?: string | null | Unknown | undefined
}

interface State extends Database {
  readonly renamed?: string
  readonly content?: string | Unknown
  readonly seen: Aside<{ readonly version: number; readonly wantedEncoding: string | null; readonly path: string }>
}

export const postgresqlDb = defineModule({
  name: 'postgresql_db',
  summary: 'Keep a database of PostgreSQL; dump, restore or rename it.',
  notes: [`${NEEDS_PSQL} pg_dump and pg_restore for dumps.`, 'A dump and a restore are changes each time, as for Ansible. Log in as the owner of the server: `become: true`, `become_user: postgres`.'],
  examples: `
- name: The shop has a database
  become: true
  become_user: postgres
  postgresql_db: { name: shop, owner: postgres, encoding: UTF8, lc_collate: C.UTF-8, lc_ctype: C.UTF-8, template: template0 }
- name: It is dumped
  become: true
  become_user: postgres
  postgresql_db: { name: shop, state: dump, target: /var/tmp/shop.sql.gz }
- name: The one for tests is gone
  become: true
  become_user: postgres
  postgresql_db: { name: test, state: absent }
`,
  params,
  rules: { requiredIf: [['state', 'rename', ['target']], ['state', 'dump', ['target']], ['state', 'restore', ['target']]] },
  async probe(host, given): Promise<State> {
    if ((given.state === 'rename' || given.state === 'dump' || given.state === 'restore') && given.target === '') fail(given.state === 'rename' ? 'The "target" option must be defined when the "rename" option is used.' : `state is ${given.state} but all of the following are missing: target`)
    if (given.state === 'rename') return probeRename(host, given)
    const found = await readDatabase(host, given, given.name)
    const seen = aside({ version: found.version, wantedEncoding: found.wanted, path: given.target === '' ? '' : await resolvePath(host, given.target) })
    if (given.state === 'dump' || given.state === 'restore') {
      if (!found.database) fail(`database "${given.name}" does not exist`)
      return { exists: true, content: '', seen }
    }
    return { ...spokenOf(given, found.database), seen }
  },
  plan(given, before): State {
    const { seen } = before
    switch (given.state) {
      case 'absent': return { exists: false, seen }
      case 'dump': return { ...before, content: fresh('dumped') }
      case 'restore': return { ...before, content: fresh('restored') }
      case 'rename': return { ...before, renamed: given.target }
      case 'present': return { ...wished(given, before), seen }
    }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    if (given.state === 'dump' || given.state === 'restore') return yield* moveContent(given, before.seen.value.path)
    const planned = [leaves(plannedOnServer, plannedKey(given, 'database', given.name), given.state === 'rename' ? { exists: false } : onlyData(after)), ...(given.state === 'rename' ? [leaves(plannedOnServer, plannedKey(given, 'database', given.target), { exists: true })] : [])]
    const sentence = given.state === 'rename' ? `rename database ${given.name} to ${given.target}` : !after.exists ? `drop database ${given.name}` : before.exists ? `change database ${given.name}` : `create database ${given.name}`
    yield tellPostgres(given, given.maintenance_db, [...statements(given, before, after)], planned, { sentence })
  },
  result({ params: given, before, after, replies, taken, changed }) {
    const reply = taken ? replies.at(-1) : undefined
    if (given.state === 'dump' || given.state === 'restore') return { outputs: { db: given.name, ...(reply ? { msg: reply.stdout.toString(), stderr: reply.stderr.toString(), rc: reply.code } : {}) } }
    return { outputs: { db: given.name, executed_commands: (changed ? [...statements(given, before, after)] : []) as Value } }
  },
})

/** A database of the plan, as far as no task says what it is to be. */
const NEW: Database = Object.fromEntries(['owner', 'encoding', 'lc_collate', 'lc_ctype', 'conn_limit', 'tablespace', 'comment'].map((key) => [key, unknown('what the server gives a new database')])) as Partial<Database> as Database

interface Row {
  readonly version: number
  readonly wanted: string | null
  readonly database: Required<Omit<Database, 'exists'>> | null
}

async function readDatabase(host: Reader, given: DbParams, name: string): Promise<{ readonly version: number; readonly wanted: string | null; readonly database: Database | undefined }> {
  const planned = await host.get(plannedOnServer, plannedKey(given, 'database', name))
  if (isUnknown(planned)) throw planned
  const database = `SELECT pg_get_userbyid(d.datdba) AS owner, pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS lc_collate, d.datctype AS lc_ctype, d.datconnlimit AS conn_limit, s.spcname AS tablespace, shobj_description(d.oid, 'pg_database') AS comment FROM pg_database d JOIN pg_tablespace s ON s.oid = d.dattablespace WHERE d.datname = ${literal(name)}`
  const rows = await askPostgres<Row>(host, given, given.maintenance_db, `SELECT current_setting('server_version_num')::int AS version, nullif(pg_encoding_to_char(pg_char_to_encoding(${literal(given.encoding)})), '') AS wanted, (SELECT row_to_json(x) FROM (${database}) x) AS database`)
  const { version, wanted, database: found } = rows[0]!
  const real = found ? { exists: true, ...found } : undefined
  const now = planned as Database | undefined
  return { version, wanted, database: now ? (now.exists ? { ...(real ?? NEW), ...now } : undefined) : real }
}

/** What the task speaks about: nothing else is compared. */
function spokenOf(given: DbParams, found: Database | undefined): Database {
  if (!found) return { exists: false }
  if (given.state === 'absent') return { exists: true }
  const keys = (['owner', 'encoding', 'lc_collate', 'lc_ctype', 'conn_limit', 'tablespace', 'comment'] as const).filter((key) => given[key] !== '' && given[key] !== undefined || (key === 'comment' && given.comment === ''))
  return { exists: true, ...Object.fromEntries(keys.map((key) => [key, found[key]])) }
}

function wished(given: DbParams, before: State): Database {
  const { wantedEncoding } = before.seen.value
  if (given.encoding !== '' && wantedEncoding === null) fail(`PostgreSQL knows no encoding ${given.encoding}`)
  const limit = given.conn_limit === '' ? undefined : /^-?\d+$/.test(given.conn_limit) ? Number(given.conn_limit) : fail(`conn_limit must be a number: ${given.conn_limit}`)
  const fixed = [['encoding', wantedEncoding ?? ''], ['lc_collate', given.lc_collate], ['lc_ctype', given.lc_ctype]] as const
  for (const [key, wanted] of fixed) if (before.exists && given[key] !== '' && before[key] !== undefined && !isUnknown(before[key]) && before[key] !== wanted) fail(`Changing ${{ encoding: 'database encoding', lc_collate: 'LC_COLLATE', lc_ctype: 'LC_CTYPE' }[key]} is not supported. Current ${{ encoding: 'encoding', lc_collate: 'LC_COLLATE', lc_ctype: 'LC_CTYPE' }[key]}: ${before[key]}`)
  return {
    exists: true, ...(given.owner === '' ? {} : { owner: given.owner }), ...Object.fromEntries(fixed.flatMap(([key, wanted]) => (given[key] === '' ? [] : [[key, wanted]]))),
    ...(limit === undefined ? {} : { conn_limit: limit }), ...(given.tablespace === '' ? {} : { tablespace: given.tablespace }), ...(given.comment === undefined ? {} : { comment: given.comment === '' ? null : given.comment }),
  }
}

const onlyData = ({ seen: _, ...database }: State): Database => database

function* statements(given: DbParams, before: State, after: State): Iterable<string> {
  const name = identifier(given.name)
  if (given.state === 'rename') return yield `ALTER DATABASE ${name} RENAME TO ${identifier(given.target)}`
  if (!after.exists) {
    const { version } = before.seen.value
    if (given.force && version < 130000) yield `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${literal(given.name)} AND pid <> pg_backend_pid()`
    return yield `DROP DATABASE ${name}${given.force && version >= 130000 ? ' WITH (FORCE)' : ''}`
  }
  if (!before.exists) {
    const word = (key: string, value: string) => (value === '' ? '' : ` ${key} ${value}`)
    const text = (key: string, value: string | undefined) => word(key, value ? literal(value) : '')
    const named = (key: string, value: string) => word(key, value && identifier(value))
    yield `CREATE DATABASE ${name}${named('OWNER', given.owner)}${named('TEMPLATE', given.template)}${text('ENCODING', given.encoding)}${text('LC_COLLATE', given.lc_collate)}${text('LC_CTYPE', given.lc_ctype)}${text('ICU_LOCALE', given.icu_locale)}${word('LOCALE_PROVIDER', given.locale_provider ?? '')}${named('TABLESPACE', given.tablespace)}${word('CONNECTION LIMIT', given.conn_limit)}`
  } else {
    if (after.owner !== before.owner && typeof after.owner === 'string') yield `ALTER DATABASE ${name} OWNER TO ${identifier(after.owner)}`
    if (after.conn_limit !== before.conn_limit) yield `ALTER DATABASE ${name} CONNECTION LIMIT ${after.conn_limit}`
    if (after.tablespace !== before.tablespace && typeof after.tablespace === 'string') yield `ALTER DATABASE ${name} SET TABLESPACE ${identifier(after.tablespace)}`
  }
  if ((after.comment ?? null) !== (before.comment ?? null)) yield `COMMENT ON DATABASE ${name} IS ${typeof after.comment === 'string' ? literal(after.comment) : 'NULL'}`
}

/** Renamed already where only the new name is there. */
async function probeRename(host: Reader, given: DbParams): Promise<State> {
  const [old, next] = await Promise.all([readDatabase(host, given, given.name), readDatabase(host, given, given.target)])
  if (old.database && next.database) fail(`Both the source and the target databases exist: "${given.name}" and "${given.target}"`)
  if (!old.database && !next.database) fail('The source and the target databases do not exist')
  return { exists: true, renamed: old.database ? given.name : given.target, seen: aside({ version: old.version, wantedEncoding: null, path: '' }) }
}

function* moveContent(given: DbParams, target: string): Iterable<Step> {
  const environment = postgresEnvironment(given, given.name)
  if (given.state === 'dump') yield run(pgDumpScript(target, `${given.target_opts} ${given.dump_extra_args ?? ''}`), [leaves(fileResource, target, unknown(`what pg_dump writes about ${given.name}`))], { environment, sentence: `dump database ${given.name} to ${target}`, failure: `Dump of database ${given.name} failed` })
  else yield run(pgRestoreScript(target, given.target_opts), [], { environment, sentence: `restore database ${given.name} from ${target}`, failure: `Restore of database ${given.name} failed` })
}
