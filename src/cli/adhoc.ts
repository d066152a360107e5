import { join, resolve } from 'node:path'
import { Problem, problemsOf } from '../problem/problem.ts'
import { showProblem } from '../problem/show-problem.ts'
import { toJson } from '../value/json.ts'
import { isDict } from '../value/value.ts'
import { parseYaml } from '../yaml/parse-nodes.ts'
import { type YamlNode, toValue } from '../yaml/yaml-node.ts'
import { CALLBACKS, type Output } from './choose-reporter.ts'
import { type Terminal, defineCommand } from './command.ts'
import { UsageProblem, type Values, flag, integer, parseOptions, text } from './options.ts'
import { playbookOptions } from './playbook-options.ts'
import { readSettings } from './settings.ts'

const { tags: _tags, skipTags: _skip, audit: _audit, listTasks: _tasks, listTags: _listTags, syntaxCheck: _syntax, startAtTask: _start, step: _step, forceHandlers: _force, ...shared } = playbookOptions

const options = {
  ...shared,
  module: text('-m --module-name', 'MODULE', 'What to do: a module. Default: command.'),
  args: text('-a --args', 'ARGS', 'Its arguments: name=value, a command, or JSON.'),
  oneLine: flag('-o --one-line', 'A line for each host.'),
  tree: text('-t --tree', 'DIR', 'Write the result of each host to a file in this directory, too.'),
  background: integer('-B --background', 'SECONDS', 'Let it run in the background, at most so long.'),
  poll: integer('-P --poll', 'SECONDS', 'With -B: look after it this often. Default: 15.'),
  taskTimeout: integer('--task-timeout', 'SECONDS', 'End the task after so long.'),
  playbookDir: text('--playbook-dir', 'DIR', 'Where roles/, group_vars/ and files are looked for. Default: here.'),
}

/** Stands for a file where the command line is the source. */
const TYPED = '<ad hoc>'

export const adhocCommand = defineCommand({
  name: 'adhoc',
  summary: 'One module on the hosts of a pattern, without a playbook.',
  operands: 'PATTERN',
  examples: [
    ["tutti adhoc web -i hosts -a 'uptime'", 'A command on all hosts of the group web.'],
    ['tutti adhoc all -i hosts -m ping', 'Any module; `tutti doc --list` shows them.'],
    ["tutti adhoc web -i hosts -b -m apt -a 'name=nginx state=present' -C -D", 'What it would change.'],
  ],
  notes: ['Exit codes, as ansible has them: 0 all well, 1 an error, 2 a host failed, 4 a host was unreachable, 5 wrong options, 99 interrupted, 250 a defect of tutti.'],
  options,
  async run({ values, operands }, terminal) {
    const [pattern, ...more] = operands
    if (pattern === undefined || more.length > 0) throw new UsageProblem({ code: 'bad-operands', summary: 'One pattern of hosts must be named', ...(more.length > 0 ? { detail: operands.join(' ') } : {}), hint: '`tutti adhoc all -i hosts -m ping`' })
    const settings = readSettings(terminal.env, process.cwd())
    const module = values.module ?? settings.text('moduleName') ?? 'command'
    const args = values.args ?? settings.text('moduleArgs') ?? ''
    if (!values.listHosts) refuseUnsuited(module, args)
    const file = join(resolve(values.playbookDir ?? settings.paths('playbookDir')?.[0] ?? '.'), TYPED)
    const all = { ...parseOptions(playbookOptions, []).values, ...values, listHosts: false }
    const { startRun } = await import('./start-run.ts')
    const { tree } = await import('../report/tree.ts')
    return unplaced(file, terminal, async () => (await startRun([file], all, terminal, {
      strict: true, documents: new Map([[file, playbookOf(file, pattern, module, args, values)]]), output: outputOf(values.oneLine, settings.flag('binCallbacks') === true ? settings.text('stdoutCallback') : undefined),
      over: (inventory) => nothingToDo(inventory.hostsMatching(pattern, all.limit.length > 0 ? all.limit.join(',') : undefined), values.listHosts, terminal),
      ...(values.tree === undefined ? {} : { reporting: (inner, secrets) => tree(inner, values.tree!, secrets) }),
    })).exitCode)
  },
})

/** What stands for a play of its own, or needs an argument to mean anything. */
function refuseUnsuited(module: string, args: string): void {
  const short = module.replace(/^ansible\.(builtin|legacy)\./, '')
  if (short === 'import_playbook' || short === 'include') throw new UsageProblem({ code: 'not-for-adhoc', summary: 'This is no action for one task without a playbook', detail: `'${module}'`, hint: '`tutti run PLAYBOOK`' })
  if (['command', 'shell', 'script', 'raw'].includes(short) && args.trim() === '') throw new UsageProblem({ code: 'no-arguments', summary: `No argument passed to ${short} module`, hint: "say what to run: `-a 'uptime'`" })
}

type Asked = Pick<Values<typeof options>, 'background' | 'poll' | 'taskTimeout'>

/** A playbook of one task, as a document that was never a file. */
function playbookOf(file: string, pattern: string, module: string, args: string, { background, poll, taskTimeout }: Asked): YamlNode {
  const keywords = { ...(background ? { async: background, poll: poll ?? 15 } : {}), ...(taskTimeout === undefined ? {} : { timeout: taskTimeout }) }
  const source = [{ name: 'Ansible Ad-Hoc', hosts: pattern, gather_facts: false, tasks: [{ [module]: argsOf(file, args), ...keywords }] }]
  return parseYaml(JSON.stringify(source), { file, templates: true })
}

/** `{…}` is JSON or YAML, anything else as it stands behind a module's name in a playbook. */
function argsOf(file: string, args: string): unknown {
  if (!args.trimStart().startsWith('{')) return args
  const value = toValue(parseYaml(args, { file, templates: false }))
  return isDict(value) ? toJson(value) : args
}

function nothingToDo(hosts: readonly string[], listOnly: boolean, terminal: Terminal): boolean {
  if (listOnly) terminal.out(`  hosts (${hosts.length}):\n${hosts.map((host) => `    ${host}\n`).join('')}`)
  else if (hosts.length === 0) terminal.err('warning: no hosts matched, nothing to do\n')
  return listOnly || hosts.length === 0
}

const outputOf = (oneLine: boolean, callback: string | undefined): Output => (oneLine ? 'oneline' : (callback === undefined ? undefined : CALLBACKS[callback.replace(/^.*\./, '')]) ?? 'minimal')

/** Mistakes in what was typed have no place in a file. They fail as a task does: 2. */
async function unplaced(file: string, terminal: Terminal, work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    const problems = problemsOf(error)
    if (!problems?.some(({ span }) => span?.file === file)) throw error
    for (const problem of problems) terminal.err(`${showProblem(withoutPlace(problem))}\n`)
    return 2
  }
}

function withoutPlace(problem: Problem): Problem {
  const { span: _span, ...parts } = problem.parts()
  return new Problem(parts)
}
