import type { Value } from '../value/value.ts'
import { type YamlNode, toValue } from '../yaml/yaml-node.ts'
import { type Loading, report } from './loading.ts'
import { type YamlMap, listOf, nodeAt, readFlag, readNumber, textOf, valueAt, wrongType } from './read-value.ts'
import type { VarsPrompt } from './tree.ts'

const KEYWORDS = ['name', 'prompt', 'default', 'private', 'confirm', 'encrypt', 'salt_size', 'salt', 'unsafe']

/** `vars_prompt`: what is asked before the play begins. */
export function readVarsPrompt(loading: Loading, node: YamlNode | undefined): readonly VarsPrompt[] {
  return listOf(node).flatMap((item) => {
    if (item.kind === 'mapping') return readPrompt(loading, item) ?? []
    wrongType(loading, item, 'vars_prompt', 'a list of mappings with `name` and `prompt`')
    return []
  })
}

function readPrompt(loading: Loading, map: YamlMap): VarsPrompt | undefined {
  const stray = map.entries.find(({ key }) => !KEYWORDS.includes(String(key)))
  if (stray) report(loading, { code: 'unknown-keyword', summary: `Invalid vars_prompt data structure, found unsupported key '${String(stray.key)}'`, hint: `it takes ${KEYWORDS.join(', ')}`, span: stray.keySpan })
  const text = (key: string): string | undefined => textOf(value(map, key) ?? null)
  const flag = (key: string, otherwise: boolean): boolean => readFlag(value(map, key) ?? otherwise) ?? otherwise
  const name = text('name')
  if (name === undefined) {
    report(loading, { code: 'prompt-without-name', summary: "Invalid vars_prompt data structure, missing 'name' key", span: map.span })
    return undefined
  }
  loading.names.define(name, map.span)
  const [prompt, initial, encrypt, salt] = [value(map, 'prompt'), value(map, 'default'), text('encrypt'), text('salt')]
  const saltSize = readNumber(value(map, 'salt_size') ?? null)
  return {
    name, private: flag('private', true), confirm: flag('confirm', false), unsafe: flag('unsafe', false),
    ...(prompt === undefined ? {} : { prompt }), ...(initial === undefined ? {} : { default: initial }), ...(encrypt === undefined ? {} : { encrypt }),
    ...(saltSize === undefined ? {} : { saltSize }), ...(salt === undefined ? {} : { salt }),
  }
}

/** What a key says; an empty default is still one. */
function value(map: YamlMap, key: string): Value | undefined {
  const node = key === 'default' ? nodeAt(map, key) : valueAt(map, key)
  return node && toValue(node)
}
