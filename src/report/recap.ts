import type { RunEvent, Tally } from '../engine/event.ts'
import type { Colour, Paint } from './paint.ts'
import { showJson } from './show-json.ts'

type RecapEvent = Extract<RunEvent, { type: 'recap' }>

const COLUMNS: readonly (readonly [keyof Tally, Colour])[] = [
  ['ok', 'ok'], ['changed', 'changed'], ['unreachable', 'unreachable'], ['failed', 'failed'], ['skipped', 'skipped'], ['rescued', 'ok'], ['ignored', 'warning'],
]
const UNKNOWN: readonly [keyof Tally, Colour] = ['unknown', 'unknown']

/** The lines below `PLAY RECAP`, hosts in order of their names; a dry run has `unknown=` as one more column, last, so that scripts find the others where they were. */
export function recapLines({ hosts }: RecapEvent, paint: Paint, check: boolean): readonly string[] {
  const shown = check ? [...COLUMNS, UNKNOWN] : COLUMNS
  return [...hosts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([host, tally]) => {
    const cells = shown.map(([name, colour]) => {
      const cell = `${name}=${String(tally[name]).padEnd(4)}`
      return tally[name] > 0 ? paint(cell, colour) : cell
    })
    const name = paint(host, hostColour(tally))
    return `${name}${' '.repeat(Math.max(0, 26 - host.length))} : ${cells.join(' ')}`
  })
}

export function hostColour(tally: Tally): Colour {
  if (tally.failed > 0 || tally.unreachable > 0) return 'failed'
  return tally.changed > 0 ? 'changed' : tally.unknown > 0 ? 'unknown' : 'ok'
}

/** What `set_stats` gathered, for the run and for hosts. */
export function customStatsLines({ customStats }: RecapEvent): readonly string[] {
  return customStats.size === 0 ? [] : [`\tRUN: ${showJson(customStats)}`]
}
