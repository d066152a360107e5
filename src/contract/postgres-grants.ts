import type { Reader } from '../host/reader.ts'
import { fail } from './failure.ts'
import { type PostgresLogin, askPostgres, identifier, literal } from './psql.ts'

/** Privileges by table; '' is the database. Sorted. */
export type Grants = Readonly<Record<string, readonly string[]>>

const DATABASE = ['CONNECT', 'CREATE', 'TEMPORARY']
const TABLE = ['DELETE', 'INSERT', 'REFERENCES', 'SELECT', 'TRIGGER', 'TRUNCATE', 'UPDATE']

/** `CONNECT,TEMP/table1:SELECT,INSERT/table2:ALL`. */
export function parsePrivileges(text: string): Grants {
  return Object.fromEntries(text.split('/').filter((part) => part.trim() !== '').map((part) => {
    const at = part.indexOf(':')
    const [table, words] = at < 0 ? ['', part] : [part.slice(0, at).trim(), part.slice(at + 1)]
    const known = table === '' ? DATABASE : TABLE
    const wanted = words.split(',').map((word) => word.trim().toUpperCase()).map((word) => (word === 'TEMP' ? 'TEMPORARY' : word))
    const strange = wanted.filter((word) => word !== 'ALL' && !known.includes(word))
    if (strange.length > 0) fail(`Invalid privs specified for ${table === '' ? 'database' : 'table'}: ${strange.join(' ')}`)
    return [table, wanted.includes('ALL') ? known : [...new Set(wanted)].sort()]
  }))
}

const nameOf = (table: string): string => table.split('.').map(identifier).join('.')

/** What was granted to the role itself of what is wanted. */
export async function readGrants(host: Reader, login: PostgresLogin & { readonly name: string }, database: string, wanted: Grants, exists: boolean): Promise<Grants> {
  if (!exists) return Object.fromEntries(Object.keys(wanted).map((table) => [table, []]))
  const role = literal(login.name)
  return Object.fromEntries(await Promise.all(Object.keys(wanted).map(async (table) => {
    const acl = table === '' ? `SELECT (aclexplode(coalesce(d.datacl, acldefault('d', d.datdba)))).* FROM pg_database d WHERE d.datname = current_database()` : `SELECT (aclexplode(coalesce(c.relacl, acldefault('r', c.relowner)))).* FROM pg_class c WHERE c.oid = ${literal(nameOf(table))}::regclass`
    const rows = await askPostgres<{ readonly word: string }>(host, login, database, `SELECT privilege_type AS word FROM (${acl}) a JOIN pg_roles r ON r.oid = a.grantee WHERE r.rolname = ${role}`)
    return [table, wanted[table]!.filter((word) => rows.some((row) => row.word === word))] as const
  })))
}

export function* grantStatements(role: string, database: string, before: Grants, after: Grants): Iterable<string> {
  for (const [table, words] of Object.entries(after)) {
    const missing = words.filter((word) => !before[table]?.includes(word))
    if (missing.length > 0) yield `GRANT ${missing.join(', ')} ON ${table === '' ? `DATABASE ${identifier(database)}` : `TABLE ${nameOf(table)}`} TO ${identifier(role)}`
  }
}
