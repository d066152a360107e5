import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toJson } from '../../src/value/json.ts'
import { parseYamlAll } from '../../src/yaml/parse-value.ts'
import { setTexts } from '../../src/yaml/set-texts.ts'
import { writeYaml } from '../../src/yaml/write-yaml.ts'

const set = (text: string, entries: Readonly<Record<string, string>>, path: readonly (string | number)[] = ['spec', 'data'], document = 0): string | undefined => setTexts(text, document, [{ path, entries: new Map(Object.entries(entries)) }])

describe('only what is asked for changes', () => {
  test.each([
    ['a value', 'spec:\n  data:   # all\n    a: x   # one\n\n    b: y\n', 'spec:\n  data:   # all\n    a: NEW   # one\n\n    b: y\n'],
    ['quotes stay', "spec: # s\n  data:\n    a: 'x'\n    b: y", "spec: # s\n  data:\n    a: 'NEW'\n    b: y"],
    ['double quotes', 'spec:\n    data: { a: "x", b: y }\n', 'spec:\n    data: { a: "NEW", b: y }\n'],
    ['a block', 'spec:\n  data:\n    a: >-\n      x\n      y\n    b: y\n', 'spec:\n  data:\n    a: NEW\n    b: y\n'],
    ['over several lines', 'spec:\n  data:\n    a: x\n      y\n    b: y\n', 'spec:\n  data:\n    a: NEW\n    b: y\n'],
    ['no value yet', 'spec:\n  data:\n    a:\n    b: y\n', 'spec:\n  data:\n    a: NEW\n    b: y\n'],
    ['lines of Windows', '# c\r\nspec:\r\n  data:\r\n    a: x\r\n', '# c\r\nspec:\r\n  data:\r\n    a: NEW\r\n'],
    ['JSON', '{\n  "spec": {"data": {"a": "x"}}\n}\n', '{\n  "spec": {"data": {"a": "NEW"}}\n}\n'],
  ])('%s', (_, before, after) => expect(set(before, { a: 'NEW' })).toBe(after))
  test.each([
    ['after the last', 'spec:\n    data:\n        a: x # one\n    # end\nother: 1\n', 'spec:\n    data:\n        a: x # one\n        z: NEW\n    # end\nother: 1\n'],
    ['without a line end', 'spec:\n  data:\n    a: x', 'spec:\n  data:\n    a: x\n    z: NEW'],
    ['after a block', 'spec:\n  data:\n    a: |\n      x\n  more: 1\n', 'spec:\n  data:\n    a: |\n      x\n    z: NEW\n  more: 1\n'],
    ['after an empty value', 'spec:\n  data:\n    a:\n  more: 1\n', 'spec:\n  data:\n    a:\n    z: NEW\n  more: 1\n'],
    ['into {}', 'spec:\n  data: {}\n  more: 1\n', 'spec:\n  data:\n    z: NEW\n  more: 1\n'],
    ['into nothing', 'spec:\n  data:\n  more: 1\n', 'spec:\n  data:\n    z: NEW\n  more: 1\n'],
    ['where the mapping is missing', 'spec:\n  more: 1\n# end\n', 'spec:\n  more: 1\n  data:\n    z: NEW\n# end\n'],
    ['where both are', 'a: 1\n', 'a: 1\nspec:\n  data:\n    z: NEW\n'],
    ['between braces', 'spec: { data: { a: x }, more: 1 }\n', 'spec: { data: { a: x, "z": "NEW" }, more: 1 }\n'],
    ['lines of Windows', 'spec:\r\n  data:\r\n    a: x\r\n', 'spec:\r\n  data:\r\n    a: x\r\n    z: NEW\r\n'],
    ['JSON over lines', '{\n  "spec": {\n    "data": {\n      "a": "x"\n    }\n  }\n}\n', '{\n  "spec": {\n    "data": {\n      "a": "x",\n      "z": "NEW"\n    }\n  }\n}\n'],
    ['JSON, empty', '{"spec": {"data": {}}}', '{"spec": {"data": {"z": "NEW"}}}'],
  ])('added: %s', (_, before, after) => expect(set(before, { z: 'NEW' })).toBe(after))
  test('the document that is meant, and an item of a list', () => {
    expect(set('spec: {}\n---\n# two\nspec:\n  data: {a: x}\n...\n', { a: 'NEW' }, ['spec', 'data'], 1)).toBe('spec: {}\n---\n# two\nspec:\n  data: {a: "NEW"}\n...\n'.replace('"NEW"', 'NEW'))
    expect(set('items:\n- spec:\n    data: {}\n- a: 1\n', { a: 'NEW' }, ['items', 1, 'spec', 'data'])).toBe('items:\n- spec:\n    data: {}\n- a: 1\n  spec:\n    data:\n      a: NEW\n')
  })
  test('texts and keys that YAML would read otherwise get quotes', () => {
    expect(set('spec:\n  data:\n    a: x\n', { yes: '012', b: 'x: y', c: 'a b=c', '1.5': 'null' })).toBe('spec:\n  data:\n    a: x\n    "yes": "012"\n    b: "x: y"\n    c: a b=c\n    "1.5": "null"\n')
  })
})

test.each([
  ['an alias', 'x: &x a\nspec:\n  data:\n    a: *x\n'],
  ['a mapping by alias', 'x: &x {a: b}\nspec:\n  data: *x\n'],
  ['others read what would change', 'spec:\n  data:\n    a: &x b\nother: *x\n'],
  ['a mapping for a value', 'spec:\n  data:\n    a: {}\n'],
  ['a list on the way', 'spec: [1]\n'],
])('refused: %s', (_, text) => expect(set(text, { a: 'NEW' })).toBeUndefined())

const name = fc.stringMatching(/^[-._a-zA-Z0-9]{1,12}$/)
const entries = fc.dictionary(name, fc.string({ maxLength: 20 }), { minKeys: 1, maxKeys: 5 })
test('any manifest: the texts are there, everything else is what it was', () => {
  fc.assert(fc.property(entries, entries, fc.dictionary(name, name), fc.constantFrom('yaml', 'json', 'flat'), (there, asked, others, form) => {
    const value = { others, spec: { before: others, data: there, more: 'x' }, last: 'y' }
    const text = form === 'yaml' ? writeYaml(value) : JSON.stringify(value, null, form === 'json' ? 2 : 0)
    const after = set(text, asked)!
    expect(toJson(parseYamlAll(after)[0]!)).toEqual({ ...value, spec: { ...value.spec, data: { ...there, ...asked } } })
    expect(set(after, asked)).toBe(after)
  }))
})
