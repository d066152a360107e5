const WORD = /(?:[^\s"']|"(?:\\[^]|[^"\\])*"|'[^']*')+|["'][^]*/g
/** A line as words, quotes kept: they hold words together. */
export const rawWords = (line: string): string[] => line.match(WORD) ?? []
export const unquoted = (word: string): string =>
  word.replace(/"((?:\\[^]|[^"\\])*)"|'([^']*)'/g, (_all, double?: string, single?: string) => single ?? double!.replace(/\\(["\\])/g, '$1'))

/** A line as words, as a shell would see them: quotes keep spaces together, and are removed. */
export const splitWords = (line: string): string[] => rawWords(line).map(unquoted)
