import { didYouMean } from '../problem/did-you-mean.ts'
import type { Problem } from '../problem/problem.ts'
import { LABEL_VALUE_WORDS, isLabel, isLabelValue, isQualified, isSubdomain, LABEL_WORDS, SUBDOMAIN_WORDS, parseQuantity } from './names.ts'
import { type Part, below, entriesOf, isNothing, isOpen, itemsOf, numberOf, textOf, wrong } from './part.ts'

/** What a part of a manifest must look like: it adds what is wrong with it. What a template will say is taken on trust. */
export type Shape = (part: Part, found: Problem[]) => void

const kindOf = ({ node }: Part): string => (node.kind === 'mapping' ? 'a mapping' : node.kind === 'sequence' ? 'a list' : node.value === null ? 'nothing' : typeof node.value === 'boolean' ? `the truth value ${node.text}` : textOf({ node, path: '' }) !== undefined ? 'a text' : `the number ${node.text}`)

const scalar = (fits: (part: Part) => boolean, wanted: string, hint?: (part: Part) => string | undefined): Shape => (part, found) => {
  if (isOpen(part) || fits(part)) return
  found.push(wrong(part, `must be ${wanted}, and is ${kindOf(part)}`, hint?.(part)))
}
const quotes = ({ node }: Part): string | undefined => (node.kind === 'scalar' && node.value !== null ? `put it between quotes: "${node.text}"` : undefined)

export const any: Shape = () => undefined
export const text: Shape = scalar((part) => textOf(part) !== undefined, 'a text', quotes)
export const flag: Shape = scalar(({ node }) => node.kind === 'scalar' && typeof node.value === 'boolean', 'true or false')

/** A text that follows a rule; the rule in words is what the error says. */
export const ruled = (fits: (text: string) => boolean, what: string, words: string): Shape => (part, found) => {
  const value = textOf(part)
  if (value === undefined) return text(part, found)
  if (!isOpen(part) && !fits(value)) found.push(wrong(part, `is '${value}', which is no ${what}`, words))
}
export const label = ruled(isLabel, 'name of one word', LABEL_WORDS)
export const subdomain = ruled(isSubdomain, 'name in Kubernetes', SUBDOMAIN_WORDS)
export const labelValue = ruled(isLabelValue, 'value of a label', LABEL_VALUE_WORDS)

export const oneOf = (...words: readonly string[]): Shape => (part, found) => {
  const value = textOf(part)
  if (value === undefined) return text(part, found)
  if (!isOpen(part) && !words.includes(value)) found.push(wrong(part, `is '${value}', and must be one of ${words.join(', ')}`, didYouMean(value, words)))
}

export const integer = (min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): Shape => (part, found) => {
  if (isOpen(part)) return
  const value = numberOf(part)
  if (value === undefined || !Number.isInteger(value)) found.push(wrong(part, `must be a whole number, and is ${kindOf(part)}`, /^-?\d+$/.test(textOf(part) ?? '') ? 'take the quotes away' : undefined))
  else if (value < min || value > max) found.push(wrong(part, `is ${value}, and must be ${max === Number.POSITIVE_INFINITY ? `at least ${min}` : `from ${min} to ${max}`}`))
}
export const port = integer(1, 65535)
const portName = ruled((name) => /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name), 'name of a port', 'small letters, digits and -, at most 15, with a letter among them')
/** A port, or the name that a container gives one. */
export const portOrName: Shape = (part, found) => (/^\d+$/.test(textOf(part) ?? '') ? integer()(part, found) : textOf(part) === undefined ? port(part, found) : portName(part, found))
export const namedPort = portName
export const countOrPercent: Shape = (part, found) => (textOf(part) === undefined ? integer(0)(part, found) : ruled((value) => /^\d+%$/.test(value), 'number or percentage', 'write 1, or 25%')(part, found))

export const quantity: Shape = (part, found) => {
  if (isOpen(part)) return
  const value = part.node.kind === 'scalar' && (numberOf(part) !== undefined || textOf(part) !== undefined) ? part.node.text : ''
  const number = parseQuantity(value)
  if (number === undefined) found.push(wrong(part, `is '${value}', which is no quantity`, /^\d+(?:\.\d+)? ?(?:[kKmMgGtT][bB]|[kKmMgGtT]i?[bB]|mb|gb)$/.test(value) ? 'units are Ki, Mi, Gi and k, M, G: without a B' : 'write 500m, 0.5, 128Mi or 1Gi'))
  else if (number < 0) found.push(wrong(part, `is '${value}', and may not be less than nothing`))
}

export const list = (item: Shape, { filled = false }: { readonly filled?: boolean } = {}): Shape => (part, found) => {
  if (isOpen(part)) return
  if (part.node.kind !== 'sequence') return void found.push(wrong(part, `must be a list, and is ${kindOf(part)}`, part.node.kind === 'mapping' ? 'begin each of its entries with a dash' : undefined))
  if (filled && part.node.items.length === 0) found.push(wrong(part, 'is an empty list, and must have an entry'))
  for (const one of itemsOf(part)) item(one, found)
}

/** Items of a list that must not be there twice, by the fields that tell them apart. */
export const distinct = (what: string, keyOf: (item: Part) => string | undefined): Shape => (part, found) => {
  const seen = new Map<string, Part>()
  for (const item of itemsOf(part)) {
    const key = keyOf(item)
    const first = key === undefined ? undefined : seen.get(key)
    if (first) found.push(wrong(item, `is another ${what} '${key}'`, `the first is ${first.path}`))
    else if (key !== undefined) seen.set(key, item)
  }
}

/** A dict of any keys. */
export const mapOf = (value: Shape, key: Shape = any): Shape => (part, found) => {
  if (isOpen(part)) return
  if (part.node.kind !== 'mapping') return void found.push(wrong(part, `must be a mapping, and is ${kindOf(part)}`))
  for (const entry of entriesOf(part)) {
    key(entry.keyPart, found)
    value(entry, found)
  }
}
export const labels = mapOf(labelValue, ruled(isQualified, 'key of a label', 'letters, digits, -, _ and ., at most 63, after an optional DNS name and /'))
export const annotations = mapOf(text, ruled(isQualified, 'key of an annotation', 'letters, digits, -, _ and ., at most 63, after an optional DNS name and /'))

export type Fields = Readonly<Record<string, Shape>>
interface Rules {
  readonly needs?: readonly string[]
  /** All fields there are: another one is refused. Without it only what looks like a slip of one is. */
  readonly whole?: true
  /** Names of further fields that are not looked into. */
  readonly also?: string
  /** What no single field shows. */
  readonly and?: Shape
}

/** A mapping with the fields of an object. A field that nobody knows is told where it looks like a slip; the server has the last word. */
export const object = (fields: Fields, { needs = [], whole, also = '', and = any }: Rules = {}): Shape => {
  const names = [...Object.keys(fields), ...also.split(' ').filter(Boolean)]
  return (part, found) => {
    if (isOpen(part)) return
    if (part.node.kind !== 'mapping') return void found.push(wrong(part, `must be a mapping, and is ${kindOf(part)}`))
    for (const name of needs) if (!below(part, name)) found.push(wrong(part, `${part.path === '' ? '' : 'has no '}${name}${part.path === '' ? ' is missing' : ''}`))
    for (const entry of entriesOf(part)) {
      const hint = names.includes(entry.key) ? undefined : didYouMean(entry.key, names)
      if (Object.hasOwn(fields, entry.key)) isNothing(entry.node) || fields[entry.key]!(entry, found)
      else if (!names.includes(entry.key) && (whole || hint)) found.push(wrong(entry.keyPart, 'is no field of it', hint ?? `it has ${names.join(', ')}`))
    }
    and(part, found)
  }
}

export const all = (...shapes: readonly Shape[]): Shape => (part, found) => {
  for (const shape of shapes) shape(part, found)
}
