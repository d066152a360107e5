import type { Span } from '../problem/problem.ts'

/** The text a piece of compiled template came from. */
export interface Origin {
  readonly source: string
  /** Of a template file. */
  readonly file: string | undefined
  /** Of the YAML scalar. */
  readonly span: Span | undefined
  /** Characters in front of `source` that were cut off (a `#jinja2:` header). */
  readonly skipped: number
  /** Templates in its quoted strings are rendered, too: Ansible's rule for conditions and for arguments of lookups. */
  readonly embedded?: boolean
}

/** An offset in a template's text. */
export interface Place {
  readonly origin: Origin
  readonly offset: number
}

export type ErrorKind = 'syntax' | 'undefined' | 'failed' | 'loop' | 'no-filter' | 'no-test' | 'no-lookup' | 'no-template'

/** What goes wrong inside the engine; the functions of `template.ts` turn it into a `Problem`. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  readonly kind: ErrorKind
  /** The name that is undefined or not known, where there is one. */
  readonly subject: string | undefined
  place: Place | undefined
  /** For syntax errors, until the origin is known. */
  readonly offset: number | undefined

  constructor(kind: ErrorKind, message: string, at: { subject?: string | undefined; place?: Place | undefined; offset?: number } = {}) {
    super(message)
    this.kind = kind
    this.subject = at.subject
    this.place = at.place
    this.offset = at.offset
  }
}

/** A failure of a filter, test, operator or method; its place is added on the way out. */
export const fail = (message: string): never => {
  throw new TemplateError('failed', message)
}
