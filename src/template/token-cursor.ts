import type { Token, TokenKind } from './lexer.ts'
import { TemplateError } from './template-error.ts'

/** A place in a list of tokens, moved by the parser. */
export interface Cursor {
  readonly tokens: readonly Token[]
  index: number
  /** End tags the open blocks wait for, the innermost last. */
  readonly awaited: (readonly string[])[]
  readonly blocks: Set<string>
}

export const cursorOn = (tokens: readonly Token[]): Cursor => ({ tokens, index: 0, awaited: [], blocks: new Set() })
export const current = (cursor: Cursor): Token => cursor.tokens[cursor.index]!
export const following = (cursor: Cursor): Token => cursor.tokens[cursor.index + 1] ?? current(cursor)
export const take = (cursor: Cursor): Token => cursor.tokens[cursor.index++]!

export const isSign = (cursor: Cursor, sign: string): boolean => is(current(cursor), 'sign', sign)
export const isName = (cursor: Cursor, name: string): boolean => is(current(cursor), 'name', name)
const is = (token: Token, kind: TokenKind, value: string): boolean => token.kind === kind && token.value === value

export const acceptSign = (cursor: Cursor, sign: string): boolean => isSign(cursor, sign) && !!take(cursor)
export const acceptName = (cursor: Cursor, name: string): boolean => isName(cursor, name) && !!take(cursor)

export function needSign(cursor: Cursor, sign: string): void {
  if (!acceptSign(cursor, sign)) refuse(`expected '${sign}', got ${describe(current(cursor))}`, current(cursor))
}
export function needName(cursor: Cursor, name?: string): string {
  const token = current(cursor)
  if (token.kind !== 'name' || (name !== undefined && token.value !== name)) {
    refuse(`expected ${name ? `'${name}'` : 'a name'}, got ${describe(token)}`, token)
  }
  return take(cursor).value
}
export function needEnd(cursor: Cursor, kind: 'variable-end' | 'block-end'): void {
  if (current(cursor).kind !== kind) refuse(`unexpected ${describe(current(cursor))}`, current(cursor))
  take(cursor)
}

export const describe = (token: Token): string => (token.kind === 'end' || token.value === '' ? 'the end' : `'${token.value}'`)
export const refuse = (message: string, token: Token): never => {
  throw new TemplateError('syntax', message, { offset: token.offset })
}
