/** An INI file as ansible.cfg is one: sections to keys to values. `;` begins a comment anywhere after a space, `#` at the beginning of a line. */
export function parseIniFile(source: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>()
  let section = new Map<string, string>()
  let last: string | undefined
  for (const line of source.split(/\r?\n/)) {
    const text = line.replace(/(^|\s);.*$/, '').replace(/^\s*#.*$/, '')
    const header = /^\[(.+)\]\s*$/.exec(text.trim())
    const entry = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(text)
    if (text.trim() === '') last = undefined
    else if (header) {
      section = sections.get(header[1]!) ?? new Map()
      sections.set(header[1]!, section)
    } else if (entry) {
      last = entry[1]!.toLowerCase()
      section.set(last, entry[2]!.trim())
    } else if (last !== undefined && /^\s/.test(line)) section.set(last, `${section.get(last)}\n${text.trim()}`)
  }
  return sections
}
