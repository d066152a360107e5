import { followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { quote } from '../shell/quote.ts'
import { Unknown } from '../value/value.ts'

/** The same for a path as a task writes it; an empty one does not exist. */
export const writtenExists = async (host: Reader, written: string, environment: Readonly<Record<string, string>>): Promise<boolean | Unknown> => (written === '' ? false : globExists(host, await resolvePath(host, written, environment)))

/** Whether a path, or any path that a pattern matches, exists: `creates` and `removes`. A link that leads nowhere does not exist. */
export async function globExists(host: Reader, pattern: string): Promise<boolean | Unknown> {
  if (!/[*?[]/.test(pattern)) {
    const found = await host.get(followedResource, pattern.replace(/(.)\/+$/, '$1'))
    return found instanceof Unknown ? found : found.kind !== 'absent'
  }
  const fixed = pattern.slice(0, pattern.search(/[*?[]/)).replace(/[^/]*$/, '') || '/'
  const reply = await host.run(`for p in ${shellPattern(pattern)}; do [ -e "$p" ] || [ -h "$p" ] && exit 0; done; exit 1`, [fixed])
  return reply instanceof Unknown ? reply : reply.code === 0
}


/** A pattern as a word for the shell: everything but the pattern's own signs is quoted; a class goes to the shell as it is. */
export const shellPattern = (pattern: string): string => pattern.replace(/\[[^\]/]+\]|[*?]|[^*?[]+|\[/g, (part) => (/^(?:[*?]|\[[\w!^.-]+\])$/.test(part) ? part : quote(part)))
