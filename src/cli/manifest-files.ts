import { readdirSync, statSync } from 'node:fs'
import { join, normalize } from 'node:path'

/** The files that operands name, each once: themselves, and of directories all YAML and JSON below them, links not followed; standard input where none is named. */
export function manifestFiles(operands: readonly string[]): readonly string[] {
  const files = operands.flatMap((name) => (name !== '-' && statSync(name, { throwIfNoEntry: false })?.isDirectory() ? filesBelow(name) : [name]))
  return operands.length === 0 ? ['-'] : [...new Map(files.map((file) => [normalize(file), file])).values()]
}

const ASIDE = new Set(['.git', 'node_modules'])

function filesBelow(directory: string): readonly string[] {
  const entries = readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return ASIDE.has(entry.name) ? [] : filesBelow(path)
    return entry.isFile() && /\.(ya?ml|json)$/i.test(entry.name) ? [path] : []
  })
}
