import { Problem } from '../problem/problem.ts'
import { printBytes } from '../shell/bytes.ts'
import { commandLine, quote } from '../shell/quote.ts'
import type { Become, Connection, ShellReply } from '../transport/connection.ts'
import { type Content, streamOf } from '../value/content.ts'
import type { FileAttributes, RunStep, Step, StepReply } from './step.ts'

/** How the engine takes steps on a real host, as one user. */
export interface Taking {
  readonly connection: Connection
  readonly become: Become | undefined
  /** The task's `environment`. */
  readonly environment: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Seconds that one step may take. */
  readonly timeout?: number
  readonly progress: (text: string) => void
}

/** Content up to this size travels inside the request; larger content gets a channel of its own. */
const INLINE = 64 * 1024

/**
 * Takes one step on the host. A step that cannot be taken is a `Problem` with the host's own words; a `run` whose exit code
 * is not okay answers with that code, for the module to judge.
 */
export async function takeStep(step: Step, taking: Taking): Promise<StepReply> {
  const started = new Date()
  const reply = step.step === 'act' ? await perform(step, taking) : await ask(step, taking)
  return { ...reply, started, ended: new Date() }
}

/** Steps that are told to the host as one script, so that a tree costs one round trip and not one a file. Bytes of content in all. */
const BATCH = 512 * 1024

/** Takes steps in their order; `judge` looks at each reply before the next step is taken. */
export async function takeSteps(steps: readonly Step[], taking: Taking, judge: (step: Step, reply: StepReply) => void): Promise<readonly StepReply[]> {
  const replies: StepReply[] = []
  for (let at = 0; at < steps.length; ) {
    const batch = batchFrom(steps, at)
    const taken = batch.length > 1 ? await takeBatch(batch, taking) : [await takeStep(steps[at]!, taking)]
    taken.forEach((reply, i) => judge(steps[at + i]!, reply))
    replies.push(...taken)
    at += taken.length
  }
  return replies
}

/** The file steps from here on that need neither an answer nor a channel of their own. */
function batchFrom(steps: readonly Step[], from: number): readonly FileStep[] {
  const batch: FileStep[] = []
  let size = 0
  for (const step of steps.slice(from)) {
    if (step.step === 'act' || step.step === 'run') break
    if (step.step === 'write' && (step.backup !== undefined || (step.content.kind !== 'host' && (step.content.kind !== 'bytes' || step.content.bytes.length > INLINE)))) break
    size += 2048 + (step.step === 'write' && step.content.kind === 'bytes' ? step.content.bytes.length : 0)
    if (size > BATCH) break
    batch.push(step)
  }
  return batch
}

async function takeBatch(batch: readonly FileStep[], { connection, become }: Taking): Promise<readonly StepReply[]> {
  const started = new Date()
  // The number of the step that could not be taken is the last line of what the host says.
  const script = batch.map((step, i) => `(\n${step.step === 'write' ? writeScript(step, sourceOf(step.content)) : scriptOf(step)}\n) || { printf '\\n%s' ${i} >&2; exit 1; }`).join('\n')
  const { code, stderr } = await connection.shell(become).run(script)
  if (code !== 0) {
    const said = stderr.toString()
    const failed = batch[Number(/\n(\d+)$/.exec(said)?.[1] ?? 0)] ?? batch[0]!
    throw new Problem({ code: 'step-failed', summary: sentenceOf(failed), detail: said.replace(/\n\d+$/, '').trim() || `exit code ${code}` })
  }
  const ended = new Date()
  return batch.map(() => ({ code: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), started, ended }))
}

const sourceOf = (content: Content): string => (content.kind === 'host' ? `cat -- ${quote(content.path)}` : content.kind === 'bytes' ? printBytes(content.bytes) : 'false')

async function perform(step: Step & { step: 'act' }, { connection, become, signal, progress }: Taking): Promise<ShellReply & { value: unknown }> {
  const shell = connection.shell(become)
  const value = await step.act({ run: (script, options) => shell.run(script, options), output: (script) => connection.pipeOut(script, become), both: (script, content) => connection.pipeBoth(script, content, become), connection, progress, signal })
  return { code: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), value }
}

async function ask(step: Exclude<Step, { step: 'act' }>, taking: Taking): Promise<ShellReply> {
  if (step.step === 'run') return runOnHost(step, taking)
  const reply = step.step === 'write' ? await writeOnHost(step, taking) : await taking.connection.shell(taking.become).run(scriptOf(step))
  if (reply.code !== 0) throw new Problem({ code: 'step-failed', summary: sentenceOf(step), detail: reply.stderr.toString().trim() || `exit code ${reply.code}` })
  return reply
}

function runOnHost({ command, options }: RunStep, { connection, become, environment, timeout: limit }: Taking): Promise<ShellReply> {
  const timeout = Math.min(options.timeout ?? Number.POSITIVE_INFINITY, limit ?? Number.POSITIVE_INFINITY)
  return connection.shell(become).run(runScript(command, options, environment), {
    ...(options.stdin ? { stdin: options.stdin } : {}), ...(Number.isFinite(timeout) ? { timeout } : {}),
  })
}

/** A `run` step as a script: directory, environment, then the program in place of the subshell. */
export function runScript(command: RunStep['command'], { directory, environment, executable }: RunStep['options'], outer: Readonly<Record<string, string>>): string {
  const exports = Object.entries({ ...outer, ...environment }).map(([name, value]) => `export ${name}=${quote(value)}; `)
  // As Ansible: $PWD is where the directory really is, not the link that led there.
  const enter = directory ? `cd -P -- ${quote(directory)} || exit; ` : ''
  const program = typeof command === 'string' ? `exec ${quote(executable ?? '/bin/sh')} -c ${quote(command)}` : `exec ${commandLine(command)}`
  return `${enter}${exports.join('')}${program}`
}

type FileStep = Exclude<Step, { step: 'act' | 'run' }>

function writeOnHost(step: FileStep & { step: 'write' }, { connection, become }: Taking): Promise<ShellReply> {
  const { content } = step
  if (content.kind === 'unknown') throw new Problem({ code: 'unknown-content', summary: 'a file cannot be written before its content is known', detail: content.unknown.reason })
  if (content.kind === 'host') return connection.shell(become).run(writeScript(step, `cat -- ${quote(content.path)}`))
  if (content.kind === 'bytes' && content.bytes.length <= INLINE) return connection.shell(become).run(writeScript(step, 'cat'), { stdin: content.bytes })
  return connection.pipeIn(writeScript(step, 'cat'), streamOf(content), become)
}

/**
 * Writes beside the target and renames, so that nobody ever sees half a file. Links are followed to the file behind them; a
 * file keeps its owner, mode and, where the host can copy them, ACL and extended attributes. Where a rename is not possible
 * (a bind-mounted file) the content is copied into place.
 */
function writeScript({ path, attributes, backup, validate, unsafe, replaceLink }: FileStep & { step: 'write' }, source: string): string {
  const target = quote(path)
  return [
    'set -e; export LC_ALL=C',
    replaceLink ? `p=${target}` : `p=${target}; n=0; while [ -h "$p" ] && [ $n -lt 40 ]; do l=$(readlink -- "$p"; echo x); l=\${l%?x}; case $l in /*) p=$l ;; *) p=\${p%/*}/$l ;; esac; n=$((n+1)); done`,
    'd=${p%/*}; t=$(mktemp "${d:-/}/.tutti.XXXXXXXX")',
    `trap 'rm -f -- "$t"' EXIT; trap 'exit 143' HUP INT TERM`,
    `${source} > "$t"`,
    'old=; [ -h "$p" ] || [ ! -e "$p" ] || old=1',
    // cp copies the attributes of the old file onto the new one without touching its content.
    'if [ $old ]; then cp --attributes-only --preserve=mode,ownership,xattr -- "$p" "$t" 2>/dev/null || { chown "$(stat -c %u:%g -- "$p")" "$t" 2>/dev/null || :; chmod "$(stat -c %a -- "$p")" "$t"; }; else u=$(umask); chmod "$(printf %o $((0666 & ~0$u)))" "$t"; fi',
    attributeScript('"$t"', attributes, false),
    ...(validate ? [`{ ${validate.replaceAll('%s', '"$t"')}; } >&2`] : []),
    // The name that Ansible gives: process, date and time, tilde.
    ...(backup ? [`if [ $old ]; then b=${backup === true ? '"$p.$$.$(date +%Y-%m-%d@%H:%M:%S)~"' : quote(backup)}; cp -p -- "$p" "$b"; printf '%s\\n' "$b"; fi`] : []),
    // sync of one file: missing on busybox, where only the rename protects.
    'sync -- "$t" 2>/dev/null || :',
    unsafe ? 'mv -f -- "$t" "$p" 2>/dev/null || cat "$t" > "$p"' : 'if ! mv -f -T -- "$t" "$p" 2>/dev/null; then [ -d "$p" ] && { echo "$p is a directory" >&2; exit 1; }; mv -f -- "$t" "$p" 2>/dev/null || cat "$t" > "$p"; fi',
  ].filter(Boolean).join('\n')
}

/** Sets what parameters ask for, for scripts that make their file themselves; a symbolic mode is chmod's matter. */
export function setAttributesScript(path: string, { owner, group, mode }: { readonly owner: string | undefined; readonly group: string | undefined; readonly mode: string | undefined }): string {
  const named = attributeScript(path, { ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) }, true)
  return [named, mode === undefined ? '' : `chmod ${quote(mode)} ${path}`].filter(Boolean).map((line) => `${line} || exit`).join('\n')
}

/** Owner before mode: changing the owner clears the set-uid bits. */
function attributeScript(path: string, { owner, group, mode }: FileAttributes, follow: boolean): string {
  const h = follow ? '' : '-h '
  return [
    ...(owner !== undefined && group !== undefined ? [`chown ${h}${quote(`${owner}:${group}`)} ${path}`] : owner !== undefined ? [`chown ${h}${quote(owner)} ${path}`] : group !== undefined ? [`chgrp ${h}${quote(group)} ${path}`] : []),
    ...(mode === undefined ? [] : [`chmod ${mode.toString(8).padStart(4, '0')} ${path}`]),
  ].join('\n')
}

function scriptOf(step: Exclude<FileStep, { step: 'write' }>): string {
  const path = quote(step.path.startsWith('-') ? `./${step.path}` : step.path)
  switch (step.step) {
    case 'mkdir': return `set -e; export LC_ALL=C; mkdir -- ${path}\n${attributeScript(path, step.attributes, true)}`
    case 'remove': return `export LC_ALL=C; exec rm -rf -- ${path}`
    case 'attributes': return `set -e; export LC_ALL=C\n${attributeScript(path, step.attributes, step.follow)}`
    // Both times set to now at once: that needs no more than the right to write.
    case 'touch': return step.only === undefined && !step.accessed && !step.modified ? `export LC_ALL=C; exec touch -- ${path}` : ['set -e; export LC_ALL=C', ...(step.only === 'modified' ? [] : [touchScript('-a', step.accessed, path)]), ...(step.only === 'accessed' ? [] : [touchScript('-m', step.modified, path)])].join('\n')
    // A new link is made beside the old one and renamed over it, so that the name is never missing.
    case 'link': return `set -e; export LC_ALL=C; p=${path}; t=$p.tutti.$$; ln ${step.hard ? '' : '-s '}-- ${quote(step.target)} "$t"; mv -f -T -- "$t" "$p" 2>/dev/null || { rm -f -- "$p"; mv -f -- "$t" "$p"; }`
  }
}

const touchScript = (which: string, time: Date | undefined, path: string): string => `touch ${which} ${time ? `-d @${time.getTime() / 1000} ` : ''}-- ${path}`

/** What a step does, as a sentence for plans and errors. Contents and standard input are never part of it. */
export function sentenceOf(step: Step): string {
  switch (step.step) {
    case 'run': return step.options.sentence ?? `run ${typeof step.command === 'string' ? step.command : commandLine(step.command)}`
    case 'act': return step.sentence
    case 'write': return `write ${step.path}`
    case 'mkdir': return `make the directory ${step.path}`
    case 'link': return `link ${step.path} to ${step.target}`
    case 'remove': return `remove ${step.path}`
    case 'attributes': return `set owner, group or mode of ${step.path}`
    case 'touch': return `touch ${step.path}`
  }
}
