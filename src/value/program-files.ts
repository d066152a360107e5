import { findPackageJSON } from 'node:module'
import { dirname, extname, join } from 'node:path'

/** Where the program itself is installed: the folder of its package.json. */
export const PROGRAM_ROOT = dirname(findPackageJSON('.', import.meta.url)!)

/** One of the program's entries: its source in a checkout, the built file in the published package. `name` is its path below src without the ending. */
export const entryFile = (name: string): string => (extname(import.meta.url) === '.ts' ? join(PROGRAM_ROOT, 'src', `${name}.ts`) : join(PROGRAM_ROOT, 'dist', `${name}.js`))
