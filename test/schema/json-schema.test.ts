import { describe, expect, test } from 'vitest'
import type { Module } from '../../src/contract/define-module.ts'
import { controlList } from '../../src/engine/control/controls.ts'
import { modules } from '../../src/modules/registry.ts'
import { argumentsSchema } from '../../src/schema/json-schema.ts'
import { validateJson } from '../../src/schema/validate-json.ts'
import { convertParams } from '../../src/schema/convert-params.ts'
import { fromJson, toJson } from '../../src/value/json.ts'
import { TemplateString, type Value, isDict, type Dict } from '../../src/value/value.ts'
import { parseYamlValue } from '../../src/yaml/parse-value.ts'

const all = await Promise.all([...modules].map(async ([name, load]) => [name, (await load()) as Module] as const))

test.each(all)('the schema of %s is one that ajv takes, and wants what the module wants', (_name, module) => {
  const required = Object.values(module.params).some((field) => field.required)
  expect(validateJson(argumentsSchema(module), {}).length > 0).toBe(required)
})

test('so are those of the actions of the engine', () => {
  for (const control of controlList) expect(() => validateJson(argumentsSchema(control), 'x=1')).not.toThrow()
})

describe('examples in the documentation', () => {
  const examples = all.flatMap(([name, module]) => {
    const tasks = module.examples === undefined ? [] : (parseYamlValue(module.examples, { templates: true }) as readonly Dict[])
    return tasks.flatMap((task) => [...task].flatMap(([key, args]) => (key === name && isDict(args) ? [[name, args] as const] : [])))
  })
  test('there are some', () => expect(examples.length).toBeGreaterThan(5))
  test.each(examples)('of %s fit the schema and the conversion alike', (name, args) => {
    const module = all.find(([one]) => one === name)![1]
    expect(validateJson(argumentsSchema(module), toJson(written(args)))).toEqual([])
    expect(convertParams(module.params, args, { owner: name }).problems).toEqual([])
  })
})

/** Templates as they stand in the text. */
const written = (value: Value): Value => (value instanceof TemplateString ? value.source : Array.isArray(value) ? value.map(written) : isDict(value) ? new Map([...value].map(([key, one]) => [key, written(one)])) : value)

test.each<[string, object]>([
  ['an unknown parameter', { path: '/x', colour: 'red' }], ['a word that is no choice', { path: '/x', state: 'there' }], ['no yes or no', { path: '/x', recurse: 'maybe' }], ['a missing one', { state: 'file' }],
])('%s fits neither', (_name, args) => {
  const file = all.find(([name]) => name === 'file')![1]
  expect(validateJson(argumentsSchema(file), args)).not.toEqual([])
  expect(convertParams(file.params, fromJson(args) as Dict, { owner: 'file' }).problems).not.toEqual([])
})
