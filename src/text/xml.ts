/** A document as a tree of nodes that can be changed in place. Names and prefixes stay as they are written. */
export interface XmlDocument {
  readonly kind: 'document'
  readonly parent?: undefined
  children: (XmlElement | XmlText)[]
}
export interface XmlElement {
  readonly kind: 'element'
  parent: XmlElement | XmlDocument | undefined
  name: string
  attributes: Map<string, string>
  children: (XmlElement | XmlText)[]
}
/** Everything that has no children: `text` is what stands between its signs. */
export interface XmlText {
  readonly kind: 'text' | 'cdata' | 'comment' | 'instruction' | 'doctype'
  parent: XmlElement | XmlDocument | undefined
  text: string
}

export class XmlError extends Error {}

const NAME = '[\\p{L}_:][\\p{L}\\p{N}\\p{M}_:.\\u00b7-]*'
const TOKEN = new RegExp(`<!--([^]*?)-->|<!\\[CDATA\\[([^]*?)\\]\\]>|<\\?([^]*?)\\?>|<!DOCTYPE((?:[^<>\\[]|\\[[^]*?\\]\\s*)*)>|<\\/(${NAME})\\s*>|<(${NAME})((?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(\\/?)>|([^<]+)`, 'uy')
const ATTRIBUTE = new RegExp(`(${NAME})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'gu')

/** Reads a document that is well-formed; else an `XmlError` with the line. Entities of its own are not known. */
export function parseXml(source: string): XmlDocument {
  const document: XmlDocument = { kind: 'document', children: [] }
  const text = source.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')
  const open: (XmlElement | XmlDocument)[] = [document]
  TOKEN.lastIndex = 0
  for (let at = 0; at < text.length; at = TOKEN.lastIndex) {
    const match = TOKEN.exec(text)
    const inside = open.at(-1)!
    const broken = (why: string): never => { throw new XmlError(`${why}, line ${text.slice(0, at).split('\n').length}`) }
    if (!match) return broken('not well-formed')
    const [, comment, cdata, instruction, doctype, close, name, attributes, empty, words] = match
    const add = (node: XmlElement | XmlText) => void inside.children.push(node)
    const leaf = (kind: XmlText['kind'], said: string) => add({ kind, parent: inside, text: said })
    if (comment !== undefined) leaf('comment', comment)
    else if (cdata !== undefined) leaf('cdata', cdata)
    else if (instruction !== undefined) { if (!/^xml\s/.test(instruction)) leaf('instruction', instruction) }
    else if (doctype !== undefined) leaf('doctype', doctype)
    else if (words !== undefined) {
      if (inside.kind === 'element') leaf('text', decode(words, broken))
      else if (words.trim() !== '') broken('there is text outside the root element')
    } else if (close !== undefined) {
      if (inside.kind !== 'element' || inside.name !== close) broken(`</${close}> closes nothing`)
      open.pop()
    } else {
      if (inside.kind === 'document' && inside.children.some(({ kind }) => kind === 'element')) broken('there is a second root element')
      const pairs = [...attributes!.matchAll(ATTRIBUTE)].map(([, key, double, single]) => [key!, decode((double ?? single)!.replace(/\s/g, ' '), broken)] as const)
      const element: XmlElement = { kind: 'element', parent: inside, name: name!, attributes: new Map(pairs), children: [] }
      if (element.attributes.size < pairs.length) broken(`<${name}> has an attribute twice`)
      add(element)
      if (!empty) open.push(element)
    }
  }
  const last = open.at(-1)!
  if (last.kind === 'element') throw new XmlError(`<${last.name}> is not closed`)
  if (!document.children.some(({ kind }) => kind === 'element')) throw new XmlError('there is no root element')
  return document
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decode(text: string, broken: (why: string) => never): string {
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|([\w.-]+))?;?/g, (whole, hex?: string, decimal?: string, name?: string) => {
    if (!whole.endsWith(';')) return broken('& stands for nothing')
    if (hex ?? decimal) return String.fromCodePoint(Number.parseInt((hex ?? decimal)!, hex ? 16 : 10))
    return ENTITIES[name ?? ''] ?? broken(`&${name}; is not known`)
  })
}

const escapeText = (text: string): string => text.replace(/[&<>\r]/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[letter] ?? '&#13;')
const escapeAttribute = (text: string): string => escapeText(text).replace(/["\n\t]/g, (letter) => ({ '"': '&quot;', '\n': '&#10;' })[letter] ?? '&#9;')

/** The document with a declaration. Blanks are as they are in the tree. */
export const printXml = (document: XmlDocument): string => `<?xml version='1.0' encoding='UTF-8'?>\n${document.children.map(printNode).join('\n')}`

export function printNode(node: XmlElement | XmlText): string {
  switch (node.kind) {
    case 'text': return escapeText(node.text)
    case 'cdata': return `<![CDATA[${node.text}]]>`
    case 'comment': return `<!--${node.text}-->`
    case 'instruction': return `<?${node.text}?>`
    case 'doctype': return `<!DOCTYPE${node.text}>`
    case 'element': {
      const start = [node.name, ...[...node.attributes].map(([name, value]) => `${name}="${escapeAttribute(value)}"`)].join(' ')
      return node.children.length === 0 ? `<${start}/>` : `<${start}>${node.children.map(printNode).join('')}</${node.name}>`
    }
  }
}

const isBlank = (node: XmlElement | XmlText): boolean => node.kind === 'text' && node.text.trim() === ''

/** Puts each element on a line of its own, two blanks deeper than its parent; where there is text among elements nothing is moved. */
export function indentXml(document: XmlDocument): void {
  for (const node of document.children) if (node.kind === 'element') indent(node, 1)
}

function indent(element: XmlElement, depth: number): void {
  const kept = element.children.filter((node) => !isBlank(node))
  if (kept.every(({ kind }) => kind === 'text' || kind === 'cdata')) return
  if (kept.some(({ kind }) => kind === 'text' || kind === 'cdata')) return
  const blank = (deep: number): XmlText => ({ kind: 'text', parent: element, text: `\n${'  '.repeat(deep)}` })
  for (const node of kept) if (node.kind === 'element') indent(node, depth + 1)
  element.children = [...kept.flatMap((node) => [blank(depth), node]), blank(depth - 1)]
}

/** The address that a prefix ('' for none) stands for at an element; undefined where it stands for nothing. */
export function namespaceOf(element: XmlElement, prefix: string): string | undefined {
  if (prefix === 'xml') return 'http://www.w3.org/XML/1998/namespace'
  for (let at: XmlElement | XmlDocument | undefined = element; at?.kind === 'element'; at = at.parent) {
    const found = at.attributes.get(prefix === '' ? 'xmlns' : `xmlns:${prefix}`)
    if (found !== undefined) return found
  }
  return prefix === '' ? '' : undefined
}

export const splitName = (name: string): readonly [prefix: string, local: string] => (name.includes(':') ? [name.slice(0, name.indexOf(':')), name.slice(name.indexOf(':') + 1)] : ['', name])

/** `{address}local`, or the bare name where there is no namespace. */
export function clarkName(element: XmlElement): string {
  const [prefix, local] = splitName(element.name)
  const address = namespaceOf(element, prefix)
  return address ? `{${address}}${local}` : local
}

export const elementsIn = (node: XmlElement | XmlDocument): readonly XmlElement[] => node.children.filter((child) => child.kind === 'element')

/** The text before the first element, as most people mean "the text of an element". */
export function leadingText({ children }: XmlElement): string | undefined {
  const end = children.findIndex(({ kind }) => kind !== 'text' && kind !== 'cdata')
  const text = children.slice(0, end < 0 ? undefined : end).map((node) => (node as XmlText).text).join('')
  return text === '' ? undefined : text
}

export function setLeadingText(element: XmlElement, text: string): void {
  const end = element.children.findIndex(({ kind }) => kind !== 'text' && kind !== 'cdata')
  element.children = [...(text === '' ? [] : [{ kind: 'text' as const, parent: element, text }]), ...(end < 0 ? [] : element.children.slice(end))]
}
