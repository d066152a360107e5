import { Composer, type Document, Lexer, LineCounter, Parser, type YAMLParseError } from 'yaml'

export interface ParsedText {
  readonly documents: readonly Document.Parsed[]
  readonly lines: LineCounter
}

/**
 * The documents of a text, every plain scalar still a string (what it is in YAML 1.1 is decided in plain-scalar.ts). PyYAML lets
 * what stands between brackets or quotes begin in any column, the parser here does not: a text that fails for that is read once
 * more without the rule. Where that does not help, the errors of the strict reading count: they stand nearer to the mistake.
 */
export function parseDocuments(text: string): ParsedText {
  const strict = read(text, new Lexer())
  if (!strict.documents.some(({ errors }) => errors.some(isIndentation))) return strict
  const lenient = read(text, lenientLexer())
  return lenient.documents.some(({ errors }) => errors.length > 0) ? strict : lenient
}

const isIndentation = ({ code, message }: YAMLParseError): boolean => (code === 'BAD_INDENT' && message.startsWith('Flow')) || (code === 'MISSING_CHAR' && message.startsWith('Missing closing'))

function read(text: string, lexer: Lexer): ParsedText {
  const lines = new LineCounter()
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  const composer = new Composer({ schema: 'failsafe', version: '1.1', merge: false, uniqueKeys: false, prettyErrors: false, logLevel: 'error' })
  function* tokens() {
    for (const lexeme of lexer.lex(text)) yield* parser.next(lexeme)
    yield* parser.end()
  }
  return { documents: [...composer.compose(tokens())], lines }
}

/** The parts of the lexer that hold the rule; they are private to the library (its version is locked, and a test notices a change). */
interface LexerParts {
  indentNext: number
  parseFlowCollection(): Generator<string, unknown>
  parseQuotedScalar(): Generator<string, unknown>
}

function lenientLexer(): Lexer {
  const lexer = new Lexer()
  const parts = lexer as unknown as LexerParts
  for (const name of ['parseFlowCollection', 'parseQuotedScalar'] as const) {
    const inner = parts[name].bind(lexer)
    parts[name] = function* () {
      const indentation = parts.indentNext
      parts.indentNext = 0
      try {
        return yield* inner()
      } finally {
        parts.indentNext = indentation
      }
    }
  }
  return lexer
}
