import { randomBytes } from 'node:crypto'
import { posix } from 'node:path'
import { printBytes } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'
import type { Content } from '../value/content.ts'
import { type FileStep, INLINE, fileScript, writeScript } from './file-script.ts'
import { type PlainWrite, isPlainWrite, stagedScript } from './stage-files.ts'
import type { Step } from './step.ts'

/** Steps that are told to the host as one script, so that a tree costs a few round trips and not one a file. Bytes of content in all. */
const BATCH = 512 * 1024
/** Files that are staged together: an argument list has an end. */
const MOST = 500

/** The file steps from here on that need neither an answer nor a channel of their own. */
export function batchFrom(steps: readonly Step[], from: number): readonly FileStep[] {
  const batch: FileStep[] = []
  let size = 0
  for (const step of steps.slice(from, from + 4 * MOST)) {
    if (step.step === 'act' || step.step === 'run') break
    if (step.step === 'write' && (step.backup !== undefined || (step.content.kind !== 'host' && (step.content.kind !== 'bytes' || step.content.bytes.length > INLINE)))) break
    size += (step.step === 'write' && step.content.kind === 'bytes' ? step.content.bytes.length : 0) + (isPlainWrite(step) ? 200 : 2048)
    if (size > BATCH) break
    batch.push(step)
  }
  return batch
}

/**
 * One script that takes the steps in their order. Each part is a subshell of its own, and no part of a condition: there `set -e` would
 * mean nothing, and a step would go on after a write that failed. The last line of what a failing part says is the number of its step.
 */
export function batchScript(batch: readonly FileStep[]): string {
  const parts: string[] = []
  for (let at = 0; at < batch.length; ) {
    const some = stageFrom(batch, at)
    if (some.length > 1) parts.push(`(\n${stagedScript(some, at, `.tutti.${randomBytes(8).toString('hex')}`)}\n); [ $? = 0 ] || exit 1`)
    else parts.push(`(\n${oneScript(batch[at]!)}\n); [ $? = 0 ] || { printf '\\n%s' ${at} >&2; exit 1; }`)
    at += Math.max(1, some.length)
  }
  return parts.join('\n')
}

/** What could not be taken, from what the host said. */
export function batchFailure(batch: readonly FileStep[], stderr: string): { readonly failed: FileStep; readonly said: string } {
  return { failed: batch[Number(/\n(\d+)$/.exec(stderr)?.[1] ?? 0)] ?? batch[0]!, said: stderr.replace(/\n\d+$/, '').trim() }
}

const oneScript = (step: FileStep): string => (step.step === 'write' ? writeScript(step, sourceOf(step.content)) : fileScript(step))

const sourceOf = (content: Content): string => (content.kind === 'host' ? `cat -- ${quote(content.path)}` : content.kind === 'bytes' ? printBytes(content.bytes) : 'false')

/** The plain writes into one directory from here on. */
function stageFrom(batch: readonly FileStep[], from: number): readonly PlainWrite[] {
  const some: PlainWrite[] = []
  const names = new Set<string>()
  for (const step of batch.slice(from, from + MOST)) {
    if (!isPlainWrite(step) || posix.dirname(step.path) !== posix.dirname(batch[from]!.path) || names.has(step.path)) break
    names.add(step.path)
    some.push(step)
  }
  return some
}
