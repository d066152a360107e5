import { mode, text } from '../schema/field.ts'
import { fail } from './failure.ts'

/** The parameters that everything that makes files shares. */
export const fileParams = {
  owner: text('The user that owns it: a name or an id.'),
  group: text('The group that owns it: a name or an id.'),
  mode: mode('Permissions: octal (quote it) or symbolic, like u=rw,g=r,o=.'),
  seuser: text('SELinux user.', { inert: 'refused where SELinux is on, without effect elsewhere' }),
  serole: text('SELinux role.', { inert: 'refused where SELinux is on, without effect elsewhere' }),
  setype: text('SELinux type.', { inert: 'refused where SELinux is on, without effect elsewhere' }),
  selevel: text('SELinux level.', { inert: 'refused where SELinux is on, without effect elsewhere' }),
  attributes: text('File system attributes, as of chattr.', { aliases: ['attr'] }),
} as const

/**
 * Permission bits from a `mode` parameter: octal text, or symbolic against the present bits.
 * `X` counts as x for directories and for files that somebody may execute; who is missing means `a` under the umask.
 */
export function parseMode(text: string, now: { readonly mode: number; readonly directory: boolean }, umask = 0o022): number {
  if (/^0?o?[0-7]{1,4}$/.test(text)) return Number.parseInt(text.replace(/^0?o/, ''), 8)
  return text.split(',').reduce((bits, clause) => applyClause(bits, clause.trim(), now.directory, umask, text), now.mode)
}

function applyClause(bits: number, clause: string, directory: boolean, umask: number, whole: string): number {
  const match = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/.exec(clause)
  if (!match) return fail(`mode '${whole}' is neither octal (0644) nor symbolic (u=rw,g=r,o=)`)
  const who = match[1] || 'a'
  const mask = match[1] ? 0o7777 : 0o7777 & ~umask
  let result = bits
  for (const [, operator, letters] of match[2]!.matchAll(/([-+=])([rwxXstugo]*)/g)) result = applyPart(result, who, operator!, letters!, directory, mask)
  return result
}

const SHIFT = { u: 6, g: 3, o: 0 } as const

function applyPart(bits: number, who: string, operator: string, letters: string, directory: boolean, mask: number): number {
  let value = 0
  let scope = 0
  for (const one of who.includes('a') ? (['u', 'g', 'o'] as const) : ([...who] as ('u' | 'g' | 'o')[])) {
    const shift = SHIFT[one]
    scope |= 0o7 << shift
    if (one === 'u') scope |= 0o4000
    if (one === 'g') scope |= 0o2000
    value |= permission(letters, bits, directory) << shift
    if (letters.includes('s') && one !== 'o') value |= one === 'u' ? 0o4000 : 0o2000
  }
  if (letters.includes('t')) value |= 0o1000
  value &= mask | 0o7000
  if (operator === '+') return bits | value
  if (operator === '-') return bits & ~value
  // chmod keeps the set-id bits of directories unless they are named.
  return (bits & ~(scope & (directory ? 0o777 : 0o7777))) | value
}

function permission(letters: string, bits: number, directory: boolean): number {
  let value = 0
  for (const letter of letters) {
    if (letter === 'r') value |= 4
    else if (letter === 'w') value |= 2
    else if (letter === 'x' || (letter === 'X' && (directory || (bits & 0o111) !== 0))) value |= 1
    else if (letter === 'u' || letter === 'g' || letter === 'o') value |= (bits >> SHIFT[letter]) & 7
  }
  return value
}

/** Bits as people write them: 0644. */
export const showMode = (bits: number): string => bits.toString(8).padStart(4, '0')

/**
 * chattr's attributes are declared so that playbooks load, and refused where they are used. A validator that does not name the new
 * file would look at nothing.
 */
export function refuseAttributes({ attributes, validate }: { readonly attributes?: string | undefined; readonly validate?: string | undefined }): void {
  if (validate !== undefined && !validate.includes('%s')) fail(`validate must contain %s: ${validate}`)
  if (attributes !== undefined && attributes !== '') fail(`attributes '${attributes}': attributes of the file system cannot be set yet; use the command chattr`)
}
