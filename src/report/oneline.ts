import type { HostResult } from '../engine/event.ts'
import { eachResult, isProgram, textOf, wordOf } from './minimal.ts'
import { painter } from './paint.ts'
import type { Reporter, ReportOptions } from './reporter.ts'
import { COLOURS } from './result-line.ts'
import { showJson } from './show-json.ts'
import { shownOutputs } from './show-outputs.ts'

/** Ansible's `oneline`: a line for each host. What `ansible -o` prints. */
export function oneline(options: ReportOptions): Reporter {
  const paint = painter(options.color)
  return eachResult(options, (host, result, action) => options.out(options.secrets.redact(`${paint(line(host, result, action, options.verbosity), COLOURS[result.status])}\n`)))
}

function line(host: string, result: HostResult, action: string, verbosity: number): string {
  const { status, outputs } = result
  const head = `${host} | ${wordOf(status)}`
  if (status === 'skipped') return head
  if (status === 'unknown') return `${head}: ${flat(result.reason ?? '')}`
  if (status === 'unreachable') return `${head}: ${flat(textOf(outputs.get('msg')))}`
  if (!isProgram(action, result)) return `${head}${status === 'failed' ? '!' : ''} => ${showJson(shownOutputs(result, action, verbosity))}`
  const stderr = textOf(outputs.get('stderr'))
  return `${head} | rc=${textOf(outputs.get('rc')) || '-1'} | (stdout) ${flat(textOf(outputs.get('stdout')))}${stderr ? ` (stderr) ${flat(stderr)}` : ''}`
}

const flat = (text: string): string => text.replace(/\r?\n/g, '\\n').replaceAll('\r', '')
