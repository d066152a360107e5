/** Splits text into words as a shell would, quotes and backslashes honoured; nothing is expanded. An open quote runs to the end. */
export function splitWords(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (char === "'" || char === '"') {
      const end = closing(text, i)
      const inside = text.slice(i + 1, end)
      word = (word ?? '') + (char === '"' ? inside.replace(/\\(["\\$`])/g, '$1') : inside)
      i = end
    } else if (char === '\\') word = (word ?? '') + (text[++i] ?? '\\')
    else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + char
  }
  return word === undefined ? words : [...words, word]
}

function closing(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    if (text[open] === '"' && text[i] === '\\') i++
    else if (text[i] === text[open]) return i
  }
  return text.length
}
