import { PassThrough } from 'node:stream'
import { cmdOf, outcomeOf, settledBy } from '../contract/command-task.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { pythonPattern } from '../contract/python-pattern.ts'
import type { Acting } from '../host/act.ts'
import { followedResource } from '../host/file.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { act } from '../host/step.ts'
import { flag, path, raw, text } from '../schema/field.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { splitWords } from '../shell/split-words.ts'
import { aside } from '../value/aside.ts'
import { Unknown, type Value, isDict, unknown } from '../value/value.ts'

/** A prompt and what is typed: the same each time, or one after the other. */
interface Prompt {
  readonly source: string
  readonly pattern: RegExp
  readonly answers: string | readonly string[]
}

/** How the talk ended. `failure`: a prompt had no answer left. */
interface Talk {
  readonly output: Buffer
  /** Undefined where the program was ended because its time was over. */
  readonly code: number | undefined
  readonly failure?: string
  readonly started: Date
  readonly ended: Date
}

export const expect = defineModule({
  name: 'expect',
  summary: 'Run a program that asks, and answer its questions.',
  notes: ['Needs script (of util-linux or busybox) and stty on the host, which give the program a terminal of its own.', 'In a dry run nothing is run: what the program does is unknown unless creates or removes settle it.'],
  examples: `
- name: Say who we are, once
  expect:
    command: sh -c 'printf "Name? "; read name; echo "Hello $name" > /etc/greeting'
    responses: { 'Name\\?': Anna }
    creates: /etc/greeting
- name: A password for the key, that no list of processes shows
  expect:
    command: passwd ann
    responses: { '(?i)password:': "{{ ann_password }}" }
    timeout: 20
  no_log: true
  changed_when: false
`,
  params: {
    command: text('The program and its arguments, without a shell.', { required: true }),
    responses: raw('Answers by prompt: Python regular expressions, each with a text or with a list of texts for one match after the other.', { required: true }),
    chdir: path('The directory to run in.'),
    creates: path('A path or pattern: where it exists, nothing is run.'),
    removes: path('A path or pattern: where it does not exist, nothing is run.'),
    timeout: raw('Seconds to wait for the next prompt or the end; null waits for ever.'),
    echo: flag('Show what is typed.', { default: false }),
  },
  opaque: true,
  eager: false,
  whenChecked: 'remote module (expect) does not support check mode',
  async probe(host, { command, chdir, creates, removes, responses, timeout }, { environment }) {
    const words = splitWords(command)
    if (words.length === 0) fail('no command given', { rc: 256 })
    const directory = chdir === undefined ? undefined : await resolvePath(host, chdir, environment)
    const [settled, place] = await Promise.all([settledBy(host, { creates, removes }, directory, environment), directory === undefined ? undefined : host.get(followedResource, directory)])
    if (settled === undefined && place !== undefined && known(place).kind !== 'directory') fail(`Unable to change directory before execution: [Errno 2] No such file or directory: '${directory}'`, { cmd: command })
    return { ran: false as boolean | Unknown, seen: aside({ settled, words, directory, prompts: promptsOf(responses), seconds: secondsOf(timeout), environment }) }
  },
  plan: (_params, before) => (before.seen.value.settled === undefined ? { ...before, ran: unknown('what the program does') } : before),
  apply({ params: { echo }, before }) {
    const { words, directory, prompts, seconds, environment } = before.seen.value
    const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}\n`).join('')
    const enter = directory === undefined ? '' : `cd -P -- ${quote(directory)} || exit\n`
    return [act(`run ${commandLine(words)} and answer it`, (host) => withFolder(host, (folder) => talk(host, `${exports}${enter}${terminalScript(words, echo, folder)}`, prompts, seconds)))]
  },
  diff: () => [],
  result({ params: { command }, before, after, replies: [reply] }) {
    const { settled } = before.seen.value
    if (settled !== undefined) return { outputs: { cmd: command, stdout: settled, rc: 0, stdout_lines: [settled] } }
    if (!reply) return { outputs: { cmd: command, ...Object.fromEntries(['rc', 'stdout', 'stdout_lines', 'start', 'end', 'delta'].map((name) => [name, after.ran as Value])) } }
    const { output, code, failure, started, ended } = reply.value as Talk
    if (failure !== undefined) return { outputs: { msg: failure }, failed: failure }
    const { outputs } = outcomeOf({ code: code ?? 1, stdout: output, stderr: Buffer.alloc(0), started, ended }, cmdOf({ program: command } as Parameters<typeof cmdOf>[0]), true)
    const { stderr: _none, msg: _usual, ...shown } = outputs
    if (code === 0) return { outputs: shown, changed: true }
    const msg = code === undefined ? 'command exceeded timeout' : 'non-zero return code'
    return { outputs: { ...shown, rc: code ?? null, msg, changed: true }, failed: msg }
  },
})

function promptsOf(responses: Value): readonly Prompt[] {
  if (!isDict(responses)) return fail('responses must be a dict')
  return [...responses].map(([prompt, answers]) => ({ source: String(prompt), pattern: pythonPattern(String(prompt), 's'), answers: Array.isArray(answers) ? answers.map(lineOf) : lineOf(answers) }))
}

const lineOf = (answer: Value): string => `${String(answer).replace(/\n+$/, '')}\n`

/** Undefined waits for ever. A task that says nothing waits half a minute. */
function secondsOf(timeout: Value | undefined): number | undefined {
  if (timeout === undefined) return 30
  if (timeout === null || timeout === 'null' || timeout === 'None' || timeout === '') return undefined
  const seconds = Number(timeout)
  return Number.isInteger(seconds) ? seconds : fail(`timeout must be a whole number of seconds or null, not '${String(timeout)}'`)
}

/** In a terminal of its own. Its exit code and its process group are told by files, for not every `script` tells them. */
function terminalScript(words: readonly string[], echo: boolean, folder: string): string {
  const inside = `echo $$ > ${folder}/group; stty ${echo ? 'echo' : '-echo'} 2>/dev/null; ${commandLine(words)}; echo $? > ${folder}/code`
  return [
    "command -v script > /dev/null 2>&1 || { echo 'script (of util-linux or busybox) is not on the host' >&2; exit 127; }",
    `SHELL=/bin/sh script -q -f -c ${quote(inside)} /dev/null`, `exit "$(cat ${folder}/code 2>/dev/null || echo 1)"`,
  ].join('\n')
}

/** Whatever is still at work when the talk is over is ended with it. */
async function withFolder(host: Acting, work: (folder: string) => Promise<Talk>): Promise<Talk> {
  const made = await host.run('mktemp -d')
  if (made.code !== 0) fail(made.stderr.toString().trim())
  const folder = quote(made.stdout.toString().trim())
  try {
    return await work(folder)
  } finally {
    await host.run(`[ -e ${folder}/code ] || kill -KILL -- "-$(cat ${folder}/group)" 2>/dev/null; rm -rf -- ${folder}`)
  }
}

/** Talks with the program over a channel of its own: matches what it prints against the prompts, and types the answers. */
async function talk(host: Acting, script: string, prompts: readonly Prompt[], seconds: number | undefined): Promise<Talk> {
  const started = new Date()
  const typed = new PassThrough()
  const { stdout, done } = host.both(script, typed)
  const chunks: Buffer[] = []
  const used = new Map<Prompt, number>()
  let waiting = ''
  let before = ''
  let failure: string | undefined
  let late = false
  let clock: NodeJS.Timeout | undefined
  const stop = () => { typed.end(); stdout.destroy() }
  const rewind = () => {
    clearTimeout(clock)
    if (seconds !== undefined) clock = setTimeout(() => { late = true; stop() }, seconds * 1000)
  }
  const answer = () => {
    for (let next = firstMatch(waiting, prompts); next && failure === undefined; next = firstMatch(waiting, prompts)) {
      const { prompt, match } = next
      before = waiting.slice(0, match.index) + match[0]
      waiting = waiting.slice(match.index + match[0].length)
      const at = used.get(prompt) ?? 0
      used.set(prompt, at + 1)
      const line = typeof prompt.answers === 'string' ? prompt.answers : prompt.answers[at]
      rewind()
      if (line === undefined) { failure = `No remaining responses for '${prompt.source}', output was '${before}'`; stop() }
      else typed.write(line)
    }
  }
  rewind()
  host.signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of stdout) {
      chunks.push(chunk as Buffer)
      waiting += (chunk as Buffer).toString('latin1')
      answer()
    }
  } catch (thrown) {
    if (!late && failure === undefined) throw thrown
  } finally {
    clearTimeout(clock)
    typed.end()
    host.signal.removeEventListener('abort', stop)
  }
  const stopped = late || failure !== undefined
  if (stopped) done.catch(() => undefined)
  const { code, stderr } = stopped ? { code: undefined, stderr: Buffer.alloc(0) } : await done
  if (code === 127 && chunks.length === 0) fail(stderr.toString().trim())
  return { output: Buffer.concat(chunks), code, ...(failure === undefined ? {} : { failure }), started, ended: new Date() }
}

/** The match that begins first; of several there, that of the prompt that stands first. */
function firstMatch(text: string, prompts: readonly Prompt[]): { readonly prompt: Prompt; readonly match: RegExpExecArray } | undefined {
  let first: { readonly prompt: Prompt; readonly match: RegExpExecArray } | undefined
  for (const prompt of prompts) {
    prompt.pattern.lastIndex = 0
    const match = prompt.pattern.exec(text)
    if (match && match[0] !== '' && (!first || match.index < first.match.index)) first = { prompt, match }
  }
  return first
}
