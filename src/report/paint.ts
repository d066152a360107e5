/** The colours of Ansible's own output. */
const CODES = {
  ok: '0;32', changed: '0;33', unknown: '0;35', skipped: '0;36', failed: '0;31', unreachable: '1;31', added: '0;32', removed: '0;31', hunk: '0;36',
  warning: '1;35', deprecation: '0;35', bold: '1', dim: '2', verbose: '0;34',
} as const
export type Colour = keyof typeof CODES
export type Paint = (text: string, colour: Colour) => string

/** Colours text line by line, so that a pager or a log that cuts lines keeps them; or leaves it alone. */
export const painter = (on: boolean): Paint => (on ? (text, colour) => text.split('\n').map((line) => (line ? `\x1b[${CODES[colour]}m${line}\x1b[0m` : line)).join('\n') : (text) => text)

/** A unified difference with its lines in colour. */
export function paintDiff(diff: string, paint: Paint): string {
  return diff.split('\n').map((line) => {
    const colour = line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : line.startsWith('@@') ? 'hunk' : undefined
    return colour ? paint(line, colour) : line
  }).join('\n')
}

/** Whether output to this stream is coloured: on a terminal, or where it is forced; never against NO_COLOR. */
export function wantsColour(terminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  const on = (name: string): boolean => /^(1|true|yes|on)$/i.test(env[name] ?? '')
  if (on('ANSIBLE_FORCE_COLOR') || on('FORCE_COLOR')) return true
  return terminal && !env['NO_COLOR'] && !on('ANSIBLE_NOCOLOR') && env['TERM'] !== 'dumb'
}
