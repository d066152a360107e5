/** Where something stands in a file. Lines and columns count from 1; `length` is the number of characters to underline. */
export interface Span {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly length?: number
  /** For a literal block of YAML: every further line of the text is a further line of the file, indented by this much. */
  readonly block?: { readonly indent: number }
  /** The file holds secrets in the clear: its lines are not shown. */
  readonly concealed?: true
}

/** What a `Problem` is made of. */
export interface ProblemParts {
  /** Stable, kebab-case: `unknown-module`, `undefined-variable`. Scripts may depend on it. */
  readonly code: string
  /** One fixed sentence for the code, without names or values. */
  readonly summary: string
  /** The names and values of this case. */
  readonly detail?: string
  /** The next move, or "did you mean …". */
  readonly hint?: string
  readonly span?: Span
  /** What `register` receives as `msg`, where playbooks compare it with Ansible's words. */
  readonly said?: string
}

/** A user's mistake or a fact of their world, as a value: shown with its place, never with a stack trace. */
export class Problem extends Error {
  override readonly name: string = 'Problem'
  readonly code: string
  readonly summary: string
  readonly detail: string | undefined
  readonly hint: string | undefined
  readonly span: Span | undefined
  readonly said: string | undefined

  constructor({ code, summary, detail, hint, span, said }: ProblemParts) {
    super(detail ? `${summary}: ${detail}` : summary)
    this.code = code
    this.summary = summary
    this.detail = detail
    this.hint = hint
    this.span = span
    this.said = said
  }

  /** The same problem at a place; a place that is already known is kept. */
  at(span: Span | undefined): Problem {
    return this.span || !span ? this : new Problem({ ...this.parts(), span })
  }

  /** The parts, without those that are missing. */
  parts(): ProblemParts {
    const { code, summary, detail, hint, span, said } = this
    return { code, summary, ...(detail === undefined ? {} : { detail }), ...(hint === undefined ? {} : { hint }), ...(span ? { span } : {}), ...(said === undefined ? {} : { said }) }
  }
}

/** Several problems found in one reading, so that a user mends them all at once. */
export class Problems extends Error {
  override readonly name: string = 'Problems'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => problem.message).join('\n'))
    this.problems = problems
  }
}

/** The problems inside anything that was thrown; `undefined` for a defect of ours, which must keep its stack. */
export function problemsOf(thrown: unknown): readonly Problem[] | undefined {
  if (thrown instanceof Problem) return [thrown]
  if (thrown instanceof Problems) return thrown.problems
  return undefined
}
