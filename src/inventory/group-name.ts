import { Problem } from '../problem/problem.ts'
import type { GroupNaming } from './inventory-settings.ts'

const INVALID = /^\d|[^\p{L}\p{N}_]/gu

/** Characters that a variable name could not have become underscores. */
export const safeGroupName = (name: string): string => name.replace(INVALID, '_')

/** Names of groups under the setting `force_valid_group_names`; each of the two warnings is told once. */
export function groupNamer(naming: GroupNaming, warn: (problem: Problem) => void): (name: string) => string {
  let told = false
  const replaces = naming === 'always' || naming === 'silently'
  return (name) => {
    if (name.search(INVALID) < 0) return name
    if (!told && (naming === 'always' || naming === 'never')) warn(remark(name, replaces))
    told = true
    return replaces ? safeGroupName(name) : name
  }
}

const remark = (name: string, replaced: boolean): Problem => new Problem({
  code: 'group-name', summary: `Invalid characters were found in group names ${replaced ? 'and automatically replaced' : 'but not replaced'}`, detail: `'${name}'${replaced ? ` is now '${safeGroupName(name)}'` : ''}`,
  ...(replaced ? {} : { hint: `'${safeGroupName(name)}' could be a variable's name; \`force_valid_group_names\` in ansible.cfg says what to do about such names` }),
})
