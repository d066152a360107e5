import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pgDumpScript, pgRestoreScript } from '../../src/contract/postgres-dump.ts'
import { parsePrivileges } from '../../src/contract/postgres-grants.ts'
import { fitsPassword, isVerifier, scramVerifier, verifierFor } from '../../src/contract/postgres-password.ts'
import { identifier, literal, postgresEnvironment } from '../../src/contract/psql.ts'

const text = fc.string({ unit: 'binary' }).filter((one) => !one.includes('\0'))
const odd = fc.oneof(text, fc.array(fc.constantFrom("'", '"', '\\', ';', '--', '$$', '\n', ':x', '\\!', 'E', '/*', 'a')).map((parts) => parts.join('')))

/** PostgreSQL's rules for a text constant, standard or with escapes: what it means, and what is left of the line. */
function readLiteral(sql: string): { readonly means: string; readonly rest: string } {
  const escapes = sql.startsWith('E')
  let at = escapes ? 2 : 1
  let means = ''
  for (; at < sql.length; at++) {
    if (sql[at] === "'" && sql[at + 1] !== "'") break
    if (sql[at] === "'" || (escapes && sql[at] === '\\')) at++
    means += sql[at]
  }
  return { means, rest: sql.slice(at + 1) }
}

describe('words for SQL', () => {
  test('a text means itself and ends where it ends', () => fc.assert(fc.property(odd, (value) => {
    expect(readLiteral(literal(value).replace(/^ /, ''))).toEqual({ means: value, rest: '' })
  })))
  test('without an E no backslash is in it, so that standard_conforming_strings is no matter', () => fc.assert(fc.property(odd, (value) => /^ E'/.test(literal(value)) || !literal(value).includes('\\'))))
  test('a name means itself and ends where it ends', () =>
    fc.assert(fc.property(odd.filter((one) => one !== ''), (name) => {
      const quoted = identifier(name)
      expect(quoted.slice(1, -1).replaceAll('""', '')).not.toContain('"')
      expect(quoted.slice(1, -1).replaceAll('""', '"')).toBe(name)
    })))
  test('what SQL cannot carry is refused', () => {
    expect(() => literal('a\0b')).toThrow('NUL')
    expect(() => identifier('')).toThrow('empty')
  })
})

const login = { login_user: 'me', login_password: 'open', login_host: '', login_port: 5433, login_unix_socket: '/run/pg', ssl_mode: 'prefer', ca_cert: undefined, ssl_cert: undefined, ssl_key: undefined, connect_params: new Map([['port', '6000'], ['application_name', 'x']]), session_role: undefined }

test('logs in by the environment, where connect_params win', () => {
  expect(postgresEnvironment(login, 'a b')).toMatchObject({ PGHOST: '/run/pg', PGPORT: '6000', PGUSER: 'me', PGPASSWORD: 'open', PGDATABASE: 'a b', PGAPPNAME: 'x', PGCLIENTENCODING: 'UTF8' })
  expect(() => postgresEnvironment({ ...login, connect_params: new Map([['keepalives', '1']]) }, 'a')).toThrow('psql takes no keepalives')
})

describe('passwords', () => {
  // RFC 7677, section 3: the same password and salt, as PostgreSQL writes them down.
  test('a verifier is the one of the RFC', () => expect(scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), 4096)).toBe('SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU='))
  test.each(['scram-sha-256', 'md5'])('fits what is made of it with %s, and no other', (encryption) => fc.assert(fc.property(odd, odd, (password, other) => {
    fc.pre(!isVerifier(password) && password.normalize('NFKC') !== other.normalize('NFKC') && !/\p{Cf}|\p{Z}|\p{Mn}/u.test(password + other))
    const kept = verifierFor(password, 'role', encryption)
    expect(isVerifier(kept)).toBe(true)
    expect(fitsPassword(kept, password, 'role')).toBe(true)
    expect(fitsPassword(kept, other, 'role')).toBe(false)
  }), { numRuns: 20 }))
  test('a verifier is taken as it is', () => expect(verifierFor('md50123456789abcdef0123456789abcdef', 'x', 'scram-sha-256')).toBe('md50123456789abcdef0123456789abcdef'))
})

test('reads privileges, and refuses what is none', () => {
  expect(parsePrivileges('CONNECT,temp/my table:select/other:ALL')).toEqual({ '': ['CONNECT', 'TEMPORARY'], 'my table': ['SELECT'], other: ['DELETE', 'INSERT', 'REFERENCES', 'SELECT', 'TRIGGER', 'TRUNCATE', 'UPDATE'] })
  expect(() => parsePrivileges('t:FLY')).toThrow('Invalid privs specified for table: FLY')
})

test('a dump is named by its ending, and its words are words', () => {
  expect(pgDumpScript('/a b.tar', '--table "x; y"')).toContain("pg_dump -F t --table 'x; y' > \"$t\"")
  expect(pgDumpScript('/a.sql.xz', '')).toContain('| xz > "$t"')
  expect(pgDumpScript('/a.dir', '')).toBe('exec pg_dump -F d -f /a.dir')
  expect(pgRestoreScript('/a.pgc', '--clean')).toContain('pg_restore -F c -d "$PGDATABASE" --clean /a.pgc')
  expect(pgRestoreScript('/a.sql', '')).toContain('ON_ERROR_STOP=1 < /a.sql')
})
