import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Upstream's own integration targets under tutti, by a harness that is not part of this repository (nor is the suite, which is GPL):
 * a program `run` that takes --runner, --tool NAME=COMMAND, --bind, --targets and --set. Not part of CI.
 * Usage: npm run conformance -- [TARGET …] [OPTIONS OF THE HARNESS]
 * The harness is the folder in TUTTI_CONFORMANCE or `shared/conformance` beside the checkout; the suite's sources are where
 * TUTTI_CONFORMANCE_SOURCES says, or where the harness keeps them.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const harness = process.env.TUTTI_CONFORMANCE ?? join(root, '../shared/conformance')
const sources = process.env.TUTTI_CONFORMANCE_SOURCES ?? '/tmp/ansible-src'
const isOption = process.argv.findIndex((word, i) => i > 1 && word.startsWith('-'))
const names = process.argv.slice(2, isOption < 0 ? undefined : isOption)
const options = isOption < 0 ? [] : process.argv.slice(isOption)

const missing = !existsSync(join(harness, 'run'))
  ? `there is no harness at ${harness} (set TUTTI_CONFORMANCE)`
  : !existsSync(join(sources, 'test/integration/targets'))
    ? `there is no work tree of ansible/ansible at ${sources} (set TUTTI_CONFORMANCE_SOURCES, or prepare it as the harness's README says)`
    : process.getuid?.() !== 0
      ? 'the harness makes hosts and needs root'
      : undefined
if (missing) {
  console.log(`skipped: ${missing}`)
  process.exit(0)
}

const as = (program: string): string => `${join(root, 'bin/tutti')} as ${program}`
const tools = ['ansible', 'ansible-inventory', 'ansible-vault', 'ansible-config'].flatMap((tool) => ['--tool', `${tool}=${as(tool)}`])
const what = names.length > 0 ? ['--targets', names.join(',')] : ['--set', 'open']
const { status } = spawnSync(join(harness, 'run'), ['--runner', as('ansible-playbook'), ...tools, '--bind', root, '--src', sources, ...what, ...options], { stdio: 'inherit' })
process.exitCode = status ?? 1
