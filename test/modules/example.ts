import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { Documented } from '../../src/cli/documented.ts'

/** What the examples of one module need around them: `test/modules/examples/NAME.yml`. */
export interface Needs {
  /** Another module's needs, under those that are given here. */
  readonly like?: string
  /** Variables that the examples take as given. */
  readonly vars?: Readonly<Record<string, unknown>>
  /** Files of the project, by path below it: `files/app.conf`, `roles/base/tasks/main.yml`. A name that ends with a slash is a directory. */
  readonly files?: Readonly<Record<string, string>>
  readonly handlers?: readonly unknown[]
  /** Hosts of the inventory besides localhost, which they are too. */
  readonly hosts?: readonly string[]
  /** What web servers at example.com and its like answer, by path. */
  readonly web?: Readonly<Record<string, string>>
  /** Programs that the machine must have, and a line for its shell that says whether it is one for these examples. */
  readonly needs?: string
  readonly where?: string
  /** Scripts on the spare host, in the project: before the dry run, and at the very end. $WEB is the directory of the web server. */
  readonly prepare?: string
  readonly cleanup?: string
  /** Tasks that are a change in a second run too, for Ansible as well. */
  readonly always?: readonly string[]
  /** Tasks that fail, as they should. */
  readonly fails?: readonly string[]
}

const folder = join(import.meta.dirname, 'examples')

export function needsOf(name: string): Needs {
  const file = join(folder, `${name}.yml`)
  const own = existsSync(file) ? (parse(readFileSync(file, 'utf8')) as Needs) : {}
  return own.like === undefined ? own : { ...needsOf(own.like), ...own }
}

/** A project of its own with the examples as its playbook. */
export function exampleProject({ examples = '', amongPlays }: Documented, { vars = {}, files = {}, handlers = [], hosts = [] }: Needs): string {
  const directory = mkdtempSync(join(tmpdir(), 'example-'))
  const play = stringify([{ hosts: 'localhost', gather_facts: /ansible_(?!host|job)/.test(examples), vars, handlers, tasks: [] }]).replace(/tasks: \[\]\n$/, () => `tasks:\n${examples.trim().replaceAll(/^(?=.)/gm, '    ')}\n`)
  const inventory = stringify({ all: { hosts: Object.fromEntries(['localhost', ...hosts].map((host) => [host, { ansible_connection: 'local' }])) } })
  for (const [path, text] of Object.entries({ 'ansible.cfg': '[defaults]\ninventory = hosts.yml\n', 'hosts.yml': inventory, 'site.yml': amongPlays ? examples : play, ...files })) {
    mkdirSync(path.endsWith('/') ? join(directory, path) : dirname(join(directory, path)), { recursive: true })
    if (!path.endsWith('/')) writeFileSync(join(directory, path), text)
  }
  return directory
}

/** A machine that may be changed, and has what these examples are about. */
export const runsHere = ({ needs = '', where = 'true' }: Needs): boolean =>
  process.env.TUTTI_SPARE_HOST === '1' && process.getuid?.() === 0 && needs.split(' ').filter(Boolean).every(isProgram) && spawnSync('sh', ['-c', where], { stdio: 'ignore' }).status === 0

function isProgram(name: string): boolean {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`]).length > 0
  } catch {
    return false
  }
}
