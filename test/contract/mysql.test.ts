import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { combine, grantStatements, parseGrants, parseWanted } from '../../src/contract/mysql-grants.ts'
import { identifier, literal, optionFile, optionValue, parseXml } from '../../src/contract/mysql.ts'

const odd = fc.array(fc.oneof(fc.constantFrom("'", '"', '`', '\\', ';', '#', '\n', '\t', '--', 'a', '\\n', '$(id)'), fc.string({ unit: 'binary' }))).map((parts) => parts.join('').replaceAll('\0', ''))

describe('words for SQL, where backslashes mean nothing', () => {
  test('a text means itself and ends where it ends', () => fc.assert(fc.property(odd, (value) => {
    const inside = literal(value).slice(1, -1)
    expect(inside.replaceAll("''", '')).not.toContain("'")
    expect(inside.replaceAll("''", "'")).toBe(value)
  })))
  test('so does a name', () => fc.assert(fc.property(odd.filter((one) => one !== ''), (name) => {
    const inside = identifier(name).slice(1, -1)
    expect(inside.replaceAll('``', '')).not.toContain('`')
    expect(inside.replaceAll('``', '`')).toBe(name)
  })))
  test('what SQL cannot carry is refused', () => expect(() => literal('a\0')).toThrow('NUL'))
})

/** How clients of MySQL read a quoted value: one line, with these escapes. */
const readOption = (quoted: string): string => quoted.slice(1, -1).replace(/\\(.)/gs, (_, mark: string) => ({ n: '\n', r: '\r', t: '\t', b: '\b', s: ' ' })[mark] ?? mark)

test('a value in a file of options is one line and means itself', () => fc.assert(fc.property(odd, (value) => {
  expect(optionValue(value)).not.toContain('\n')
  expect(readOption(optionValue(value))).toBe(value)
})))

test('only what the task gives is in the file of options', () => {
  const login = { login_user: 'me', login_password: 'a"b', login_host: 'localhost', login_port: 3306, login_unix_socket: undefined, config_file: '~/.my.cnf', connect_timeout: 30, client_cert: undefined, client_key: undefined, ca_cert: undefined, check_implicit_admin: false }
  expect(optionFile(login)).toBe('[client]\nuser="me"\npassword="a\\"b"\n')
  expect(optionFile({ ...login, login_host: 'db', login_port: 3307 }, true)).toBe('[client]\nuser="root"\npassword=""\nhost="db"\nport="3307"\n')
})

test('reads what the client prints as XML', () =>
  expect(parseXml('<?xml version="1.0"?>\n\n<resultset statement="SELECT 1\n" xmlns:xsi="x">\n  <row>\n\t<field name="a &amp; b">x &lt; y\nz</field>\n\t<field name="c" xsi:nil="true" />\n  </row>\n</resultset>\n<resultset statement="SELECT 2" xmlns:xsi="x"></resultset>\n')).toEqual([[{ 'a & b': 'x < y\nz', c: null }], []]))

describe('privileges', () => {
  test('as users write them and as servers tell them are the same', () => {
    const wanted = parseWanted('mydb.*:SELECT, insert/`my.db`.`t`:ALL,GRANT/*.*:USAGE/FUNCTION mydb.f:EXECUTE/mydb.t:SELECT(b,a)')
    const told = parseGrants(["GRANT USAGE ON *.* TO `u`@`h` IDENTIFIED BY PASSWORD 'x'", 'GRANT INSERT, SELECT ON `mydb`.* TO `u`@`h`', 'GRANT ALL PRIVILEGES ON `my.db`.`t` TO `u`@`h` WITH GRANT OPTION', 'GRANT EXECUTE ON FUNCTION `mydb`.`f` TO `u`@`h`', 'GRANT SELECT (`a`, `b`) ON `mydb`.`t` TO `u`@`h`', "GRANT PROXY ON ''@'%' TO 'u'@'h'", 'GRANT `role` TO `u`@`h`'])
    expect(told).toEqual(wanted)
    expect([...grantStatements('x', told, wanted)]).toEqual([])
  })
  test('are taken, given and kept', () => {
    const before = parseWanted('d.*:SELECT,INSERT,GRANT/e.*:ALL')
    expect([...grantStatements('x', before, combine(before, parseWanted('d.*:SELECT,UPDATE'), 'only'))]).toEqual(['REVOKE GRANT OPTION ON `d`.* FROM x', 'REVOKE INSERT ON `d`.* FROM x', 'GRANT UPDATE ON `d`.* TO x', 'REVOKE ALL PRIVILEGES ON `e`.* FROM x'])
    expect([...grantStatements('x', before, combine(before, parseWanted('e.*:SELECT/d.*:UPDATE'), 'append'))]).toEqual(['GRANT UPDATE ON `d`.* TO x'])
    expect(combine(before, parseWanted('d.*:SELECT/e.*:ALL'), 'subtract')).toEqual({ '`d`.*': ['GRANT', 'INSERT'] })
    expect(() => combine(before, parseWanted('e.*:SELECT'), 'subtract')).toThrow('cannot be taken from ALL')
  })
  test.each(['d:SELECT', 'SELECT'])('%s is no object', (priv) => expect(() => parseWanted(priv)).toThrow('invalid priv'))
  test('no word reaches SQL that is none', () => fc.assert(fc.property(odd, (word) => {
    try {
      for (const statement of grantStatements('x', {}, parseWanted(new Map([['d.*', word]])))) expect(statement).toMatch(/^GRANT [A-Z_ ,]+(?:\((?:`(?:[^`]|``)*`(?:, )?)+\))?(?:, [A-Z_ ]+(?:\((?:`(?:[^`]|``)*`(?:, )?)+\))?)* ON `d`\.\* TO x(?: WITH GRANT OPTION)?$/)
    } catch (error) {
      expect((error as Error).message).toMatch(/invalid priv|a name in SQL/)
    }
  })))
})
