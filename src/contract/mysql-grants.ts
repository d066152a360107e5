import { type Value, isDict } from '../value/value.ts'
import { fail } from './failure.ts'
import { identifier } from './mysql.ts'

/** Privileges by object, as SQL names it (`db`.*, FUNCTION `db`.`f`). Sorted; ALL stands for all, GRANT for the grant option; USAGE is none. */
export type Grants = Readonly<Record<string, readonly string[]>>

/** `db.table:PRIV,PRIV/db2.*:ALL`, or a dict of the same. */
export function parseWanted(priv: Value): Grants {
  const parts = isDict(priv) ? [...priv].map(([object, words]) => [String(object), String(words)] as const) : String(priv).split('/').map((part) => part.trim()).filter(Boolean).map((part) => [part.slice(0, part.lastIndexOf(':')), part.slice(part.lastIndexOf(':') + 1)] as const)
  return tidy(parts.map(([object, words]) => [objectOf(object), words.includes('.') && object === '' ? fail(`invalid priv: ${words}`) : wordsOf(words)] as const))
}

const NAME = '`(?:[^`]|``)*`'
const OBJECT = `(?:${NAME}|\\*)(?:\\.(?:${NAME}|\\*))?`

/** An object as a user writes it, with or without backticks. */
function objectOf(written: string): string {
  const [, kind = '', rest = ''] = /^(?:(FUNCTION|PROCEDURE) )?(.*)$/is.exec(written.trim())!
  const prefix = kind ? `${kind.toUpperCase()} ` : ''
  const match = new RegExp(`^(${NAME}|[^\`]*)\\.(${NAME}|[^\`.]*)$`).exec(rest)
  if (!match || rest === '.') fail(`invalid priv: ${written} is no DATABASE.TABLE`)
  return `${prefix}${part(match![1]!)}.${part(match![2]!)}`
}
const part = (name: string): string => (name === '*' || name.startsWith('`') ? name : identifier(name))

/** Words by comma, with columns in parentheses: uppercase, columns sorted and bare. */
export function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(/([^,(]+)(\([^)]*\))?/g)].map(([, word = '', columns]) => {
    const name = word.trim().replace(/\s+/g, ' ').toUpperCase()
    const plain = name === 'ALL PRIVILEGES' ? 'ALL' : name === 'GRANT OPTION' ? 'GRANT' : name
    return columns === undefined ? plain : `${plain} (${columns.slice(1, -1).split(',').map((column) => identifier(column.trim().replace(/^`(.*)`$/s, '$1').replaceAll('``', '`'))).sort().join(', ')})`
  }).filter(Boolean)
}

/** Lines of SHOW GRANTS; roles and proxies are no matter here. */
export function parseGrants(lines: readonly string[]): Grants {
  return tidy(lines.flatMap((line) => {
    const match = new RegExp(`^GRANT (.*?) ON (?:(TABLE|FUNCTION|PROCEDURE|PACKAGE|PACKAGE BODY) )?(${OBJECT}) TO (.*)$`, 's').exec(line)
    if (!match) return []
    const [, words = '', kind, object = '', rest = ''] = match
    return [[`${kind === undefined || kind === 'TABLE' ? '' : `${kind} `}${object}`, [...wordsOf(words), ...(/ WITH .*GRANT OPTION/.test(rest) ? ['GRANT'] : [])]] as const]
  }))
}

// What ALL means to MySQL 8 for all databases: it lists them one by one.
const EVERYTHING = 'SELECT,INSERT,UPDATE,DELETE,CREATE,DROP,RELOAD,SHUTDOWN,PROCESS,FILE,REFERENCES,INDEX,ALTER,SHOW DATABASES,SUPER,CREATE TEMPORARY TABLES,LOCK TABLES,EXECUTE,REPLICATION SLAVE,REPLICATION CLIENT,CREATE VIEW,SHOW VIEW,CREATE ROUTINE,ALTER ROUTINE,CREATE USER,EVENT,TRIGGER,CREATE TABLESPACE,CREATE ROLE,DROP ROLE'.split(',')

function tidy(parts: readonly (readonly [string, readonly string[]])[]): Grants {
  const all = new Map<string, Set<string>>()
  for (const [object, words] of parts) all.set(object, new Set([...(all.get(object) ?? []), ...words.filter((word) => word !== 'USAGE')]))
  return Object.fromEntries([...all].filter(([, words]) => words.size > 0).sort(([a], [b]) => (a < b ? -1 : 1)).map(([object, words]) => [object, whole(words)]))
}
const whole = (words: ReadonlySet<string>): readonly string[] => (words.has('ALL') || EVERYTHING.every((word) => words.has(word)) ? ['ALL', ...(words.has('GRANT') ? ['GRANT'] : [])] : [...words].sort())

/** What should be granted: what is wanted alone, or with or without what there is. */
export function combine(before: Grants, wanted: Grants, how: 'only' | 'append' | 'subtract'): Grants {
  if (how === 'only') return wanted
  if (how === 'append') return tidy([...Object.entries(before), ...Object.entries(wanted)])
  return tidy(Object.entries(before).map(([object, words]) => {
    const less = wanted[object] ?? []
    if (words.includes('ALL') && less.some((word) => word !== 'ALL' && word !== 'GRANT')) fail(`${less.join(', ')} cannot be taken from ALL on ${object}: say what is to stay`)
    return [object, less.includes('ALL') ? [] : words.filter((word) => !less.includes(word))] as const
  }))
}

export function* grantStatements(account: string, before: Grants, after: Grants): Iterable<string> {
  for (const object of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, next] = [before[object] ?? [], after[object] ?? []]
    const gone = old.filter((word) => !next.includes(word) && (word === 'GRANT' || !next.includes('ALL')))
    const words = gone.filter((word) => word !== 'GRANT').map(sqlWord)
    if (gone.includes('GRANT')) yield `REVOKE GRANT OPTION ON ${object} FROM ${account}`
    if (words.length > 0) yield `REVOKE ${words.join(', ')} ON ${object} FROM ${account}`
    const come = next.filter((word) => !old.includes(word))
    if (come.length > 0) yield `GRANT ${come.filter((word) => word !== 'GRANT').map(sqlWord).join(', ') || 'USAGE'} ON ${object} TO ${account}${come.includes('GRANT') ? ' WITH GRANT OPTION' : ''}`
  }
}

const WORD = /^[A-Z_ ]+(?: \((?:`(?:[^`]|``)*`(?:, )?)+\))?$/
const sqlWord = (word: string): string => (word === 'ALL' ? 'ALL PRIVILEGES' : WORD.test(word) ? word : fail(`invalid privileges string: ${word}`))
