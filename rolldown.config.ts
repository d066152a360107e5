import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'rolldown'

/**
 * The published program: one file, for most of a start is looking for files. Parts of it wake when they are first imported, as in the sources.
 * What users import from 'tutti' is of the same file, so that their modules and the program's are made by one `defineModule`.
 * ssh2 stays outside, for it has native parts, and node-ssh, which wakes it: a static import of either would be paid by every start.
 */
const MAIN = `// The version is asked for by scripts, often: it needs none of the rest.
if (process.argv[2] === '--version') process.stdout.write((await import('./cli/version.js')).versionText())
else await (await import('./tutti.js')).main()
`
const ENTRY = join(import.meta.dirname, 'src/entry.ts')

/** The licences of the libraries inside. */
function licenses(ids: readonly string[]): string {
  const packages = new Set(ids.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0] ?? []))
  return [...packages].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>
    const text = readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file)).map((file) => readFileSync(join(folder, file), 'utf8').trim())
    return `${name} ${version} (${license})\n\n${text.join('\n\n')}\n`
  }).join(`\n${'-'.repeat(80)}\n\n`)
}

export default defineConfig([
  {
    input: { tutti: ENTRY },
    platform: 'node',
    external: ['ssh2', 'node-ssh'],
    plugins: [{
      name: 'entry',
      resolveId: (id) => (id === ENTRY ? id : null),
      load: (id) => (id === ENTRY ? "export * from './tutti.ts'\nexport const main = () => import('./main.ts')\n" : null),
      generateBundle() {
        this.emitFile({ type: 'asset', fileName: 'main.js', source: MAIN })
        this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source: licenses([...this.getModuleIds()]) })
      },
    }],
    output: { dir: 'dist', cleanDir: true, codeSplitting: false, strictExecutionOrder: true },
  },
  ...['template/lookups/url-request', 'cli/version'].map((name) => ({ input: { [name]: `src/${name}.ts` }, platform: 'node' as const, output: { dir: 'dist' } })),
])
