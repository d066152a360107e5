import { TemplateError } from './template-error.ts'

export type TokenKind = 'data' | 'variable-begin' | 'variable-end' | 'block-begin' | 'block-end' | 'name' | 'int' | 'float' | 'text' | 'sign' | 'end'
export interface Token {
  readonly kind: TokenKind
  readonly value: string
  /** In the text as it was given, line ends included. */
  readonly offset: number
}

/** Jinja's syntax options, with Ansible's defaults for the `template` module. */
export interface Syntax {
  readonly trimBlocks: boolean
  readonly lstripBlocks: boolean
  readonly keepTrailingNewline: boolean
  /** Strings inside `{{ }}` keep their backslashes: Ansible's rule for playbook strings. */
  readonly keepBackslashes: boolean
  readonly blockStart: string
  readonly blockEnd: string
  readonly variableStart: string
  readonly variableEnd: string
  readonly commentStart: string
  readonly commentEnd: string
  /** What begins a line that is a statement, and what begins a comment to the end of its line; none where empty. */
  readonly lineStatement: string
  readonly lineComment: string
}
export const defaultSyntax: Syntax = {
  trimBlocks: true, lstripBlocks: false, keepTrailingNewline: false, keepBackslashes: false,
  blockStart: '{%', blockEnd: '%}', variableStart: '{{', variableEnd: '}}', commentStart: '{#', commentEnd: '#}', lineStatement: '', lineComment: '',
}

const SPACE = /\s+/y
const REST_OF_LINE = /[^\S\n]*(?:\n|$)/y
const NAME = /[\p{ID_Start}_][\p{ID_Continue}]*/uy
const FLOAT = /\d+(?:_\d+)*(?:\.\d+(?:_\d+)*(?:[eE][+-]?\d+(?:_\d+)*)?|[eE][+-]?\d+(?:_\d+)*)/y
const INT = /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y
const TEXT = /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y
const SIGNS = [
  '**', '//', '==', '!=', '>=', '<=', '+', '-', '/', '*', '%', '~', '[', ']', '(', ')', '{', '}', '=', '>', '<', '.', ':', '|', ',', ';',
]
const OPENER: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' }

type Opening = { readonly mark: string; readonly kind: 'comment' | 'block' | 'variable' | 'line' | 'line-comment' }

/** Template text as a flat list of tokens. Line ends must be `\n` already. */
export function lex(input: string, syntax: Syntax): Token[] {
  const source = !syntax.keepTrailingNewline && input.endsWith('\n') ? input.slice(0, -1) : input
  const tokens: Token[] = []
  const raw = rawMarks(syntax)
  const openings = openingsOf(syntax)
  const lines = lineMarks(syntax)
  let offset = 0
  let lineStarts = true
  const data = (text: string, at: number): void => void (text && tokens.push({ kind: 'data', value: text, offset: at }))

  while (offset < source.length) {
    const next = earliest(findOpening(source, offset, openings), findLine(source, offset, lines))
    if (!next) {
      data(source.slice(offset), offset)
      break
    }
    const { at, mark, kind } = next
    if (kind === 'line-comment') {
      data(source.slice(offset, at), offset)
      const end = source.indexOf('\n', at)
      offset = end < 0 ? source.length : end
      continue
    }
    const sign = source[at + mark.length] === '-' ? '-' : source[at + mark.length] === '+' ? '+' : ''
    data(stripBefore(source.slice(offset, at), sign, kind !== 'variable' && kind !== 'line' && syntax.lstripBlocks, lineStarts), offset)
    const rawBlock = kind === 'block' ? matchAt(raw.begin, source, at) : undefined
    if (rawBlock) {
      const bodyAt = at + rawBlock[0].length
      raw.end.lastIndex = bodyAt
      const end = raw.end.exec(source) ?? syntaxError("'raw' has no 'endraw'", at)
      const body = source.slice(bodyAt, end.index)
      data(stripBefore(body, end[1] ?? '', syntax.lstripBlocks, rawBlock[0].endsWith('\n')), bodyAt)
      offset = raw.end.lastIndex
    } else if (kind === 'comment') {
      offset = skipComment(source, at + mark.length, syntax, at)
    } else {
      tokens.push({ kind: kind === 'variable' ? 'variable-begin' : 'block-begin', value: mark, offset: at })
      offset = lexCode(source, at + mark.length + sign.length, { syntax, block: kind !== 'variable', line: kind === 'line', openAt: at, tokens })
    }
    lineStarts = source[offset - 1] === '\n'
  }
  tokens.push({ kind: 'end', value: '', offset: source.length })
  return tokens
}

/** A bare expression, as in `when`: tokens as if it stood between `{{` and `}}`. */
export function lexExpression(source: string): Token[] {
  const tokens: Token[] = [{ kind: 'variable-begin', value: '', offset: 0 }]
  lexCode(source, 0, { syntax: defaultSyntax, block: true, openAt: 0, tokens, bare: true })
  tokens.push({ kind: 'variable-end', value: '', offset: source.length }, { kind: 'end', value: '', offset: source.length })
  return tokens
}

const syntaxError = (message: string, offset: number): never => {
  throw new TemplateError('syntax', message, { offset })
}

function openingsOf(syntax: Syntax): Opening[] {
  const openings: Opening[] = [
    { mark: syntax.commentStart, kind: 'comment' }, { mark: syntax.blockStart, kind: 'block' }, { mark: syntax.variableStart, kind: 'variable' },
  ]
  return openings.sort((a, b) => b.mark.length - a.mark.length)
}

function rawMarks({ blockStart, blockEnd, trimBlocks }: Syntax): { begin: RegExp; end: RegExp } {
  const [start, end] = [escape(blockStart), escape(blockEnd)]
  return {
    begin: new RegExp(`${start}[-+]?\\s*raw\\s*(?:-${end}\\s*|${end})`, 'y'),
    end: new RegExp(`${start}([-+]?)\\s*endraw\\s*(\\+${end}|-${end}\\s*|${end}${trimBlocks ? '\\n?' : ''})`, 'g'),
  }
}
const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

function findOpening(source: string, from: number, openings: readonly Opening[]): (Opening & { at: number }) | undefined {
  let best: (Opening & { at: number }) | undefined
  for (const opening of openings) {
    const at = source.indexOf(opening.mark, from)
    if (at >= 0 && (!best || at < best.at)) best = { ...opening, at }
  }
  return best
}

/** Where lines are statements or end in comments: spaces before the mark belong to it. */
const lineMarks = ({ lineStatement, lineComment }: Syntax): readonly { readonly pattern: RegExp; readonly kind: 'line' | 'line-comment' }[] => [
  ...(lineStatement === '' ? [] : [{ pattern: new RegExp(`^[ \\t\\v]*${escape(lineStatement)}`, 'gm'), kind: 'line' as const }]),
  ...(lineComment === '' ? [] : [{ pattern: new RegExp(`(?:^|(?<=\\S))[^\\S\\r\\n]*${escape(lineComment)}`, 'gm'), kind: 'line-comment' as const }]),
]

function findLine(source: string, from: number, lines: ReturnType<typeof lineMarks>): (Opening & { at: number }) | undefined {
  let best: (Opening & { at: number }) | undefined
  for (const { pattern, kind } of lines) {
    pattern.lastIndex = from
    const match = pattern.exec(source)
    if (match && (!best || match.index < best.at)) best = { mark: match[0], kind, at: match.index }
  }
  return best
}

const earliest = <T extends { at: number }>(inLine: T | undefined, line: T | undefined): T | undefined => (!inLine || (line && line.at <= inLine.at) ? line : inLine)

function stripBefore(text: string, sign: string, lstrip: boolean, lineStarts: boolean): string {
  if (sign === '-') return text.trimEnd()
  if (sign === '+' || !lstrip) return text
  const line = text.lastIndexOf('\n') + 1
  return (line > 0 || lineStarts) && /^\s*$/.test(text.slice(line)) ? text.slice(0, line) : text
}

function skipComment(source: string, from: number, { commentEnd, trimBlocks }: Syntax, openAt: number): number {
  const end = source.indexOf(commentEnd, from)
  if (end < 0) return syntaxError('the comment has no end', openAt)
  const sign = source[end - 1]
  const after = end + commentEnd.length
  if (sign === '-') return skipSpace(source, after)
  return trimBlocks && sign !== '+' && source[after] === '\n' ? after + 1 : after
}
const skipSpace = (source: string, from: number): number => from + (matchAt(SPACE, source, from)?.[0].length ?? 0)

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(source) ?? undefined
}

interface Code {
  readonly syntax: Syntax
  readonly block: boolean
  readonly openAt: number
  readonly tokens: Token[]
  readonly bare?: boolean
  /** A line that is a statement ends with the line, where no bracket is open. */
  readonly line?: boolean
}

/** Lexes one `{{ }}` or `{% %}`; returns the offset behind it, whitespace that it eats included. */
function lexCode(source: string, from: number, code: Code): number {
  const { syntax, block, tokens, bare, line } = code
  const close = block ? syntax.blockEnd : syntax.variableEnd
  const open: string[] = []
  let offset = from
  for (;;) {
    if (line && !open.length) {
      const rest = matchAt(REST_OF_LINE, source, offset)
      if (rest) {
        tokens.push({ kind: 'block-end', value: '', offset })
        return offset + rest[0].length
      }
    }
    offset = skipSpace(source, offset)
    if (offset >= source.length) return bare ? offset : syntaxError(`'${close}' is missing`, code.openAt)
    const closed = bare || line || open.length ? undefined : closeCode(source, offset, close, code)
    if (closed !== undefined) return closed
    const token = readToken(source, offset, syntax.keepBackslashes && !block)
    if ('([{'.includes(token.value) && token.kind === 'sign') open.push(token.value)
    else if (token.kind === 'sign' && OPENER[token.value] && open.pop() !== OPENER[token.value]) {
      return syntaxError(`unexpected '${token.value}'`, offset)
    }
    tokens.push({ kind: token.kind, value: token.value, offset })
    offset += token.length
  }
}

function closeCode(source: string, offset: number, close: string, { block, syntax, tokens }: Code): number | undefined {
  const sign = source[offset] === '-' || (block && source[offset] === '+') ? source[offset] : ''
  const signed = sign !== '' && source.startsWith(close, offset + 1)
  if (!signed && !source.startsWith(close, offset)) return undefined
  tokens.push({ kind: block ? 'block-end' : 'variable-end', value: close, offset })
  const after = offset + (signed ? 1 : 0) + close.length
  if (signed && sign === '-') return skipSpace(source, after)
  return block && !signed && syntax.trimBlocks && source[after] === '\n' ? after + 1 : after
}

function readToken(source: string, offset: number, keepBackslashes: boolean): { kind: TokenKind; value: string; length: number } {
  const plain = (kind: TokenKind, match: RegExpExecArray) => ({ kind, value: match[0], length: match[0].length })
  const first = source[offset]!
  if (first >= '0' && first <= '9') {
    // After a dot a number is an attribute: `list.0.5` is not `list` and `0.5`.
    const float = source[offset - 1] === '.' ? undefined : matchAt(FLOAT, source, offset)
    return float ? plain('float', float) : plain('int', matchAt(INT, source, offset)!)
  }
  if (first === "'" || first === '"') {
    const match = matchAt(TEXT, source, offset) ?? syntaxError('the string has no end', offset)
    const body = match[0].slice(1, -1)
    return { kind: 'text', value: keepBackslashes || !body.includes('\\') ? body : unescape(body, offset), length: match[0].length }
  }
  const name = matchAt(NAME, source, offset)
  if (name) return plain('name', name)
  const sign = SIGNS.find((candidate) => source.startsWith(candidate, offset))
  return sign ? { kind: 'sign', value: sign, length: sign.length } : syntaxError(`unexpected character '${first}'`, offset)
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v', '\\': '\\', "'": "'", '"': '"', '\n': '',
}
/** Characters people write by name; JavaScript knows no others by theirs. */
const CHARACTERS: Readonly<Record<string, string>> = {
  'BULLET': '\u2022', 'NO-BREAK SPACE': '\u00a0', 'EN DASH': '\u2013', 'EM DASH': '\u2014', 'HORIZONTAL ELLIPSIS': '\u2026', 'DEGREE SIGN': '\u00b0',
  'COPYRIGHT SIGN': '\u00a9', 'EURO SIGN': '\u20ac', 'SECTION SIGN': '\u00a7', 'CHECK MARK': '\u2713', 'BALLOT X': '\u2717', 'RIGHTWARDS ARROW': '\u2192',
  'LEFTWARDS ARROW': '\u2190', 'SNOWMAN': '\u2603', 'ZERO WIDTH SPACE': '\u200b',
}
const unknownCharacter = (name: string, offset: number): never => syntaxError(`the character '\\N{${name}}' is not known by name; write it as it is`, offset)
function unescape(text: string, offset: number): string {
  const code = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([^]))/g
  const named = text.replace(/((?:^|[^\\])(?:\\\\)*)\\N\{([^}]*)\}/g, (_all, before: string, name: string) => before + (CHARACTERS[name.toUpperCase()] ?? unknownCharacter(name, offset)))
  return named.replace(code, (all, byte?: string, short?: string, long?: string, octal?: string, other?: string) => {
    const hex = byte ?? short ?? long
    if (hex) return String.fromCodePoint(parseInt(hex, 16))
    if (octal) return String.fromCharCode(parseInt(octal, 8))
    return ESCAPES[other!] ?? all
  })
}
