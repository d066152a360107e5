import { type Value, dict, unknown } from '../value/value.ts'
import type { TextDiff } from './define-module.ts'

/** One text difference as results have it. */
export const diffEntry = ({ header, before, after }: TextDiff): Value =>
  dict({ before: textValue(before), after: textValue(after), before_header: header.before, after_header: header.after })

/** What `register` receives as `diff` of a module that says nothing else: the difference, or a list where there are several. */
export function textsAsValue(shown: readonly TextDiff[]): Value | undefined {
  return shown.length > 1 ? shown.map(diffEntry) : shown.length === 1 ? diffEntry(shown[0]!) : undefined
}

/** Two sides of attributes; what is missing or equal on both stays away, but for the path. */
export function diffSides(path: string, pairs: Readonly<Record<string, readonly [Value | undefined, Value | undefined]>>): Value {
  const differing = Object.entries(pairs).filter(([, [before, after]]) => before !== after)
  const side = (at: 0 | 1) => dict({ path, ...Object.fromEntries(differing.map(([name, pair]) => [name, pair[at]])) })
  return dict({ before: side(0), after: side(1) })
}

/** A text that a dry run cannot know is no text to compare with. */
function textValue(text: string): Value {
  const open = /^\(unknown: (.*)\)\n$/.exec(text)
  return open ? unknown(open[1]!) : text
}

