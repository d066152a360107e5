import type { HostResult } from '../engine/event.ts'
import type { Dict, Value } from '../value/value.ts'
import { showJson } from './show-json.ts'

/** What Ansible's output leaves out: its own notes, and what is shown elsewhere. */
const HIDDEN = new Set(['invocation', 'diff', 'exception', 'warnings', 'deprecations', 'results', 'skipped'])
const OF_DEBUG = new Set(['changed', 'skipped', 'failed', 'ansible_loop', 'ansible_loop_var', 'ansible_index_var'])

/** Actions that always print their result, whatever the verbosity. */
export const speaks = (action: string, outputs: Dict): boolean => {
  const name = shortName(action)
  return name === 'debug' || outputs.get('_ansible_verbose_always') === true
}
export const shortName = (action: string): string => action.replace(/^ansible\.(builtin|legacy)\./, '')

/** Tells what `debug` was asked to show from what every result has. */
export function ownOfDebug(outputs: Dict): (key: Value) => boolean {
  const message = outputs.has('msg')
  return (key) => (message ? key === 'msg' : typeof key === 'string' && !OF_DEBUG.has(key))
}

/** The result as JSON: on one line, or one entry a line for `debug` and from `-vvv` on. */
export const showOutputs = (result: HostResult, action: string, verbosity: number): string =>
  showJson(shownOutputs(result, action, verbosity), verbosity > 2 || speaks(action, result.outputs) ? 4 : 0)

/** What of a result is shown: without Ansible's own notes, `debug` without what every result has. */
export function shownOutputs(result: HostResult, action: string, verbosity: number): Dict {
  const quiet = shortName(action) === 'debug'
  const own = quiet ? ownOfDebug(result.outputs) : () => true
  const kept = [...result.outputs].filter(([key]) => typeof key === 'string' && !key.startsWith('_ansible_') && key !== 'failed' && !(verbosity < 3 && HIDDEN.has(key)) && own(key))
  const changed: readonly [Value, Value][] = quiet || result.outputs.has('changed') ? [] : [['changed', result.status === 'changed']]
  const unreachable: readonly [Value, Value][] = result.status === 'unreachable' ? [['unreachable', true]] : []
  return new Map<Value, Value>([...kept, ...changed, ...unreachable])
}

/** Ansible's words around an error are for playbooks that look for them. */
const heart = (msg: string): string => /^The task includes an option with an undefined variable\. The error was: ([^]*?)(?:\n\nThe error appears to be in [^]*)?$/.exec(msg)?.[1] ?? msg

/** What went wrong with its place and what helps, where the message that is registered says less. */
export function errorBeside({ status, outputs, reason }: HostResult): string | undefined {
  const msg = outputs.get('msg')
  return status === 'failed' && typeof msg === 'string' && msg !== '' && reason !== msg && reason?.includes(heart(msg)) ? reason : undefined
}
