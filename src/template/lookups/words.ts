/** A line as words, as a shell would see them: quotes keep spaces together, and are removed. */
export function splitWords(line: string): string[] {
  const words = line.match(/(?:[^\s"']|"(?:\\[^]|[^"\\])*"|'[^']*')+|["'][^]*/g) ?? []
  return words.map((word) => word.replace(/"((?:\\[^]|[^"\\])*)"|'([^']*)'/g, (_all, double?: string, single?: string) => single ?? double!.replace(/\\(["\\])/g, '$1')))
}
