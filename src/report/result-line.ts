import type { HostResult } from '../engine/event.ts'
import { type Value } from '../value/value.ts'
import type { Colour } from './paint.ts'
import type { ReportOptions } from './reporter.ts'
import { showJson } from './show-json.ts'
import { shortName, shownOutputs, speaks } from './show-outputs.ts'
import { showYaml } from './show-yaml.ts'

export const COLOURS: Readonly<Record<HostResult['status'], Colour>> = { ok: 'ok', changed: 'changed', unknown: 'unknown', skipped: 'skipped', failed: 'failed', unreachable: 'unreachable' }

/** Includes speak by their own line; skipped and unchanged hosts are left out where the settings say so. */
export function hides({ status }: HostResult, action: string, summed: boolean, { showSkipped, showOk }: ReportOptions): boolean {
  if (status === 'ok' && /^include_(tasks|role)$|^include$/.test(shortName(action))) return true
  if (status === 'ok' && showOk === false && !summed) return true
  return status === 'skipped' && showSkipped === false
}

/** One result as Ansible's line, with what it says where it speaks. */
export function resultLine(host: string, result: HostResult, action: string, isItem: boolean, options: ReportOptions): string {
  const { verbosity, check } = options
  const who = `[${host}${result.delegatedTo === undefined ? '' : ` -> ${result.delegatedTo}`}]`
  const item = isItem ? `(item=${result.item ?? ''})` : ''
  const json = (): string => showResult(result, action, options)
  switch (result.status) {
    case 'failed': return isItem ? `failed: ${who} ${item} => ${json()}` : `fatal: ${who}: FAILED! => ${json()}`
    case 'unreachable': return `fatal: ${who}: UNREACHABLE! => ${json()}`
    case 'skipped': return `skipping: ${who}${isItem ? ` => ${item} ` : ''}${verbosity > 0 ? ` => ${json()}` : ''}`
    case 'unknown': return `unknown: ${who}${isItem ? ` => ${item}` : ''} => ${result.reason ?? 'it cannot be known before the run'}`
    default: {
      const assuming = check && result.assuming && verbosity > 0 ? ` (assuming ${result.assuming})` : ''
      return `${result.status}: ${who}${isItem ? ` => ${item}` : ''}${verbosity > 0 || speaks(action, result.outputs) ? ` => ${json()}` : ''}${assuming}`
    }
  }
}

/** The result in the format that the settings ask for. YAML stands below the line, a step in. */
function showResult(result: HostResult, action: string, { verbosity, resultFormat, pretty }: ReportOptions): string {
  const outputs = shownOutputs(result, action, verbosity)
  const spoken = speaks(action, result.outputs) && !result.outputs.has('results')
  if (resultFormat !== 'yaml') return showJson(outputs, pretty || verbosity > 2 || spoken ? 4 : 0)
  const readable = pretty ?? true
  return `\n${showYaml(readable ? withoutRepeats(outputs) : outputs, readable, 4)}`
}

/** For people, the lines of a text say nothing that the text does not. */
const withoutRepeats = (outputs: ReadonlyMap<Value, Value>): ReadonlyMap<Value, Value> =>
  new Map([...outputs].map(([key, value]) => [key, (key === 'stdout_lines' && outputs.has('stdout')) || (key === 'stderr_lines' && outputs.has('stderr')) ? '<omitted>' : value]))
