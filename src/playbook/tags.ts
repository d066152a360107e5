/**
 * Whether something with these tags (its own and all inherited) is selected. `always` runs unless skipped by name, `never`
 * only when one of its tags is asked for; `tagged`, `untagged` and `all` are asked for like tags. Nothing asked for means `all`.
 * Source: "Tags" in Ansible's documentation.
 */
export function isSelectedByTags(own: readonly string[], tags: readonly string[], skipTags: readonly string[]): boolean {
  const has = new Set(own)
  return isAskedFor(has, new Set(tags.length > 0 ? tags : ['all'])) && !isSkipped(has, new Set(skipTags))
}

function isAskedFor(has: ReadonlySet<string>, asked: ReadonlySet<string>): boolean {
  if (has.has('always') || meets(has, asked)) return true
  return !has.has('never') && (asked.has('all') || (asked.has('tagged') && has.size > 0))
}

function isSkipped(has: ReadonlySet<string>, skipped: ReadonlySet<string>): boolean {
  if (skipped.has('all')) return !has.has('always') || skipped.has('always')
  return meets(has, skipped) || (skipped.has('tagged') && has.size > 0)
}

/** Something without tags answers to `untagged`. */
const meets = (has: ReadonlySet<string>, names: ReadonlySet<string>): boolean => (has.size === 0 ? names.has('untagged') : !has.isDisjointFrom(names))

/** `a,b` and repeated options as one list. */
export const splitTags = (texts: readonly string[]): readonly string[] => texts.flatMap((text) => text.split(',').map((tag) => tag.trim()).filter((tag) => tag !== ''))
