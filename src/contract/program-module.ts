import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { run } from '../host/step.ts'
import { temporaryPlace } from '../host/temporary-place.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { aside } from '../value/aside.ts'
import { dumpJson } from '../value/dump-json.ts'
import { fromJson } from '../value/json.ts'
import { LANGUAGE_VERSION } from '../value/language-version.ts'
import { type Dict, type Unknown, type Value, unknown } from '../value/value.ts'
import { type Module, type Outputs, type Result, defineModule } from './define-module.ts'

/** How a program takes its arguments. */
type Protocol = 'json file' | 'key=value file' | 'json inside'

/**
 * A module in any language as Ansible's documentation describes it: it gets the name of a file with its arguments (JSON where the
 * program is a binary or says WANT_JSON, else key=value), or finds them where it says <<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>, and
 * answers with JSON. What it does is unknown in a dry run. Nothing of it stays on the host.
 */
export async function programModule(file: string): Promise<Module> {
  const program = await readFile(file)
  const name = basename(file).replace(/\.\w+$/, '')
  const protocol = protocolOf(program)
  return defineModule({
    name, summary: `The project's own program ${file}.`, params: {}, open: true, opaque: true,
    probe: (_host, _params, { interpreter }) => ({ ran: false as boolean | Unknown, seen: aside(interpreterOf(program, interpreter)) }),
    plan: (_params, before) => ({ ...before, ran: unknown('what the program does') }),
    apply({ params, before }) {
      const args = argumentsFor(protocol, name, (params as { readonly args: Dict }).args)
      const content = protocol === 'json inside' ? Buffer.from(program.toString().replaceAll('<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>', () => args)) : program
      const stdin = protocol === 'json inside' ? content : Buffer.concat([Buffer.from(`${args}\n`), content])
      return [run(script(protocol, args, content.length, before.seen.value), [], { okay: 'any', opaque: true, stdin, sentence: `run the program ${basename(file)}` })]
    },
    diff: () => [],
    result: ({ after, replies: [reply] }) => (reply ? resultOf(reply.code, reply.stdout.toString(), reply.stderr.toString()) : { outputs: { msg: after.ran as Unknown } }),
  }) as Module
}

function protocolOf(program: Buffer): Protocol {
  if (program.includes('<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>')) return 'json inside'
  return program.includes(0) || program.includes('WANT_JSON') ? 'json file' : 'key=value file'
}

/** The words of the first line, as `ansible_python_interpreter` and the like of the host change it; undefined for a binary. */
function interpreterOf(program: Buffer, given: ((language: string) => string | undefined) | undefined): string | undefined {
  const [, line] = /^#!\s*([^\n]+)/.exec(program.subarray(0, 512).toString('latin1')) ?? []
  if (line === undefined) return undefined
  const words = line.trim().split(/\s+/)
  const language = basename(words[0] === '/usr/bin/env' ? (words[1] ?? '') : words[0]!).replace(/[\d.]+$/, '')
  return given?.(language) ?? line.trim()
}

/** What Ansible tells every module besides its arguments. */
const ABOUT = (name: string): Outputs => ({
  _ansible_check_mode: false, _ansible_no_log: false, _ansible_debug: false, _ansible_diff: false, _ansible_verbosity: 0, _ansible_version: LANGUAGE_VERSION, _ansible_module_name: name, _ansible_keep_remote_files: false,
})

function argumentsFor(protocol: Protocol, name: string, args: Dict): string {
  const all = new Map<Value, Value>([...args, ...(Object.entries(ABOUT(name)) as [string, Value][])])
  if (protocol !== 'key=value file') return dumpJson(all)
  const free = args.get('_raw_params')
  return [...(free === undefined ? [] : [String(free)]), ...[...all].filter(([key]) => key !== '_raw_params').map(([key, value]) => `${String(key)}=${quote(typeof value === 'string' ? value : pythonWord(value))}`)].join(' ')
}

const pythonWord = (value: Value): string => (value === true ? 'True' : value === false ? 'False' : value === null ? 'None' : dumpJson(value))

/** The arguments come first on standard input, so that they stand in no list of processes; then the program. */
function script(protocol: Protocol, args: string, size: number, interpreter: string | undefined): string {
  const lines = args.split('\n').length
  return [
    'umask 077', temporaryPlace('d', { directory: true, runnable: interpreter === undefined }),
    ...(protocol === 'json inside' ? [] : [`i=0; while [ "$i" -lt ${lines} ]; do IFS= read -r l; printf '%s\\n' "$l"; i=$((i+1)); done > "$d/args"`]),
    'cat > "$d/p" || exit',
    // Half a program is not run: what comes ends too when the controller does.
    `[ "$(stat -c %s -- "$d/p")" = ${size} ] || exit 1`, 'chmod 700 "$d/p"',
    `${interpreter === undefined ? '' : `${commandLine(interpreter.split(/\s+/))} `}"$d/p"${protocol === 'json inside' ? '' : ' "$d/args"'} < /dev/null`,
  ].join('\n')
}

/** The answer is the JSON object in the output, whatever is printed before and after it. */
function resultOf(rc: number, stdout: string, stderr: string): Result {
  const answer = parseAnswer(stdout)
  if (!answer) {
    const msg = 'MODULE FAILURE: the program did not answer with JSON\nSee stdout/stderr for the exact error'
    return { failed: msg, outputs: { msg, rc, module_stdout: stdout, module_stderr: stderr } }
  }
  const outputs = Object.fromEntries([...answer].filter(([key]) => key !== 'changed' && key !== 'failed' && key !== 'skipped').map(([key, value]) => [String(key), value]))
  const failed = answer.get('failed') === true || (!answer.has('failed') && rc !== 0)
  const msg = answer.get('msg')
  return {
    outputs, changed: answer.get('changed') === true, ...(answer.get('skipped') === true ? { skipped: true } : {}),
    ...(failed ? { failed: typeof msg === 'string' && msg !== '' ? msg : 'non-zero return code' } : {}),
  }
}

function parseAnswer(stdout: string): Dict | undefined {
  for (let from = stdout.search(/^\s*\{/m); from >= 0;) {
    for (let to = stdout.lastIndexOf('}'); to > from; to = stdout.lastIndexOf('}', to - 1)) {
      try {
        return fromJson(JSON.parse(stdout.slice(from, to + 1))) as Dict
      } catch { /* something is printed after it */ }
    }
    const next = stdout.slice(from + 1).search(/^\s*\{/m)
    from = next < 0 ? -1 : from + 1 + next
  }
  return undefined
}
