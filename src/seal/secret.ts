import { Problem, type Span } from '../problem/problem.ts'
import type { Json } from '../value/json.ts'
import { type YamlEntry, type YamlMapping, entryOf } from '../yaml/yaml-node.ts'
import { type Manifest, mappingOf, textIn, textOf, textsOf, wrong } from './manifest.ts'

/** A Secret of Kubernetes, in the clear. */
export interface Secret {
  readonly name: string
  readonly namespace: string | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly type: string | undefined
  readonly immutable: boolean | undefined
  readonly data: ReadonlyMap<string, Buffer>
}

/** Annotations in which tools keep a copy of the whole Secret, plaintext and all. */
const COPIES = ['kubectl.kubernetes.io/last-applied-configuration', 'kubecfg.ksonnet.io/last-applied-configuration']

/** A Secret's manifest. `stringData` wins over `data`, as on the server; copies of the whole Secret in annotations are left out. */
export function readSecret({ kind, node }: Manifest): Partial<Pick<Secret, 'name'>> & Omit<Secret, 'name'> {
  if (kind !== 'Secret') throw wrong(`kind is ${kind || 'missing'}, and Secret is wanted`, entryOf(node, 'kind')?.value.span ?? node.span)
  const metadata = mappingOf(node, 'metadata')
  const name = nameOf(metadata, 'name')
  const data = new Map([...mappingOf(node, 'data').entries.map(decoded), ...mappingOf(node, 'stringData').entries.map(written)])
  return {
    ...(name === undefined ? {} : { name }), namespace: nameOf(metadata, 'namespace'), labels: textsOf(metadata, 'labels'),
    annotations: Object.fromEntries(Object.entries(textsOf(metadata, 'annotations')).filter(([key]) => !COPIES.includes(key))),
    type: textOf(node, 'type'), immutable: flagOf(node, 'immutable'), data,
  }
}

export function flagOf(node: YamlMapping, key: string): boolean | undefined {
  const value = entryOf(node, key)?.value
  if (!value || (value.kind === 'scalar' && value.value === null)) return undefined
  if (value.kind !== 'scalar' || typeof value.value !== 'boolean') throw wrong(`${key} must be true or false`, value.span)
  return value.value
}

export function nameOf(metadata: YamlMapping, key: 'name' | 'namespace'): string | undefined {
  const name = textOf(metadata, key)
  if (name !== undefined) checkName(name, key, entryOf(metadata, key)!.value.span)
  return name
}

/** Names as the API of Kubernetes takes them. */
export function checkName(name: string, what: 'name' | 'namespace', span?: Span): void {
  const rule = what === 'name' ? /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/ : /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
  if (!rule.test(name)) throw new Problem({ code: 'seal-name', summary: `this is no ${what} in Kubernetes`, detail: `'${name}'`, hint: `small letters, digits and -${what === 'name' ? ' and .' : ''}, beginning and ending with a letter or digit`, ...(span ? { span } : {}) })
}

/** Keys of a Secret as the API of Kubernetes takes them. */
export const isKey = (key: string): boolean => /^[-._a-zA-Z0-9]{1,253}$/.test(key) && !/^\.\.?$|^\.\./.test(key)
export function checkKey(key: string, span?: Span): void {
  if (!isKey(key)) throw new Problem({ code: 'seal-key', summary: 'this is no key of a Secret', detail: `'${key}'`, hint: 'letters, digits, -, _ and . are allowed', ...(span ? { span } : {}) })
}

function written(entry: YamlEntry): readonly [string, Buffer] {
  return [keyOf(entry), Buffer.from(isNull(entry) ? '' : textIn(entry))]
}

function decoded(entry: YamlEntry): readonly [string, Buffer] {
  const key = keyOf(entry)
  const text = isNull(entry) ? '' : textIn(entry).replace(/[\r\n]/g, '')
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw wrong(`data.${key} is not base64`, entry.value.span, 'texts in the clear belong under stringData')
  return [key, Buffer.from(text, 'base64')]
}

function keyOf({ key, keySpan }: YamlEntry): string {
  checkKey(String(key), keySpan)
  return String(key)
}
const isNull = ({ value }: YamlEntry): boolean => value.kind === 'scalar' && value.value === null

const some = <T extends object>(record: T): T | undefined => (Object.keys(record).length > 0 ? record : undefined)
/** Without what is undefined. */
export const present = (record: Readonly<Record<string, Json | undefined>>): { readonly [key: string]: Json } => Object.fromEntries(Object.entries(record).filter((entry): entry is [string, Json] => entry[1] !== undefined))

/** The fields that say which object it is. */
export const metadataOf = ({ name, namespace, labels, annotations }: Pick<Secret, 'name' | 'namespace' | 'labels' | 'annotations'>): Json => present({ name, namespace, labels: some(labels), annotations: some(annotations) })

/** The manifest, values as base64. */
export const secretManifest = (secret: Secret): Json => present({
  apiVersion: 'v1', kind: 'Secret', metadata: metadataOf(secret), type: secret.type, immutable: secret.immutable,
  data: Object.fromEntries([...secret.data].map(([key, bytes]) => [key, bytes.toString('base64')])),
})
