import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'rolldown'

/**
 * The published program: two files, for most of a start is looking for files, and then reading them. One has what nearly every run needs, the other all the rest;
 * parts of both wake when they are first imported, as in the sources.
 * What users import from 'tutti' is of the same file, so that their modules and the program's are made by one `defineModule`.
 * ssh2 is inside, too, and finds the parts that were compiled for this machine, if they were, where its package lies.
 */
const MAIN = `// The version is asked for by scripts, often: it needs none of the rest.
if (process.argv[2] === '--version') process.stdout.write((await import('./cli/version.js')).versionText())
else await import('./start.js')
`

const SRC = join(import.meta.dirname, 'src')
/** What nearly every run needs, besides what these import: a run itself, and the modules that most tasks use. */
const COMMON = ['main', 'tutti', 'cli/run', 'cli/start-run', 'report/lines', 'report/json', 'transport/ssh-connection', 'host/resource', 'host/file', 'host/package', ...[
  'apt', 'apt-repository', 'authorized-key', 'blockinfile', 'command', 'copy', 'cron', 'file', 'find', 'get-url', 'group', 'lineinfile', 'package', 'ping', 'raw', 'replace',
  'script', 'service', 'setup', 'shell', 'slurp', 'stat', 'sysctl', 'systemd', 'template', 'unarchive', 'user', 'wait-for',
].map((name) => `modules/${name}`)].map((name) => join(SRC, `${name}.ts`))
/** Libraries that wake with the first host. */
const LATE_LIBRARIES = ['node-ssh', 'ssh2']
let common: ReadonlySet<string>

/** These modules, all that they import, and so on. */
function closure(ids: readonly string[], importsOf: (id: string) => readonly string[]): ReadonlySet<string> {
  const all = new Set(ids)
  for (const id of all) for (const imported of importsOf(id)) all.add(imported)
  return all
}

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
    input: { start: join(SRC, 'main.ts'), tutti: join(SRC, 'tutti.ts') },
    platform: 'node',
    external: ['cpu-features'],
    checks: { ineffectiveDynamicImport: false },
    transform: { define: { __dirname: 'import.meta.dirname' } },
    plugins: [{
      name: 'tutti',
      // Within one file a part that wakes later needs no file of its own, as an import would make it.
      transform(code, id) {
        if (!id.startsWith(SRC)) return null
        return code.replace(/\bimport\('([^']+)'\)(?!\.[A-Z])/g, (whole, path: string) => {
          if (COMMON.includes(join(id, '..', path))) return `Promise.resolve().then(() => require('${path}'))`
          return LATE_LIBRARIES.includes(path) ? `Promise.resolve().then(() => ({ default: require('${path}'), ...require('${path}') }))` : whole
        })
      },
      resolveId: (path, importer) => (path.endsWith('/sshcrypto.node') && importer?.includes('/ssh2/') ? { id: 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node', external: true } : null),
      // Its agents for HTTP, which nobody here asks for, would wake all of Node's http and tls.
      load: (id) => (id.endsWith('/ssh2/lib/http-agents.js') ? 'module.exports = {}' : null),
      // A builtin that is asked for directly wakes no more of itself than is used; an import wakes all that it could export.
      renderChunk: (code) => code.replace(/^import \{ ([^}]*) \} from "(node:[^"]+)";$/gm, (_, names: string, from: string) => `const { ${names.replaceAll(' as ', ': ')} } = process.getBuiltinModule("${from}");`),
      buildEnd() {
        common = closure(COMMON, (id) => this.getModuleInfo(id)?.importedIds ?? [])
      },
      generateBundle() {
        this.emitFile({ type: 'asset', fileName: 'main.js', source: MAIN })
        this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source: licenses([...this.getModuleIds()]) })
      },
    }],
    output: {
      dir: 'dist', cleanDir: true, strictExecutionOrder: true, chunkFileNames: 'parts/[name].js',
      codeSplitting: { groups: [{ name: 'common', test: (id: string) => common.has(id), priority: 2 }, { name: 'rest', test: /./, priority: 1 }] },
    },
  },
  ...['template/lookups/url-request', 'cli/version'].map((name) => ({ input: { [name]: `src/${name}.ts` }, platform: 'node' as const, output: { dir: 'dist' } })),
])
