import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Problem, problemsOf } from '../../src/problem/problem.ts'
import { TemplateString, VaultString } from '../../src/value/value.ts'
import { encrypt } from '../../src/vault/vault.ts'
import { type ParseOptions, parseYaml } from '../../src/yaml/parse-nodes.ts'
import { type YamlMapping, type YamlScalar, entryOf, toValue } from '../../src/yaml/yaml-node.ts'

const parse = (text: string, options: Partial<ParseOptions> = {}): YamlMapping => parseYaml(text, { file: 'x.yml', templates: true, ...options }) as YamlMapping
const scalar = (node: YamlMapping, key: string): YamlScalar => entryOf(node, key)?.value as YamlScalar
const at = (problem: Problem): string => `${problem.code} ${problem.span?.line}:${problem.span?.column}`

function problems(text: string, options: Partial<ParseOptions> = {}): readonly Problem[] {
  try {
    parse(text, options)
  } catch (error) {
    const found = problemsOf(error)
    if (found) return found
    throw error
  }
  return []
}

describe('places', () => {
  const node = parse('a: b\nlist:\n  - "q {{ x }}"\n  - {c: d}\ntext: |\n\n    one {{ x }}\n      two\nfold: >-\n  three\n')
  test('keys and plain values', () => {
    expect(node.entries.map(({ keySpan }) => [keySpan.line, keySpan.column])).toEqual([[1, 1], [2, 1], [5, 1], [9, 1]])
    expect(scalar(node, 'a').span).toEqual({ file: 'x.yml', line: 1, column: 4, length: 1 })
  })
  test('quoted values begin after the quote; templates carry their place', () => {
    const list = entryOf(node, 'list')?.value
    const value = list?.kind === 'sequence' && list.items[0] ? toValue(list.items[0]) : undefined
    expect(value).toBeInstanceOf(TemplateString)
    expect((value as TemplateString).span).toMatchObject({ line: 3, column: 6 })
  })
  test('blocks begin on the line after their header, in the column of their text', () => {
    expect(scalar(node, 'text').text).toBe('\none {{ x }}\n  two\n')
    expect(scalar(node, 'text').span).toEqual({ file: 'x.yml', line: 6, column: 5, block: { indent: 4 } })
    expect(scalar(node, 'fold').span).toEqual({ file: 'x.yml', line: 10, column: 3 })
  })
})

describe('tags', () => {
  test('!vault is opened when it is looked at, once, and told as a secret', () => {
    const told: string[] = []
    const vaulted = encrypt('s3cret', 'pw').trimEnd().replaceAll('\n', '\n    ')
    const node = parse(`a: !vault |\n    ${vaulted}\n`, { vault: { secrets: [{ id: 'default', secret: Buffer.from('pw') }], onSecret: (text) => told.push(text) } })
    const value = toValue(node) as Map<string, unknown>
    const text = value.get('a')
    expect(text).toBeInstanceOf(VaultString)
    expect(told).toEqual([])
    expect([(text as VaultString).decrypt(), (text as VaultString).decrypt()]).toEqual(['s3cret', 's3cret'])
    expect(told).toEqual(['s3cret'])
  })
  test('!unsafe text is no template, inside lists and mappings either', () => {
    const value = toValue(parse("a: !unsafe '{{ x }}'\nb: !unsafe {c: ['{{ y }}']}\nd: '{{ z }}'")) as Map<string, unknown>
    expect(value.get('a')).toBe('{{ x }}')
    expect(value.get('b')).toEqual(new Map([['c', ['{{ y }}']]]))
    expect(value.get('d')).toBeInstanceOf(TemplateString)
  })
  test('unknown tags are refused', () => {
    expect(problems('a: !foo b\nc: !!python/object:x {}').map(at)).toEqual(['yaml-tag 1:9', 'yaml-tag 2:22'])
  })
})

describe('problems', () => {
  test('a duplicate key names both places', () => {
    const [problem] = problems('a: 1\nb:\n  c: 1\n  c: 2\n')
    expect(at(problem!)).toBe('yaml-duplicate-key 4:3')
    expect(problem?.detail).toBe("'c' is already on line 3, column 3")
    expect(toValue(parse('a: 1\na: 2', { duplicates: 'ignore' }))).toEqual(new Map([['a', 2]]))
  })
  test('a tab in the indentation is pointed at', () => {
    expect(problems('a:\n\tb: 1\n').map(at)).toEqual(['yaml-tab 2:1'])
    expect(problems('a:\n  b: 1\n  \tc: 2\n').map(at)).toEqual(['yaml-tab 3:3'])
  })
  test('an unquoted template', () => {
    expect(problems('a: {{ x }}\n').map(at)).toEqual(['yaml-unquoted-template 1:4'])
    expect(problems('- a: {{ x }}/y\n').map(at)).toEqual(['yaml-unquoted-template 1:6'])
  })
  test('all of a file are told', () => {
    expect(problems('a: 1\na: 2\nb: {{ x }}\nc: !foo x\nd: *e\nf: 2024-13-01\n').map((problem) => problem.code)).toEqual([
      'yaml-duplicate-key', 'yaml-unquoted-template', 'yaml-tag', 'yaml-alias', 'yaml-value',
    ])
    expect(problems('a: 1\na: 2\nb: "x" y\nc: *nothing\n').map(at)).toEqual(['yaml-duplicate-key 2:1', 'yaml-syntax 3:8'])
    expect(problems('a: @x\nb: 1\n\nc: `y\n').map(at)).toEqual(['yaml-syntax 1:4', 'yaml-syntax 4:4'])
  })
  test.each([
    ['a: b: c\n', 'must be quoted', '1:4'], ["a: 'x\n", 'twice', '1:4'], ['a: - b\n', 'next line', '1:4'], ['a: "x" y\n', 'quotes around all', '1:8'],
    ['a: "\\d"\n', 'backslash twice', '1:5'], ['a: [1, 2\nb: 3\n', 'close it', '2:1'], ['a:\n  - b\n - c\n', 'indentation', '3:2'],
  ])('%j has a hint', (text, hint, place) => {
    const [problem] = problems(text)
    expect(problem?.hint).toContain(hint)
    expect(`${problem?.span?.line}:${problem?.span?.column}`).toBe(place)
  })
  test('an alias inside its own anchor, and keys that are lists', () => {
    expect(problems('a: &a [*a]').map(at)).toEqual(['yaml-alias 1:8'])
    expect(problems('[1, 2]: x').map(at)).toEqual(['yaml-key 1:1'])
  })
})

test('what YAML 1.1 reads otherwise than people mean is warned of', () => {
  const warnings: string[] = []
  const text = "mode: 644\nport: 0123\ntime: 22:22\ncountries: [de, no]\nversion: 1.10\non: push\nok: yes\numask: 022\nflags: [yes, no]\nquoted: '22:22'\n"
  parse(text, { warn: (problem) => warnings.push(at(problem)) })
  expect(warnings).toEqual(['yaml-surprise 1:7', 'yaml-surprise 2:7', 'yaml-surprise 3:7', 'yaml-surprise 4:17', 'yaml-surprise 5:10', 'yaml-surprise 6:1'])
})

test('whatever stands in a file, what is wrong with it is a problem and never a defect', () => {
  const source = "- hosts: all\n  vars: &v {a: 1, 'b': [x, \"y\"]}\n  tasks:\n    - name: one {{ x }}\n      shell: |\n        echo\n         {{ y }}\n      when: [a, b]\n    - <<: *v\n      ? k\n      : !unsafe w\n    - !vault |\n      $ANSIBLE\n"
  const piece = fc.constantFrom(...'-:?[]{}*&!|>\'"%@`#,\t\n \\', '{{', ': ', '- ', '<<: ', '---\n', '!x ', '&v ', '*v ', '\n  ')
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(source.length), fc.nat(3), piece), { minLength: 1, maxLength: 4 }), (edits) => {
    let text = source
    for (const [at, length, insert] of edits) text = text.slice(0, at) + insert + text.slice(at + length)
    // `problems` throws anything that is none.
    for (const { span } of problems(text)) expect(span?.line).toBeGreaterThan(0)
  }), { numRuns: 800 })
})
