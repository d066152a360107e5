import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem, problemsOf } from '../problem/problem.ts'
import { showProblem } from '../problem/show-problem.ts'
import type { Terminal } from './command.ts'
import { commands } from './commands.ts'
import { UsageProblem, parseOptions } from './options.ts'

/** The command that the arguments name, done; its exit code. Mistakes of users are shown with their places, never a stack. */
export async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await perform(args, terminal)
  } catch (error) {
    return showFailure(error, terminal)
  }
}

async function perform([name, ...args]: readonly string[], terminal: Terminal): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && args.length === 0)) {
    const { showCommands } = await import('./help.ts')
    terminal.out(showCommands(Object.entries(commands).map(([command, { summary }]) => ({ name: command, summary }))))
    return name === undefined ? 5 : 0
  }
  if (name === '--version' || name === 'version') {
    terminal.out((await import('./version.ts')).versionText())
    return 0
  }
  if (name === 'as') return (await import('./play-part.ts')).playPart(args, terminal, dispatch)
  if (name === 'help') return perform([args[0]!, '--help'], terminal)
  if (args.includes('--version')) return perform(['--version'], terminal)
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!entry) throw new UsageProblem({ code: 'unknown-command', summary: 'There is no such command', detail: `'${name}'`, hint: didYouMean(name, Object.keys(commands)) ?? `\`tutti --help\` shows them all` })
  const command = await entry.load()
  const parsed = parseOptions(command.options, args)
  if (parsed.help) {
    terminal.out((await import('./help.ts')).showHelp(command, terminal.width))
    return 0
  }
  for (const { names, inert } of parsed.inert) terminal.err(`note: ${names.at(-1)} has no effect: ${inert}\n`)
  return command.run(parsed, terminal)
}

/** Without a playbook that could be read the run is an error (1), with mistakes in it Ansible says 4; 250 is a defect of ours. */
export function showFailure(error: unknown, terminal: Pick<Terminal, 'err' | 'part'>): number {
  const problems = problemsOf(error)
  if (problems) {
    // What ended the command stands out from warnings by the word that scripts look for.
    terminal.err(`${problems.map((problem) => showProblem(problem)).join('\n\n')}\n`)
    if (problems.length > 1) terminal.err(`\n${problems.length} problems\n`)
    return problems.some((problem) => problem instanceof UsageProblem) ? badUse(problems, terminal.part) : problems.every(isOutside) ? 1 : 4
  }
  terminal.err(`This is a bug in tutti. Please report it with what follows.\n\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return 250
}

/** What is not a mistake inside a playbook: a missing file on the command line, a password, a setting. */
const isOutside = ({ code, span }: Problem): boolean => code.startsWith('vault') || (!span && !code.startsWith('yaml'))

/** Bad use: 5, as Ansible has it; where its part is played, what its parser of arguments refuses is 2, as there. */
const badUse = (problems: readonly Problem[], part: string | undefined): number => (part !== undefined && problems.some(({ code }) => /^(bad-option|bad-operands|no-playbook)$/.test(code)) ? 2 : 5)
