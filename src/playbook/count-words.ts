import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** How often each word stands in the texts of some directories. */
export function countWords(directories: readonly string[]): ReadonlyMap<string, number> {
  const words = new Map<string, number>()
  for (const file of new Set(directories.flatMap(textsBelow))) {
    for (const [word] of readText(file).matchAll(/[A-Za-z_]\w+/g)) words.set(word, (words.get(word) ?? 0) + 1)
  }
  return words
}

const SKIPPED = new Set(['.git', 'node_modules', 'files'])

function textsBelow(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : textsBelow(path)
    return entry.isFile() && /\.(ya?ml|j2|md|rst|adoc|txt|py|json)$/.test(entry.name) ? [path] : []
  })
}

function readText(file: string): string {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? Infinity
  return size > 1_000_000 ? '' : readFileSync(file, 'utf8')
}
