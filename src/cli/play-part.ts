import { didYouMean } from '../problem/did-you-mean.ts'
import type { Terminal } from './command.ts'
import { UsageProblem } from './options.ts'
import { readSettings } from './settings.ts'
import { version } from './version.ts'

/** Ansible's commands, with the command of ours that takes the part of each. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  ansible: ['adhoc'], 'ansible-playbook': ['run'], 'ansible-inventory': ['inventory'], 'ansible-vault': ['vault'], 'ansible-config': ['config'], 'ansible-galaxy': ['galaxy'], 'ansible-doc': ['doc'],
}

/** `tutti as ansible-playbook …`: with its output also on a terminal, and with its exit codes for bad use. */
export async function playPart([name = '', ...args]: readonly string[], terminal: Terminal, perform: (args: readonly string[], terminal: Terminal) => Promise<number>): Promise<number> {
  const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined
  if (!part) throw new UsageProblem({ code: 'unknown-command', summary: 'There is no part of this name to take', detail: `'${name}'`, hint: didYouMean(name, Object.keys(PARTS)) ?? `one of ${Object.keys(PARTS).join(', ')}` })
  if (args[0] === '--version') {
    terminal.out(partVersion(name, terminal))
    return 0
  }
  return perform([...part, ...args], { ...terminal, part: name })
}

/** In Ansible's form, for scripts that read the version out of it. */
function partVersion(name: string, terminal: Terminal): string {
  const { file } = readSettings(terminal.env, process.cwd())
  return `${name} [core 2.19.0]\n  played by tutti ${version()}, Node ${process.versions.node}\n  config file = ${file ?? 'None'}\n`
}
