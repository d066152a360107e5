import { Problem } from '../problem/problem.ts'
import type { PlainScalar } from './plain-scalar.ts'
import type { YamlNode, YamlScalar } from './yaml-node.ts'

/** A warning where YAML 1.1 reads a plain scalar as something that people rarely mean. `key` is the key it stands under. */
export function hurtfulScalar(node: YamlScalar, type: PlainScalar['type'], key: string): Problem | undefined {
  const warn = (summary: string, hint: string): Problem => new Problem({ code: 'yaml-surprise', summary, detail: `${key ? `${key}: ` : ''}${node.text}`, hint, span: node.span })
  if (type === 'int' && node.text.includes(':')) return warn(`YAML 1.1 reads this as a number to base 60 (${String(node.value)})`, 'put it between quotes to keep it a text')
  if (type === 'int' && isMode(key) && /^[1-7][0-7]{2,3}$/.test(node.text)) return warn('a mode without a leading zero is a decimal number, not an octal one', `write '0${node.text}'`)
  if (type === 'int' && !isMode(key) && /^[-+]?0[0-7_]+$/.test(node.text)) return warn(`a number with a leading zero is octal (${String(node.value)})`, 'put it between quotes, or drop the zero')
  // What a role says of itself for others (`min_ansible_version: 2.10`) is read by nobody here.
  if (type === 'float' && /version$/i.test(key) && !key.startsWith('min_ansible') && /^\d+\.\d*0$/.test(node.text)) return warn('a version number is read as a number and loses its last zero', 'put it between quotes')
  return undefined
}

/** `[de, se, no]`: a boolean among texts is a country, a dialect or a switch position whose quotes are missing. */
export function hurtfulItems(items: readonly YamlNode[], bools: ReadonlySet<YamlNode>): readonly Problem[] {
  const texts = items.filter((item) => item.kind === 'scalar' && typeof item.value === 'string')
  if (texts.length === 0) return []
  return items.filter((item): item is YamlScalar => bools.has(item) && item.kind === 'scalar' && !/^(?:true|false)$/i.test(item.text)).map((item) => new Problem({
    code: 'yaml-surprise', summary: `YAML 1.1 reads ${item.text} as ${String(item.value)}`, hint: 'put it between quotes to keep it a text', span: item.span,
  }))
}

/** `on:` or `no:` as a key is a boolean, and nothing will find it under its name. */
export const hurtfulKey = (node: YamlScalar, type: PlainScalar['type']): Problem | undefined => type !== 'bool' || /^(?:true|false)$/i.test(node.text) ? undefined : new Problem({
  code: 'yaml-surprise', summary: `YAML 1.1 reads the key ${node.text} as ${String(node.value)}`, hint: 'put the key between quotes', span: node.span,
})

const isMode = (key: string): boolean => /(?:^|_)(?:mode|umask)$/.test(key)
