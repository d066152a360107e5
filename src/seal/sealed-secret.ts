import type { KeyObject } from 'node:crypto'
import { collecting } from '../problem/collecting.ts'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem, Problems, type Span } from '../problem/problem.ts'
import type { Json } from '../value/json.ts'
import { type YamlEntry, type YamlMapping, entryOf, toValue } from '../yaml/yaml-node.ts'
import type { Certificate } from './certificate.ts'
import { type Manifest, mappingOf, textIn, textOf, textsOf, wrong } from './manifest.ts'
import { type Place, type Scope, labelOf, scopeOf, showPlace, withScope } from './scope.ts'
import { parseSealed, sealValue, unsealValue } from './seal-value.ts'
import { type Secret, checkKey, flagOf, metadataOf, nameOf, present } from './secret.ts'

/** A SealedSecret: sealed values, and the Secret that will be made of them, without its values. */
export interface SealedSecret {
  readonly name: string
  readonly namespace: string | undefined
  readonly scope: Scope
  readonly annotations: Readonly<Record<string, string>>
  readonly encryptedData: ReadonlyMap<string, string>
  readonly template: Omit<Secret, 'data' | 'name' | 'namespace'>
  /** Texts with Go templates over the opened values, which the controller fills. */
  readonly templateData: Readonly<Record<string, string>>
  /** Where it was read, and each of its values. */
  readonly span?: Span
  readonly spans?: ReadonlyMap<string, Span>
}

/** Seals a Secret. `keep` are values that are sealed already and stay as they are. */
export function sealSecret(secret: Secret, scope: Scope, { publicKey }: Certificate, keep: ReadonlyMap<string, string> = new Map()): SealedSecret {
  const { name, namespace, data, labels, type, immutable } = secret
  const label = labelOf({ name, namespace, scope })
  const encryptedData = new Map([...data.keys()].sort().map((key) => [key, keep.get(key) ?? sealValue(data.get(key)!, publicKey, label)]))
  return { name, namespace, scope, annotations: withScope({}, scope), encryptedData, template: { labels, annotations: withScope(secret.annotations, scope), type, immutable }, templateData: {} }
}

/** The manifest of a SealedSecret. */
export const sealedManifest = ({ name, namespace, annotations, encryptedData, template, templateData }: SealedSecret): Json => ({
  apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', metadata: metadataOf({ name, namespace, labels: {}, annotations }),
  spec: {
    encryptedData: Object.fromEntries(encryptedData),
    template: present({ metadata: metadataOf({ ...template, name, namespace }), type: template.type, immutable: template.immutable, data: Object.keys(templateData).length > 0 ? templateData : undefined }),
  },
})

/** Reads a SealedSecret's manifest. Throws `Problems` with all that the controller would refuse or that cannot have been meant. */
export function readSealedSecret({ kind, node }: Manifest): SealedSecret {
  if (kind !== 'SealedSecret') throw wrong(`kind is ${kind || 'missing'}, and SealedSecret is wanted`, entryOf(node, 'kind')?.value.span ?? node.span)
  const problems: Problem[] = []
  const check = <T>(work: () => T): T | undefined => collecting(problems, work)
  check(() => checkVersion(node))
  const metadata = check(() => mappingOf(node, 'metadata')) ?? EMPTY
  const spec = check(() => mappingOf(node, 'spec')) ?? EMPTY
  const name = check(() => nameOf(metadata, 'name') ?? missing('metadata.name', metadata.span))
  const annotations = check(() => textsOf(metadata, 'annotations')) ?? {}
  const scope = scopeOf(annotations)
  const namespace = check(() => nameOf(metadata, 'namespace') ?? (scope === 'cluster-wide' ? undefined : missing('metadata.namespace', metadata.span)))
  check(() => checkSpec(spec))
  const entries = check(() => mappingOf(spec, 'encryptedData'))?.entries ?? []
  for (const entry of entries) check(() => checkValue(entry))
  const template = check(() => mappingOf(spec, 'template')) ?? EMPTY
  const found = check(() => readTemplate(template, { name, namespace }))
  if (problems.length > 0 || !found || name === undefined) throw new Problems(problems)
  return { name, namespace, scope, annotations, encryptedData: new Map(entries.map((entry) => [String(entry.key), textIn(entry)])), ...found, span: node.span, spans: new Map(entries.map(({ key, value }) => [String(key), value.span])) }
}

const EMPTY: YamlMapping = { kind: 'mapping', entries: [], span: { file: '', line: 1, column: 1 } }

function missing(what: string, span: Span): never {
  throw wrong(`${what} is missing`, span)
}

function checkVersion(node: YamlMapping): void {
  const version = textOf(node, 'apiVersion')
  if (version !== 'bitnami.com/v1alpha1') throw wrong(`apiVersion is ${version ?? 'missing'}, and bitnami.com/v1alpha1 is wanted`, entryOf(node, 'apiVersion')?.value.span ?? node.span)
}

const FIELDS = ['encryptedData', 'template', 'data']
function checkSpec(spec: YamlMapping): void {
  for (const { key, keySpan } of spec.entries) if (!FIELDS.includes(String(key))) throw wrong(`spec has no field '${String(key)}'`, keySpan, didYouMean(String(key), FIELDS))
  const old = entryOf(spec, 'data')
  if (old && toValue(old.value) !== null) throw wrong('spec.data is the format of 2018, which controllers refuse', old.keySpan, 'seal the Secret again')
  if (mappingOf(spec, 'encryptedData').entries.length === 0 && mappingOf(mappingOf(spec, 'template'), 'data').entries.length === 0) throw wrong('spec.encryptedData is empty', entryOf(spec, 'encryptedData')?.keySpan ?? spec.span)
}

function checkValue(entry: YamlEntry): void {
  checkKey(String(entry.key), entry.keySpan)
  if (!parseSealed(textIn(entry))) throw wrong(`spec.encryptedData.${String(entry.key)} is no sealed value`, { ...entry.value.span, concealed: true }, 'it may be cut short, or be in the clear: `tutti seal --merge-into` seals it')
}

function readTemplate(template: YamlMapping, { name, namespace }: { readonly name: string | undefined; readonly namespace: string | undefined }): Pick<SealedSecret, 'template' | 'templateData'> {
  const metadata = mappingOf(template, 'metadata')
  for (const [key, own] of [['name', name], ['namespace', namespace]] as const) {
    const inner = nameOf(metadata, key)
    if (inner !== undefined && own !== undefined && inner !== own) throw wrong(`spec.template.metadata.${key} is '${inner}', and metadata.${key} '${own}'`, entryOf(metadata, key)!.value.span, 'the controller takes the latter')
  }
  return {
    template: { labels: textsOf(metadata, 'labels'), annotations: textsOf(metadata, 'annotations'), type: textOf(template, 'type'), immutable: flagOf(template, 'immutable') },
    templateData: textsOf(template, 'data'),
  }
}

/** The value of a key, opened. Throws `seal-unopened`, which cannot tell a missing key from another name: both are in the one check. */
export function openValue(sealed: SealedSecret & Place, key: string, keys: readonly KeyObject[]): Buffer {
  const parts = parseSealed(sealed.encryptedData.get(key) ?? '')
  const plain = parts && unsealValue(parts, keys, labelOf(sealed))
  if (plain) return plain
  const span = sealed.spans?.get(key)
  throw new Problem({ code: 'seal-unopened', summary: 'a sealed value does not open', detail: `${key} of ${showPlace(sealed)}`, hint: `it was sealed for another certificate than the ${keys.length === 1 ? 'key' : `${keys.length} keys`} given, or for another name, namespace or scope`, ...(span ? { span } : {}) })
}

/** The Secret that the controller would make, with all values that do not open at once as `Problems`. Go templates are not filled. */
export function unsealSecret(sealed: SealedSecret, keys: readonly KeyObject[]): Secret {
  const problems: Problem[] = []
  const data = new Map<string, Buffer>()
  for (const key of sealed.encryptedData.keys()) collecting(problems, () => data.set(key, openValue(sealed, key, keys)))
  if (problems.length > 0) throw new Problems(problems)
  return { ...sealed.template, name: sealed.name, namespace: sealed.namespace, data }
}

