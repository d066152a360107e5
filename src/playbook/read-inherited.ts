import type { Dict, Value } from '../value/value.ts'
import { type YamlNode, toValue } from '../yaml/yaml-node.ts'
import { normaliseAction } from './redirects.ts'
import { type Keywords } from './keywords.ts'
import { type Loading, report, warn } from './loading.ts'
import { readConditions } from './read-conditions.ts'
import { warnReserved } from './reserved-names.ts'
import { type YamlMap, isNothing, isTemplate, keySpan, listOf, readKeywords, textOf, valueAt, wrongType } from './read-value.ts'
import type { Inherited, Tagged } from './tree.ts'

/** The plain keywords of a level with what all levels inherit. Own names of the level (`name`, `strategy` …) are among them. */
export function readInherited(loading: Loading, map: YamlMap, keywords: Keywords): Inherited & Record<string, Value> {
  // What works somewhere else than on its host may work on the controller.
  if (valueAt(map, 'delegate_to') || valueAt(map, 'connection')) loading.local.worked = true
  checkDebugger(loading, valueAt(map, 'debugger'))
  const environment = readEnvironment(loading, valueAt(map, 'environment'))
  const moduleDefaults = readModuleDefaults(loading, valueAt(map, 'module_defaults'))
  const collections = readCollections(loading, valueAt(map, 'collections'))
  return {
    ...readKeywords(loading, map, keywords),
    ...(environment ? { environment } : {}), ...(moduleDefaults ? { moduleDefaults } : {}), ...(collections ? { collections } : {}),
  } as Inherited & Record<string, Value>
}

const DEBUGGER = ['always', 'never', 'on_failed', 'on_unreachable', 'on_skipped']

function checkDebugger(loading: Loading, node: YamlNode | undefined): void {
  const asked = node && textOf(toValue(node))
  if (!node || (asked !== undefined && DEBUGGER.includes(asked))) return
  report(loading, { code: 'bad-value', summary: "This is no value of 'debugger'", ...(asked === undefined ? {} : { detail: `'${asked}'` }), hint: `one of ${DEBUGGER.join(', ')}`, span: node.span })
}

export function readTagged(loading: Loading, map: YamlMap): Tagged {
  return {
    tags: readTags(loading, valueAt(map, 'tags')), when: readConditions(loading, valueAt(map, 'when'), 'when'), vars: readVars(loading, valueAt(map, 'vars')),
  }
}

/** Tags as a list: text is split at commas, also inside a list. Templates are kept whole. */
export function readTags(loading: Loading, node: YamlNode | undefined): readonly Value[] {
  return listOf(node).flatMap((item): Value[] => {
    const value = toValue(item)
    if (isTemplate(value)) return [value]
    const text = typeof value === 'boolean' ? (value ? 'True' : 'False') : textOf(value)
    if (text !== undefined) return text.split(',').map((tag) => tag.trim()).filter((tag) => tag !== '')
    wrongType(loading, item, 'tags', 'text or a list of texts')
    return []
  })
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
/** Words of Python and of the engine that no variable may be named after. */
const RESERVED = new Set(['False', 'None', 'True', 'and', 'as', 'assert', 'async', 'await', 'break', 'class', 'continue', 'def', 'del', 'elif', 'else', 'except',
  'finally', 'for', 'from', 'global', 'if', 'import', 'in', 'is', 'lambda', 'nonlocal', 'not', 'or', 'pass', 'raise', 'return', 'try', 'while', 'with', 'yield'])
export const isVariableName = (name: string): boolean => NAME.test(name) && !RESERVED.has(name)

export function readVars(loading: Loading, node: YamlNode | undefined, what = 'vars'): Dict {
  const vars = new Map<Value, Value>()
  if (node?.kind === 'sequence') warn(loading, { code: 'vars-as-list', summary: 'A list of mappings under vars is old style', hint: 'write one mapping', span: node.span })
  for (const item of listOf(node)) {
    if (item.kind !== 'mapping') {
      wrongType(loading, item, what, 'a mapping')
      continue
    }
    for (const { key, value } of item.entries) {
      checkVariableName(loading, item, key, what)
      if (what === 'vars') warnReserved(loading, key, keySpan(item, key))
      loading.names.define(key, keySpan(item, key))
      vars.set(key, toValue(value))
    }
  }
  return vars
}

function checkVariableName(loading: Loading, map: YamlMap, key: Value, what: string): void {
  if (typeof key === 'string' && isVariableName(key)) return
  const detail = `'${textOf(key) ?? key}' in ${what}`
  report(loading, { code: 'bad-variable-name', summary: 'A variable needs a name of letters, digits and underscores', detail, span: keySpan(map, key) })
}

function readEnvironment(loading: Loading, node: YamlNode | undefined): readonly Value[] | undefined {
  if (!node) return undefined
  return listOf(node).flatMap((item) => {
    const value = toValue(item)
    if (item.kind === 'mapping' || isTemplate(value)) return [value]
    if (!isNothing(item) && value !== '') wrongType(loading, item, 'environment', 'a mapping or a template that gives one')
    return []
  })
}

/** Action names are normalised; `group/NAME` stays. */
function readModuleDefaults(loading: Loading, node: YamlNode | undefined): readonly Dict[] | undefined {
  if (!node) return undefined
  return listOf(node).flatMap((item) => {
    const value = toValue(item)
    if (value instanceof Map) return [new Map([...value].map(([key, args]) => [typeof key === 'string' && !key.startsWith('group/') ? normaliseAction(key) : key, args] as const))]
    wrongType(loading, item, 'module_defaults', 'a mapping')
    return []
  })
}

function readCollections(loading: Loading, node: YamlNode | undefined): readonly string[] | undefined {
  if (!node) return undefined
  return listOf(node).flatMap((item) => {
    const text = textOf(toValue(item))
    if (text === undefined) wrongType(loading, item, 'collections', 'a list of names')
    return text === undefined ? [] : [text]
  })
}
