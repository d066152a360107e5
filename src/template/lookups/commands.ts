import { spawnSync } from 'node:child_process'
import type { Value } from '../../value/value.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'
import { lookup } from './define-lookup.ts'

const LIMIT = 256 * 1024 * 1024

/** What a command of the controller prints. */
function shell(command: string, cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync('/bin/sh', ['-c', command], { cwd, encoding: 'utf8', maxBuffer: LIMIT, stdio: ['ignore', 'pipe', 'pipe'] })
  if (error) return fail(`the command '${command}' cannot be run: ${error.message}`)
  return status === 0 ? stdout : fail(`the command '${command}' ended with ${status}: ${stderr.trim()}`)
}

const lines = (text: string): string[] => text.replace(/\n$/, '').split('\n')

export const commandLookups = [
  lookup('env', 'default', (terms, { default: fallback }) => terms.map((term): Value => process.env[str(term).split(/\s+/)[0]!] ?? (fallback === undefined ? '' : fallback))),
  lookup('pipe', '', (terms, _options, { playbookDir }) => terms.map((term) => shell(str(term), playbookDir).trimEnd())),
  lookup('lines', '', (terms, _options, { playbookDir }) => terms.flatMap((term) => lines(shell(str(term), playbookDir)))),
]
