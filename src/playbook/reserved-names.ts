import type { Span } from '../problem/problem.ts'
import type { Value } from '../value/value.ts'
import { BLOCK, PLAY, ROLE, TASK } from './keywords.ts'
import { type Loading, warn } from './loading.ts'

/** Functions of templates: a variable of such a name hides them. */
const GLOBALS = ['cycler', 'dict', 'joiner', 'lipsum', 'lookup', 'namespace', 'now', 'omit', 'q', 'query', 'range', 'undef']
const RESERVED: ReadonlySet<unknown> = new Set([...GLOBALS, 'action', 'local_action', ...[PLAY, BLOCK, ROLE, TASK].flatMap((keywords) => Object.keys(keywords))])
/** Old or inner words, which Ansible does not count. */
const TOLERATED: ReadonlySet<unknown> = new Set(['vars', 'user', 'role'])

/** A variable that goes by a keyword is read where the keyword was meant, or the other way round. */
export function warnReserved(loading: Loading, name: Value | undefined, span: Span | undefined): void {
  if (!RESERVED.has(name) || TOLERATED.has(name)) return
  warn(loading, { code: 'reserved-name', summary: 'Found variable using reserved name', detail: String(name), hint: 'give it another name: this is a keyword or a function of templates', ...(span ? { span } : {}) })
}
