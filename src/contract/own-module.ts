import { registerHooks } from 'node:module'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Problem, type Span } from '../problem/problem.ts'
import { entryFile } from '../value/program-files.ts'
import type { Module } from './define-module.ts'

/** `import … from 'tutti'` in files of users means this very program, wherever it is installed. */
const ENTRY = pathToFileURL(entryFile('tutti')).href
let hooked = false
function hook(): void {
  if (hooked) return
  hooked = true
  registerHooks({ resolve: (specifier, context, next) => (specifier === 'tutti' ? { url: ENTRY, format: ENTRY.endsWith('.ts') ? 'module-typescript' : 'module', shortCircuit: true } : next(specifier, context)) })
}

/** What a TypeScript or JavaScript file of a user exports; a `Problem` with file and line where it cannot be loaded. */
export async function importOwn(file: string): Promise<readonly unknown[]> {
  hook()
  try {
    return Object.values((await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>)
  } catch (error) {
    throw new Problem({ code: 'own-file', summary: 'a file of the project cannot be loaded', detail: error instanceof Error ? error.message.split('\n')[0]! : String(error), span: placeOf(error, file) })
  }
}

/** Node names the place of a syntax error in the first line of the stack. */
function placeOf(error: unknown, file: string): Span {
  const [, line = '1'] = new RegExp(`${pathToFileURL(file).href.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}:(\\d+)`).exec(error instanceof Error ? (error.stack ?? '') : '') ?? []
  return { file, line: Number(line), column: 1 }
}

/** The module that a file of a project's `library/` exports, made by `defineModule`. */
export async function loadOwnModule(file: string): Promise<Module> {
  const found = (await importOwn(file)).filter(isModule)
  if (found.length === 1) return found[0]!
  const detail = found.length === 0 ? 'it exports nothing that defineModule made' : `it exports ${found.length} modules`
  throw new Problem({ code: 'own-file', summary: 'a file in library/ must export one module', detail: `${basename(file)}: ${detail}`, hint: "export const NAME = defineModule({ … }), with `import { defineModule } from 'tutti'`", span: { file, line: 1, column: 1 } })
}

const isModule = (value: unknown): value is Module =>
  typeof value === 'object' && value !== null && ['probe', 'plan', 'apply'].every((part) => typeof (value as Record<string, unknown>)[part] === 'function') && typeof (value as Module).params === 'object'
