import { defineModule } from '../contract/define-module.ts'
import { type Edit, type EditState, editFile, editParams } from '../contract/edit-file.ts'
import { type Namespaces, appendTo, contentOf, elementsOf, ensurePath, findNodes, insertBeside, nodesFrom, pathOf, putValue, removeNode, setChildren } from '../contract/edit-xml.ts'
import { fail } from '../contract/failure.ts'
import { type Params, choice, flag, list, path, raw, text } from '../schema/field.ts'
import { type XmlDocument, indentXml, parseXml, printXml } from '../text/xml.ts'
import { type Unknown, type Value, dict, fresh, isDict } from '../value/value.ts'

const params = {
  ...editParams,
  path: path('The file; it must exist.', { aliases: ['dest', 'file'] }),
  xmlstring: text('A document as text, in place of a file; the result has it as xmlstring.'),
  xpath: text('Which nodes.'),
  namespaces: raw('The prefixes of xpath and of new elements, with their addresses.'),
  state: choice(['absent', 'present'], 'Whether what xpath names is there.', { default: 'present', aliases: ['ensure'] }),
  attribute: text('With value: the attribute, without @.'),
  value: text('The text of the element, or of the attribute.'),
  add_children: list(raw('A name, or a dict of a name with its text or attributes.'), 'Elements to add at the end of what xpath names. Each run adds them.'),
  set_children: list(raw('A name, or a dict of a name with its text or attributes.'), 'The elements that are to be in what xpath names, and no others.'),
  count: flag('Tell how many nodes xpath names.', { default: false }),
  print_match: flag('Tell where they are.', { default: false }),
  content: choice(['attribute', 'text'], 'Tell their attributes, or their text.'),
  input_type: choice(['xml', 'yaml'], 'How children are written.', { default: 'yaml' }),
  insertbefore: flag('add_children: before the first of what xpath names.', { default: false }),
  insertafter: flag('add_children: after the last of what xpath names.', { default: false }),
  pretty_print: flag('A line for each element.', { default: false }),
  strip_cdata_tags: flag('Sections of CDATA become text.', { default: false }),
} as const
type XmlParams = Params<typeof params>

interface XmlState {
  readonly file: EditState | undefined
  /** Of a text: it, or that it becomes another one. */
  readonly text: string | Unknown | undefined
}

const file = editFile<XmlParams & { readonly path: string }>({
  creates: () => false,
  missing: (_given, where) => ({ msg: `The target XML source '${where}' does not exist.`, rc: 257 }),
  edit: (given, old) => editXml(given, old ?? ''),
})

export const xml = defineModule({
  name: 'xml',
  summary: 'Keep elements and attributes of an XML file, or tell what is in it.',
  notes: [
    'The file is read to the controller, edited there and put in place by a rename: the host needs nothing. XPath is version 1.0. Documents that declare entities of their own are refused.',
    'A file that is changed is written as UTF-8 with a declaration, attributes between double quotes; what stands between elements stays as it is, but with pretty_print.',
  ],
  examples: `
- name: The server listens on another port
  xml: { path: /etc/app/server.xml, xpath: "/Server/Service/Connector[@protocol='HTTP/1.1']", attribute: port, value: "8081" }
- name: How many connectors there are
  xml: { path: /etc/app/server.xml, xpath: /Server/Service/Connector, count: true }
  register: connectors
- name: These two beers, in this order
  xml: { path: /srv/bar.xml, xpath: /business/beers, set_children: [{ beer: Old Rasputin }, { beer: { _: [{ name: Old Motor Oil }], alcohol: "6" } }] }
- name: No website is told any more
  xml: { path: /srv/bar.xml, xpath: /business/website, state: absent }
`,
  params,
  rules: {
    oneOf: [['path', 'xmlstring']],
    atMostOneOf: [['path', 'xmlstring'], ['add_children', 'content', 'set_children', 'value']],
  },
  async probe(host, given, around): Promise<XmlState> {
    misused(given)
    return given.path === undefined ? { file: undefined, text: given.xmlstring! } : { file: await file.probe(host, { ...given, path: given.path }, around), text: undefined }
  },
  plan: (given, before): XmlState => (before.file ? { ...before, file: file.plan({ ...given, path: given.path! }, before.file) } : { ...before, text: editXml(given, given.xmlstring!).text === undefined ? before.text : fresh('the edited text') }),
  apply: ({ params: given, before, after }) => (before.file ? file.apply({ params: { ...given, path: given.path! }, before: before.file, after: after.file! }) : []),
  diff: ({ params: given, before, after }) => (before.file ? file.diff({ params: { ...given, path: given.path! }, before: before.file, after: after.file! }) : [{ header: { before: 'xmlstring', after: 'xmlstring' }, before: given.xmlstring!, after: editXml(given, given.xmlstring!).text ?? given.xmlstring! }]),
  result: (ending) => {
    const { params: given, before, after } = ending
    const actions = dict({ xpath: given.xpath ?? null, namespaces: isDict(given.namespaces) ? given.namespaces : dict({}), state: given.state })
    if (!before.file) {
      const edit = editXml(given, given.xmlstring!)
      return { outputs: { actions, ...edit.outputs, xmlstring: edit.text ?? given.xmlstring! } }
    }
    const { outputs, ...rest } = file.result({ ...ending, params: { ...given, path: given.path! }, before: before.file, after: after.file! })
    return { ...rest, outputs: { actions, ...outputs } }
  },
})

const NEED = ['count', 'print_match', 'insertbefore', 'insertafter'] as const

function misused(given: XmlParams): void {
  const one = [...(['count', 'print_match'] as const).filter((name) => given[name]), ...(['add_children', 'content', 'set_children', 'value'] as const).filter((name) => given[name] !== undefined)]
  if (one.length > 1) fail(`parameters are mutually exclusive: ${one.join('|')}`)
  if (given.insertbefore && given.insertafter) fail('parameters are mutually exclusive: insertbefore|insertafter')
  const tells = [...NEED.filter((name) => given[name]), ...(['content', 'value', 'add_children', 'set_children', 'attribute'] as const).filter((name) => given[name] !== undefined)]
  if (given.xpath === undefined && tells[0]) fail(`missing parameter(s) required by '${tells[0]}': xpath`)
  if (given.attribute !== undefined && given.value === undefined) fail("missing parameter(s) required by 'attribute': value")
  if ((given.insertbefore || given.insertafter) && given.add_children === undefined) fail(`missing parameter(s) required by '${given.insertbefore ? 'insertbefore' : 'insertafter'}': add_children`)
  if (given.namespaces !== undefined && given.namespaces !== null && !isDict(given.namespaces)) fail('namespaces must be a dict of prefixes with their addresses')
}

/** Pure. The text is undefined where nothing changes. */
function editXml(given: XmlParams, old: string): Edit {
  const document = parsed(old, given)
  const before = printXml(document)
  const namespaces = Object.fromEntries([...(isDict(given.namespaces) ? given.namespaces : [])].map(([prefix, address]) => [String(prefix), String(address)]))
  const outputs = change(document, given, namespaces)
  if (given.pretty_print) indentXml(document)
  const after = printXml(document) + (given.pretty_print ? '\n' : '')
  // What is only written in another way stays; with pretty_print its form is what was asked for.
  const changed = given.pretty_print ? after !== old : after !== before
  return { text: changed ? after : undefined, msg: typeof outputs.msg === 'string' ? outputs.msg : '', outputs }
}

function parsed(text: string, { path: where, strip_cdata_tags }: XmlParams): XmlDocument {
  try {
    return parseXml(strip_cdata_tags ? text.replace(/<!\[CDATA\[([^]*?)\]\]>/g, (_, inside: string) => inside.replace(/[&<>]/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[letter]!)) : text)
  } catch (error) {
    return fail(`Error while parsing ${where === undefined ? 'the document' : `document: ${where}`} (${(error as Error).message})`)
  }
}

function change(document: XmlDocument, given: XmlParams, namespaces: Namespaces): Record<string, Value> {
  const { xpath, attribute, value, state, content } = given
  if (xpath === undefined) return {}
  if (given.print_match || given.count || content !== undefined) {
    const found = findNodes(document, xpath, namespaces)
    const matches = found.map(pathOf)
    if (given.print_match) return { matches, msg: `selector '${xpath}' match: [${matches.map((one) => `'${one}'`).join(', ')}]` }
    if (given.count) return { count: found.length, msg: String(found.length) }
    const elements = elementsOf(found)
    if (elements.length === 0) return fail(`Xpath ${xpath} does not reference a node!`)
    return { count: elements.length, matches: contentOf(elements, content!), msg: String(elements.length) }
  }
  if (state === 'absent') {
    for (const node of findNodes(document, xpath, namespaces)) removeNode(node)
    return {}
  }
  if (given.set_children ?? given.add_children) return changeChildren(document, given, namespaces)
  if (value === undefined) ensurePath(document, xpath, namespaces)
  else {
    const own = /^([^]+)\/@([\w:.-]+)$/.exec(xpath)
    const [where, name] = own && attribute === undefined ? [own[1]!, own[2]!] : [xpath, attribute]
    ensurePath(document, where, namespaces)
    for (const element of elementsOf(findNodes(document, where, namespaces))) putValue(element, name, value)
  }
  return {}
}

function changeChildren(document: XmlDocument, { xpath, set_children, add_children, input_type, insertbefore, insertafter }: XmlParams, namespaces: Namespaces): Record<string, Value> {
  const elements = elementsOf(findNodes(document, xpath!, namespaces))
  if (elements.length === 0) return fail(`Xpath ${xpath} does not reference a node!`)
  const made = (children: readonly Value[]) => nodesFrom(children, input_type, elements[0], namespaces)
  if (set_children) for (const element of elements) setChildren(element, made(set_children))
  else if (insertbefore || insertafter) insertBeside(insertafter ? elements.at(-1)! : elements[0]!, made(add_children!), insertafter)
  else for (const element of elements) appendTo(element, made(add_children!))
  return {}
}
