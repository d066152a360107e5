/** How wide a text is on a terminal: wide East Asian characters and emoji take two cells, combining marks and escapes none. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text.replace(/\x1b\[[0-9;]*m/g, '')) width += /\p{Mn}|\p{Me}|\p{Cf}|\p{Cc}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  return width
}
const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

/** Rows as a table: columns as wide as their widest cell, two spaces between, no spaces at the ends of lines. Numbers stand right. */
export function columns(rows: readonly (readonly (string | number)[])[], gap = '  '): string {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, at) => { widths[at] = Math.max(widths[at] ?? 0, widthOf(String(cell))) })
  return rows.map((row) => row.map((cell, at) => pad(cell, widths[at]!)).join(gap).trimEnd()).join('\n')
}

function pad(cell: string | number, width: number): string {
  const space = ' '.repeat(width - widthOf(String(cell)))
  return typeof cell === 'number' ? space + String(cell) : cell + space
}

/** A paragraph broken at spaces so that no line is wider than `width`; words that are wider stand alone. */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line && widthOf(indent + line) + 1 + widthOf(word) > width) {
      lines.push(indent + line)
      line = word
    } else line = line ? `${line} ${word}` : word
  }
  return line ? [...lines, indent + line].join('\n') : lines.join('\n')
}
