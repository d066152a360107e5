import { Problem } from '../problem/problem.ts'
import type { Play } from '../playbook/tree.ts'
import { render } from '../template/template.ts'
import { isOmitted } from './context.ts'
import type { Scope } from '../template/scope.ts'
import type { Value } from '../value/value.ts'

/** `serial`: numbers, percentages or a list of them, the last one repeated until all hosts had their turn. */
export function batchesOf(play: Play, hosts: readonly string[], scope: Scope): readonly (readonly string[])[] {
  const sizes = play.serial.filter((value) => !isOmitted(value, scope)).flatMap((value) => {
    const rendered = render(value, scope)
    return Array.isArray(rendered) ? (rendered as readonly Value[]) : [rendered]
  }).map((value) => sizeOf(value, hosts.length, play))
  const batches: string[][] = []
  for (let at = 0, turn = 0; at < hosts.length; turn++) {
    const size = sizes[Math.min(turn, sizes.length - 1)] || hosts.length
    batches.push(hosts.slice(at, at + size))
    at += size
  }
  return batches
}

function sizeOf(value: Value, all: number, play: Play): number {
  const text = String(value).trim()
  if (/^\d+$/.test(text)) return Number(text)
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)
  if (percent) return Math.max(1, Math.floor((Number(percent[1]) / 100) * all))
  throw new Problem({ code: 'wrong-type', summary: 'serial takes numbers and percentages', detail: text, span: play.span })
}
