import { type XmlDocument, type XmlElement, clarkName, elementsIn, leadingText, namespaceOf, parseXml, printNode, setLeadingText, splitName } from '../text/xml.ts'
import { type XPathNode, compileXPath } from '../text/xpath.ts'
import { type Dict, type Value, dict, isDict } from '../value/value.ts'
import { fail } from './failure.ts'

export type Namespaces = Readonly<Record<string, string>>

/** The nodes that an XPath finds. */
export function findNodes(document: XmlDocument, xpath: string, namespaces: Namespaces): readonly XPathNode[] {
  const found = evaluate(xpath, namespaces, document)
  return typeof found === 'object' ? found : fail(`Xpath ${xpath} does not reference a node!`)
}

function evaluate(xpath: string, namespaces: Namespaces, node: XPathNode) {
  try {
    return compileXPath(xpath, namespaces)(node)
  } catch (error) {
    return fail(`Syntax error in xpath expression: ${xpath} (${(error as Error).message})`)
  }
}

export const elementsOf = (found: readonly XPathNode[]): readonly XmlElement[] => found.filter((node) => node.kind === 'element')

/** Where an element stands: `/business/beers/beer[2]`. */
export function pathOf(node: XPathNode): string {
  if (node.kind === 'document') return ''
  const above = node.parent ? pathOf(node.parent) : ''
  if (node.kind === 'attribute') return `${above}/@${node.name}`
  if (node.kind !== 'element') return `${above}/${node.kind === 'comment' ? 'comment()' : 'text()'}`
  const like = elementsIn(node.parent!).filter(({ name }) => name === node.name)
  return `${above}/${node.name}${like.length > 1 ? `[${like.indexOf(node) + 1}]` : ''}`
}

/** Takes a node out. An element goes with the text after it, as people who write a line for each element expect. */
export function removeNode(node: XPathNode): void {
  if (node.kind === 'document') return
  if (node.kind === 'attribute') return void node.parent.attributes.delete(node.name)
  const { parent } = node
  if (parent === undefined || (parent.kind === 'document' && node.kind === 'element')) return fail('the root element cannot be removed')
  const at = parent.children.indexOf(node as never)
  const after = parent.children[at + 1]
  parent.children.splice(at, node.kind === 'element' && after?.kind === 'text' ? 2 : 1)
}

/** A node as YAML writes it: a name; a name with its text; a name with its attributes, and its children under `_`. */
export function nodesFrom(children: readonly Value[], type: 'yaml' | 'xml', inside: XmlElement | undefined, namespaces: Namespaces): readonly XmlElement[] {
  return children.map((child) => (type === 'xml' ? fromXml(child) : fromYaml(child, inside, namespaces)))
}

function fromXml(child: Value): XmlElement {
  if (typeof child !== 'string') return fail('Child element has invalid type: with input_type=xml children are text')
  try {
    return { ...elementsIn(parseXml(child))[0]!, parent: undefined }
  } catch (error) {
    return fail(`Error while parsing child element: ${(error as Error).message}`)
  }
}

function fromYaml(child: Value, inside: XmlElement | undefined, namespaces: Namespaces): XmlElement {
  if (typeof child === 'string') return newElement(child, inside, namespaces)
  if (!isDict(child)) return fail(`Invalid child type: ${typeof child}. Children must be either strings or hashes.`)
  if (child.size !== 1) return fail('Can only create children from hashes with one key')
  const [name, value] = [...child][0]!
  const element = newElement(String(name), inside, namespaces)
  if (!isDict(value)) {
    setLeadingText(element, textOf(value))
    return element
  }
  for (const [key, one] of value) if (key !== '_') element.attributes.set(String(key), textOf(one))
  const below = value.get('_')
  if (below !== undefined && below !== null && !Array.isArray(below)) return fail(`Invalid children type: ${typeof below}, must be list.`)
  element.children = nodesFrom((below ?? []) as readonly Value[], 'yaml', element, namespaces).map((node) => ({ ...node, parent: element }))
  return element
}

const textOf = (value: Value): string => (value === null ? '' : value === true ? 'True' : value === false ? 'False' : String(value))

/** A prefix of the task means an address: the document's own prefix for it is used, or a new one declared. */
function newElement(written: string, inside: XmlElement | undefined, namespaces: Namespaces): XmlElement {
  const element: XmlElement = { kind: 'element', parent: inside, name: written, attributes: new Map(), children: [] }
  if (!/^(?:[\p{L}_][\p{L}\p{N}_.-]*:)?[\p{L}_][\p{L}\p{N}_.-]*$/u.test(written)) return fail(`Invalid tag name '${written}'`)
  const [prefix, local] = splitName(written)
  const address = prefix === '' ? undefined : namespaces[prefix]
  if (address === undefined || !inside) return element
  const mine = prefixFor(inside, address)
  if (mine === undefined) element.attributes.set(`xmlns:${prefix}`, address)
  else element.name = mine === '' ? local : `${mine}:${local}`
  return element
}

function prefixFor(element: XmlElement, address: string): string | undefined {
  for (let at: XmlElement | XmlDocument | undefined = element; at?.kind === 'element'; at = at.parent) {
    for (const [name, value] of at.attributes) {
      const prefix = name === 'xmlns' ? '' : /^xmlns:(.+)$/.exec(name)?.[1]
      if (prefix !== undefined && value === address && namespaceOf(element, prefix) === address) return prefix
    }
  }
  return undefined
}

const copyOf = (node: XmlElement, parent: XmlElement | XmlDocument): XmlElement => {
  const copy: XmlElement = { ...node, parent, attributes: new Map(node.attributes), children: [] }
  copy.children = node.children.map((child) => (child.kind === 'element' ? copyOf(child, copy) : { ...child, parent: copy }))
  return copy
}

export function appendTo(element: XmlElement, nodes: readonly XmlElement[]): void {
  element.children.push(...nodes.map((node) => copyOf(node, element)))
}

export function insertBeside(element: XmlElement, nodes: readonly XmlElement[], after: boolean): void {
  const { parent } = element
  if (parent?.kind !== 'element') return fail('there can be one root element only')
  parent.children.splice(parent.children.indexOf(element) + (after ? 1 : 0), 0, ...nodes.map((node) => copyOf(node, parent)))
}

/** Replaces the elements in an element, where they are not these already. */
export function setChildren(element: XmlElement, nodes: readonly XmlElement[]): void {
  const now = elementsIn(element)
  if (now.length === nodes.length && now.every((one, i) => printNode(one) === printNode(nodes[i]!))) return
  for (const one of now) removeNode(one)
  appendTo(element, nodes)
}

/** Tag and attributes, or tag and text, of elements, as results have them. */
export const contentOf = (elements: readonly XmlElement[], what: 'attribute' | 'text'): readonly Dict[] =>
  elements.map((element) => dict({ [clarkName(element)]: what === 'text' ? (leadingText(element) ?? null) : new Map<Value, Value>([...element.attributes].filter(([name]) => !/^xmlns(?::|$)/.test(name))) }))

/**
 * Makes what an XPath of plain steps means, as far as it is not there: `/a/b`, `b[@id='x']`, `b[c='text']`, `…/@attribute`, and at the
 * end `/text()="value"` and `/@attribute="value"`. Refuses what could not be made.
 */
export function ensurePath(document: XmlDocument, xpath: string, namespaces: Namespaces): void {
  const set = /^([^]*)\/(?:text\(\)|@([\w:.-]+))\s*=\s*(?:"([^"]*)"|'([^']*)')$/.exec(xpath)
  if (set) {
    ensurePath(document, set[1]!, namespaces)
    const value = set[3] ?? set[4] ?? ''
    for (const element of elementsOf(findNodes(document, set[1]!, namespaces))) putValue(element, set[2], value)
    return
  }
  if (nodesFound(document, xpath, namespaces) > 0) return
  const [, above = '', last = ''] = /^([^]*)\/((?:[^/[\]'"]|\[(?:[^\]'"]|"[^"]*"|'[^']*')*\])+)$/.exec(xpath) ?? [undefined, '', xpath]
  const attribute = /^@([\w:.-]+)$/.exec(last)?.[1]
  const named = /^([\p{L}_][\p{L}\p{N}_.:-]*)((?:\[[^]*\])?)$/u.exec(last)
  if (above === '' || above.endsWith('/') || (!attribute && !named)) fail(`Can't process Xpath ${xpath} in order to spawn nodes!`)
  ensurePath(document, above, namespaces)
  for (const element of elementsOf(findNodes(document, above, namespaces))) {
    if (attribute) putValue(element, attribute, element.attributes.get(attribute) ?? '')
    else makeChild(element, named![1]!, named![2]!.slice(1, -1), xpath, namespaces)
  }
}

const nodesFound = (document: XmlDocument, xpath: string, namespaces: Namespaces): number => {
  const found = evaluate(xpath, namespaces, document)
  return typeof found === 'object' ? found.length : found === true ? 1 : 0
}

function makeChild(inside: XmlElement, name: string, predicate: string, xpath: string, namespaces: Namespaces): void {
  const child = newElement(name, inside, namespaces)
  inside.children.push(child)
  if (predicate === '') return
  for (const part of predicate.split(/\s+and\s+|\]\[/)) {
    const match = /^\s*(?:(text\(\)|\.)|(@?)([\p{L}_][\p{L}\p{N}_.:-]*))\s*(?:=\s*(?:"([^"]*)"|'([^']*)'))?\s*$/u.exec(part)
    if (!match) return fail(`Can't process Xpath ${xpath} in order to spawn nodes!`)
    const value = match[4] ?? match[5] ?? ''
    if (match[1]) setLeadingText(child, value)
    else if (match[2]) child.attributes.set(match[3]!, value)
    else {
      const below = newElement(match[3]!, child, namespaces)
      setLeadingText(below, value)
      child.children.push(below)
    }
  }
}

export function putValue(element: XmlElement, attribute: string | undefined, value: string): void {
  if (attribute !== undefined) element.attributes.set(attribute, value)
  else if ((leadingText(element) ?? '') !== value) setLeadingText(element, value)
}

