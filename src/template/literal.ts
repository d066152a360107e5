import { isDict, type Value } from '../value/value.ts'
import { lexExpression } from './lexer.ts'
import { parseBareExpression } from './parse-template.ts'
import { isList } from './python/kind.ts'
import type { Expression } from './syntax-tree.ts'
import { TemplateError } from './template-error.ts'

/** Text that is a dict or a list as Python or JSON writes it, as that value; `undefined` for any other text. */
export function parseLiteral(text: string): Value | undefined {
  if (!/^[{[]/.test(text)) return undefined
  try {
    const value = literal(parseBareExpression(lexExpression(text)))
    return isDict(value) || isList(value) ? value : undefined
  } catch (error) {
    if (error instanceof TemplateError || error instanceof NotLiteral) return undefined
    throw error
  }
}
class NotLiteral extends Error {}
const NAMES: ReadonlyMap<string, Value> = new Map<string, Value>([['null', null], ['true', true], ['false', false]])

function literal(node: Expression): Value {
  switch (node.kind) {
    case 'constant': return node.value
    case 'int': return Number.isSafeInteger(Number(node.text)) ? Number(node.text) : BigInt(node.text)
    case 'float': return node.value
    case 'list':
    case 'tuple': return node.items.map(literal)
    case 'dict': return new Map(node.items.map(([key, value]) => [literal(key), literal(value)]))
    case 'sign': {
      const value = literal(node.of)
      if (typeof value === 'number') return node.operator === '-' ? -value : value
      break
    }
    case 'variable': {
      const known = NAMES.get(node.name)
      if (known !== undefined) return known
    }
  }
  throw new NotLiteral()
}
