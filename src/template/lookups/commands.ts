import { spawnSync } from 'node:child_process'
import type { Value } from '../../value/value.ts'
import { isDict } from '../../value/value.ts'
import { flag, numberOf } from '../python/kind.ts'
import { str } from '../python/text.ts'
import type { Keywords } from '../scope.ts'
import { fail } from '../template-error.ts'
import { lookup, optionText } from './define-lookup.ts'

const LIMIT = 256 * 1024 * 1024

/** What a command of the controller prints. */
function shell(command: string, cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync('/bin/sh', ['-c', command], { cwd, encoding: 'utf8', maxBuffer: LIMIT, stdio: ['ignore', 'pipe', 'pipe'] })
  if (error) return fail(`the command '${command}' cannot be run: ${error.message}`)
  return status === 0 ? stdout : fail(`the command '${command}' ended with ${status}: ${stderr.trim()}`)
}

// Templates are rendered synchronously, so the request is made by a process of its own. What it must not show (headers, passwords) comes by stdin.
const REQUEST = `
let input = ''
for await (const chunk of process.stdin) input += chunk
const { url, headers, timeout, follow } = JSON.parse(input)
const response = await fetch(url, { headers, redirect: follow ? 'follow' : 'error', signal: AbortSignal.timeout(timeout) })
if (!response.ok) throw new Error('HTTP ' + response.status + ' ' + response.statusText)
process.stdout.write(Buffer.from(await response.arrayBuffer()))
`
function fetchUrl(url: string, options: Keywords): string {
  const headers: Record<string, string> = { 'user-agent': optionText(options, 'http_agent', 'ansible-httpget') }
  const given = options['headers']
  if (isDict(given)) for (const [name, value] of given) headers[str(name)] = str(value)
  const login = `${optionText(options, 'username', '')}:${optionText(options, 'password', '')}`
  if (login !== ':') headers['authorization'] = `Basic ${Buffer.from(login).toString('base64')}`
  const follow = optionText(options, 'follow_redirects', 'urllib2') !== 'none'
  const input = JSON.stringify({ url, headers, timeout: numberOf(options['timeout'] ?? 10) * 1000, follow })
  const unchecked = flag(options['validate_certs'], true) ? {} : { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' }
  const env = { ...process.env, ...unchecked, ...(options['ca_path'] === undefined ? {} : { NODE_EXTRA_CA_CERTS: str(options['ca_path']) }) }
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', REQUEST], { input, env, encoding: 'utf8', maxBuffer: LIMIT })
  if (status === 0) return stdout
  const [, reason] = /^\s*(?:\w*Error|\[?cause\]?.*?): (.*)$/m.exec(stderr) ?? []
  return fail(`'${url}' cannot be read: ${reason ?? 'the request failed'}`)
}
const lines = (text: string): string[] => text.replace(/\n$/, '').split('\n')
const URL_OPTIONS = 'split_lines headers username password force_basic_auth validate_certs timeout http_agent follow_redirects ca_path'

export const commandLookups = [
  lookup('env', 'default', (terms, { default: fallback }) => terms.map((term): Value => process.env[str(term).split(/\s+/)[0]!] ?? (fallback === undefined ? '' : fallback))),
  lookup('pipe', '', (terms, _options, { playbookDir }) => terms.map((term) => shell(str(term), playbookDir).trimEnd())),
  lookup('lines', '', (terms, _options, { playbookDir }) => terms.flatMap((term) => lines(shell(str(term), playbookDir)))),
  lookup('url', URL_OPTIONS, (terms, options) => terms.flatMap((term) => {
    const text = fetchUrl(str(term), options)
    return flag(options['split_lines'], true) ? lines(text) : [text]
  })),
]
