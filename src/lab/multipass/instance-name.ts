import { createHash } from 'node:crypto'

/** Multipass's rule for names: letters, digits and dashes, a letter first, no dash last. */
const VALID = /^([a-zA-Z]|[a-zA-Z][a-zA-Z0-9-]*[a-zA-Z0-9])$/
// It becomes a host name, which has at most 63 characters.
const LONGEST = 60

/**
 * The instance of a lab's host: `tutti-LAB-HOST`. Names that Multipass would not take are changed, and end in a few letters of
 * their own, so that `n_1` and `n.1` stay two instances.
 */
export function instanceName(lab: string, host: string): string {
  const name = `tutti-${lab}-${host}`
  if (VALID.test(name) && name.length <= LONGEST) return name
  const plain = name.replace(/[^a-zA-Z0-9]+/g, '-').slice(0, LONGEST - 7).replace(/-+$/, '')
  return `${plain}-${createHash('sha256').update(name).digest('hex').slice(0, 6)}`
}
