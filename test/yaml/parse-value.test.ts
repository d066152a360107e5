import { describe, expect, test } from 'vitest'
import { Problems } from '../../src/problem/problem.ts'
import { Float } from '../../src/value/value.ts'
import { parseYamlAll, parseYamlValue } from '../../src/yaml/parse-value.ts'

/** The value of a scalar as Ansible (core 2.19 with PyYAML) reads it. */
const scalars: readonly (readonly [string, unknown])[] = [
  ['yes', true], ['Yes', true], ['on', true], ['NO', false], ['Off', false], ['y', 'y'], ['n', 'n'], ['yES', 'yES'],
  ['~', null], ['', null], ['null', null], ['NULL', null], ['nULL', 'nULL'],
  ['0', 0], ['-0', 0], ['+12', 12], ['0644', 420], ['-0644', -420], ['0o644', '0o644'], ['08', '08'], ['0b101', 5], ['0x1F', 31], ['1_000', 1000], ['1,000', '1,000'],
  ['12:30:45', 45045], ['22:22', 1342], ['60:70', '60:70'], ['190:20:30.15', 685230.15],
  ['99999999999999999999', 99999999999999999999n], ['123456789012345678', 123456789012345678n],
  ['3.0', new Float(3)], ['3.', new Float(3)], ['.5', 0.5], ['-.5', '-.5'], ['1e3', '1e3'], ['1.5e3', '1.5e3'], ['1.0e+3', new Float(1000)], ['-.inf', -Infinity], ['.nan', NaN],
  ['2024-01-02', '2024-01-02'], ['2024-1-2', '2024-1-2'], ['2024-01-02 3:04:05', '2024-01-02 03:04:05'],
  ['2001-12-14t21:59:43.10-05:00', '2001-12-14 21:59:43.100000-05:00'], ['2024-01-02T03:04:05Z', '2024-01-02 03:04:05+00:00'],
  ["'0644'", '0644'], ['"yes"', 'yes'], ['!!str 5', '5'], ["!!int '5'", 5], ['!!float 5', new Float(5)], ["!!bool 'yes'", true], ['!!null x', null], ['! 5', 5],
  ['!unsafe 5', 5], ['!unsafe yes', true], ['"\\x41\\u00e9\\/"', 'Aé/'], ["'x''y'", "x'y"], ['b#c', 'b#c'], ['b # c', 'b'],
]

describe('scalars of YAML 1.1', () => {
  test.each(scalars)('%s', (text, value) => {
    expect(parseYamlValue(`a: ${text}`)).toEqual(new Map([['a', value]]))
  })
})

describe('collections', () => {
  test('keys keep their type', () => {
    expect(parseYamlValue('yes: 1\n2: 2\n~: 3\n1.5: 4')).toEqual(new Map<unknown, unknown>([[true, 1], [2, 2], [null, 3], [1.5, 4]]))
  })
  test('merge keys: own entries win, of several the first does, and merged ones come first', () => {
    const value = parseYamlValue('x: &x {b: 1}\ny: &y {b: 2, c: 3}\nz:\n  d: 2\n  <<: [*x, *y]\n  c: 5') as Map<string, unknown>
    expect([...(value.get('z') as Map<string, number>)]).toEqual([['b', 1], ['c', 5], ['d', 2]])
    expect(parseYamlValue("a: &a {b: 1}\n'<<': 2")).toEqual(new Map<string, unknown>([['a', new Map([['b', 1]])], ['<<', 2]]))
  })
  test('aliases share their value; a hundred million of them cost nothing', () => {
    const bomb = ['a: &a [x, x]', ...Array.from({ length: 26 }, (_, i) => `${letter(i + 1)}: &${letter(i + 1)} [*${letter(i)}, *${letter(i)}]`)].join('\n')
    expect((parseYamlValue(bomb) as Map<string, unknown>).size).toBe(27)
  })
  test('documents, a byte order mark, CRLF, and nothing at all', () => {
    expect(parseYamlAll('\uFEFFa\r\n---\r\nb: |\r\n  x\r\n  y\r\n')).toEqual(['a', new Map([['b', 'x\ny\n']])])
    expect(parseYamlValue('')).toBe(null)
    expect(parseYamlAll('')).toEqual([])
    expect(() => parseYamlValue('a\n---\nb')).toThrow(Problems)
  })
  test('text of values never becomes a template', () => {
    expect(parseYamlValue("'{{ x }}'")).toBe('{{ x }}')
  })
  test('what stands between brackets and quotes may begin in any column, as with PyYAML', () => {
    const text = "a: [1,\n2]\nb:\n  c: {\nd: 1\n}\ne: 'x\ny'\nf: \"p\n\n q\"\n- x\n".replace('- x\n', 'g: 3\n')
    expect(parseYamlValue(text)).toEqual(new Map<string, unknown>([['a', [1, 2]], ['b', new Map([['c', new Map([['d', 1]])]])], ['e', 'x y'], ['f', 'p\nq'], ['g', 3]]))
  })
  test('JSON is YAML', () => {
    expect(parseYamlValue('{"a": [1, 2.5, true, null, "x\\n"], "b": {}}')).toEqual(new Map<string, unknown>([['a', [1, 2.5, true, null, 'x\n']], ['b', new Map()]]))
  })
})

const letter = (index: number): string => (index < 26 ? String.fromCharCode(97 + index) : 'zz')
