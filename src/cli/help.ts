import { columns, wrap } from '../text/columns.ts'
import type { Command } from './command.ts'
import type { Option } from './options.ts'

/** The help of one command: examples first, then the options. */
export function showHelp({ name, summary, operands, examples, notes = [], options }: Omit<Command, 'run'>, width: number): string {
  const shown = Object.values(options).filter(({ refused }) => !refused)
  const parts = [
    `${summary}\n`,
    ...examples.map(([command, meaning]) => `  ${command}\n${wrap(meaning, width, '      ')}`),
    `\nUsage: tutti ${name} ${shown.length > 0 ? '[OPTIONS] ' : ''}${operands}`.trimEnd(),
    ...(shown.length > 0 ? ['', ...shown.map((option) => showOption(option, width))] : []),
    ...notes.map((note) => `\n${wrap(note, width)}`),
  ]
  return `${parts.join('\n')}\n`
}

const COLUMN = 30
function showOption({ names, value, summary, inert }: Option, width: number): string {
  const left = `  ${names.join(', ')}${value ? ` ${value}` : ''}`
  const text = wrap(inert ? `${summary} ${inert}` : summary, width, ' '.repeat(COLUMN))
  return left.length < COLUMN - 1 ? left.padEnd(COLUMN) + text.slice(COLUMN) : `${left}\n${text}`
}

/** `tutti --help`: what it is, the commands, where to begin. */
export function showCommands(commands: readonly Pick<Command, 'name' | 'summary'>[]): string {
  return `tutti runs Ansible playbooks over SSH, with no Python on either side.

  tutti run site.yml -i hosts          run a playbook
  tutti diff site.yml -i hosts         what a run would change, exactly
  tutti doc copy                       what a module does and takes

Commands:
${columns(commands.map(({ name, summary }) => [`  ${name}`, summary]))}

\`tutti COMMAND --help\` says more about each. ansible-playbook's options mean here what they mean there.
`
}
