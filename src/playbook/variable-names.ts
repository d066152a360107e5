import { nearestSlip } from '../problem/did-you-mean.ts'
import { Problem, type Span } from '../problem/problem.ts'
import type { VariableUse } from '../template/template.ts'
import { countWords } from './count-words.ts'

/** What is defined without any task: what the run itself makes, the inventory's and the command line's variables. */
export interface KnownVariables {
  readonly names: ReadonlySet<string>
  /** Names of facts, without `ansible_`. */
  readonly facts: ReadonlySet<string>
  /** Whether the inventory was there to be asked: else any variable may come from one. */
  readonly whole: boolean
}

/**
 * A variable that is read and that nothing above defines. Whether anything does is only known when all has been read: until then it
 * travels as a problem would, so that it is known whether it is certain to be reached.
 */
export class PendingUse extends Problem {
  readonly use: VariableUse
  readonly fallback: Span
  constructor(use: VariableUse, fallback: Span) {
    super({ code: 'undefined-variable', summary: 'A variable is not defined', detail: `'${use.name}'` })
    this.use = use
    this.fallback = fallback
  }
}

/** All names of one loading: who defines them, who reads them. */
export class VariableNames {
  readonly defined = new Map<string, Span | undefined>()
  readonly read = new Set<string>()
  /** Names that are somewhere allowed to be undefined: users may set them. */
  readonly guarded = new Set<string>()
  /** Uses that may never be reached. */
  readonly pending: PendingUse[] = []
  /** Directories of roles: what they mention elsewhere, in their README for one, is no slip. */
  readonly roots = new Set<string>()
  /** Something may be read in the run that cannot be named before it. */
  unread = false
  /** Something may define names that nobody can know before the run. */
  open = false
  #words: ReadonlyMap<string, number> | undefined

  define(name: unknown, span?: Span): void {
    if (typeof name === 'string' && !this.defined.get(name)) this.defined.set(name, span)
  }

  /** What is to be said of a use, now that all has been read: `error` where it is surely a slip and surely reached. */
  judge({ use, fallback }: PendingUse, certain: boolean, known: KnownVariables): readonly { readonly problem: Problem; readonly error: boolean }[] {
    const { name, member } = use
    const span = use.span ?? fallback
    if (name === 'ansible_facts') return member === undefined ? [] : this.#fact(member, known, span)
    if (this.defined.has(name) || known.names.has(name)) return []
    const slip = nearestSlip(name, use.own) ?? nearestSlip(name, this.defined.keys()) ?? nearestSlip(name, known.names)
    const misspelt = slip === undefined ? [] : this.#neverRead(slip, name)
    if (use.guarded || this.guarded.has(name)) {
      const once = slip !== undefined && (misspelt.length > 0 || this.#mentions(name) <= 1)
      return once ? [{ problem: undefinedVariable(name, slip, span), error: false }, ...misspelt] : []
    }
    const closed = known.whole && !this.open && !name.startsWith('ansible_')
    if (closed || slip !== undefined) return [{ problem: undefinedVariable(name, slip, span), error: closed && certain && slip !== undefined }, ...misspelt]
    return []
  }

  /** The other end of a slip: a name that is set, never read, and near to one that is read and never set. */
  #neverRead(name: string, wanted: string): readonly { readonly problem: Problem; readonly error: boolean }[] {
    const span = this.defined.get(name)
    if (!span || this.read.has(name) || this.#mentions(name) > 1) return []
    return [{ problem: new Problem({ code: 'unread-variable', summary: 'A variable is set and never read', detail: `'${name}'`, hint: `did you mean '${wanted}', which is read and never set?`, span }), error: false }]
  }

  #fact(member: string, { facts }: KnownVariables, span: Span): readonly { readonly problem: Problem; readonly error: boolean }[] {
    const slip = facts.has(member) || this.defined.has(member) ? undefined : nearestSlip(member, facts)
    return slip === undefined ? [] : [{ problem: new Problem({ code: 'unknown-fact', summary: 'No fact has this name', detail: `'${member}'`, hint: `did you mean '${slip}'?`, span }), error: false }]
  }

  #mentions(name: string): number {
    this.#words ??= countWords([...this.roots])
    return this.#words.get(name) ?? 0
  }
}

const undefinedVariable = (name: string, slip: string | undefined, span: Span): Problem =>
  new Problem({ code: 'undefined-variable', summary: 'A variable is not defined', detail: `'${name}'`, span, hint: slip === undefined ? "give it a value, or a default with '| default(…)'" : `did you mean '${slip}'?` })
