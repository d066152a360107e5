import { dumpYaml } from '../template/yaml-dump.ts'
import { type Value, dict, isDict } from '../value/value.ts'

const LAYOUT = { indent: 4, width: Number.MAX_SAFE_INTEGER, sortKeys: true, flow: false, unicode: true } as const

/**
 * A result as YAML for people, as Ansible's `result_format: yaml` has it: keys sorted, text of several lines as a block. `pretty`
 * drops white space at the ends of lines, so that more text can be a block: it is meant to be read, not to be parsed.
 */
export function showYaml(value: Value, pretty: boolean, indent = 0): string {
  if (isDict(value) && value.size > 0) return entries([...value].map(([key, item]) => [typeof key === 'string' ? key : scalar(key), item]), pretty, indent)
  if (Array.isArray(value) && value.length > 0) return value.map((item) => `${pad(indent)}-${nested(item) ? `   ${showYaml(item, pretty, indent + 4).trimStart()}` : ` ${text(item, pretty, indent)}`}`).join('\n')
  return pad(indent) + text(value, pretty, indent)
}

function entries(all: readonly (readonly [string, Value])[], pretty: boolean, indent: number): string {
  const sorted = [...all].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return sorted.map(([key, item]) => {
    const head = `${pad(indent)}${scalar(key)}:`
    // A list begins in the column of its key.
    if (nested(item)) return `${head}\n${showYaml(item, pretty, Array.isArray(item) ? indent : indent + 4)}`
    return `${head} ${text(item, pretty, indent)}`
  }).join('\n')
}

const pad = (indent: number): string => ' '.repeat(indent)
const nested = (value: Value): boolean => (Array.isArray(value) && value.length > 0) || (isDict(value) && value.size > 0)

function text(value: Value, pretty: boolean, indent: number): string {
  if (typeof value !== 'string' || !value.includes('\n')) return scalar(value)
  const shown = pretty ? value.replaceAll('\t', '    ').replace(/[^\S\n]+$/gm, '').trimEnd() : value
  return canBeBlock(shown) ? block(shown, indent + 4) : scalar(shown)
}

/** White space that a block cannot show, or that would change how it is read. */
const canBeBlock = (shown: string): boolean => shown !== '' && !/^\s/.test(shown) && !/[^\S\n]$/m.test(shown) && !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff]/.test(shown)

function block(shown: string, indent: number): string {
  const chomp = shown.endsWith('\n\n') ? '+' : shown.endsWith('\n') ? '' : '-'
  return `|${chomp}\n${shown.replace(/\n$/, '').split('\n').map((line) => (line ? pad(indent) + line : line)).join('\n')}`
}

const scalar = (value: Value): string => dumpYaml(dict({ k: value }), LAYOUT).slice('k: '.length).trimEnd()
