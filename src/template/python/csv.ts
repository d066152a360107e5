export interface CsvRules {
  readonly delimiter: string
  /** Space after a delimiter is not part of the field. */
  readonly skipInitialSpace?: boolean
}

/** Rows of CSV text as Python's `csv` reads them: quotes hold delimiters and line breaks, are doubled inside, and text behind them belongs to the field. Empty lines have no fields. */
export function parseCsv(text: string, { delimiter, skipInitialSpace = false }: CsvRules): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let field = ''
  let started = false
  const endField = (): void => {
    row.push(field)
    field = ''
    started = false
  }
  const endRow = (): void => {
    if (row.length > 0 || started) endField()
    rows.push(row)
    row = []
  }
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!
    if (char === '"' && !started) {
      const { content, end } = quoted(text, at + 1)
      field += content
      started = true
      at = end
    } else if (char === delimiter) {
      endField()
      if (skipInitialSpace) while (text[at + 1] === ' ') at++
      // A delimiter at the end of a line is followed by an empty field.
      if (at + 1 >= text.length || text[at + 1] === '\n' || text[at + 1] === '\r') started = true
    } else if (char === '\n' || char === '\r') {
      if (char === '\r' && text[at + 1] === '\n') at++
      endRow()
    } else {
      field += char
      started = true
    }
  }
  if (row.length > 0 || started) endRow()
  return rows
}
function quoted(text: string, from: number): { content: string; end: number } {
  let content = ''
  for (let at = from; at < text.length; at++) {
    if (text[at] !== '"') content += text[at]
    else if (text[at + 1] === '"') content += text[at++]
    else return { content, end: at }
  }
  return { content, end: text.length }
}
