import type { Json } from '../value/json.ts'
import { type JsonObject, inside, isObject } from './field-set.ts'
import { isNamespaced } from './kinds.ts'
import type { Manifest } from './manifest.ts'
import { jsonOf } from './part.ts'

/** An object as Kubernetes is sent it, and what tells it apart. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  /** As the manifest or the task says; undefined for that of the context, and for kinds without one. */
  readonly namespace: string | undefined
  readonly json: JsonObject
}

export interface Given {
  readonly apiVersion?: string
  readonly kind?: string
  readonly name?: string
  readonly namespace?: string
}

/** Fields that the server writes: they stand in manifests that were taken from a cluster, and say nothing there. */
const SERVER_FIELDS = ['managedFields', 'creationTimestamp', 'generation', 'selfLink']

/** What the manifest says stands above what the task says. Throws the `Unknown` in it, where there is one. */
export function toObject(manifest: Manifest, given: Given): KubeObject {
  const { status: _, ...written } = jsonOf(manifest.node) as JsonObject
  const { name: own, namespace: home, ...metadata } = (isObject(written.metadata) ? written.metadata : {}) as JsonObject
  const [apiVersion, kind, name] = [String(written.apiVersion ?? given.apiVersion ?? 'v1'), String(written.kind ?? given.kind ?? ''), String(own ?? given.name ?? '')]
  // The namespace of the task is for those of its objects that have one.
  const namespace = home === undefined || home === null ? (isNamespaced(apiVersion, kind) === false ? undefined : given.namespace) : String(home)
  const kept = Object.fromEntries(Object.entries(metadata).filter(([key]) => !SERVER_FIELDS.includes(key)))
  const json = { ...written, apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...kept } }
  return { apiVersion, kind, name, namespace, json: kind === 'Secret' ? encoded(json) : json }
}

/** `stringData` is a way of writing alone: the server keeps base64, and owners of fields are told apart by what it keeps. */
function encoded({ stringData, ...secret }: JsonObject): JsonObject {
  if (!isObject(stringData)) return secret
  const data = Object.fromEntries(Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value ?? '')).toString('base64')]))
  return { ...secret, data: { ...(isObject(secret.data) ? secret.data : {}), ...data } }
}

/** Which object it is, without anything of it. */
export const bare = ({ apiVersion, kind, name, namespace }: KubeObject): JsonObject => ({ apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } })

/** How people call it: `Deployment shop/web`. */
export const titleOf = ({ kind, name, namespace }: Pick<KubeObject, 'kind' | 'name' | 'namespace'>): string => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`

/** Objects as kubectl reads them. */
export const written = (objects: readonly JsonObject[]): string => objects.map((object) => `---\n${JSON.stringify(object)}\n`).join('')

/** What kubectl prints of one object, of several, or of none. */
export function parsePrinted(output: string): readonly JsonObject[] {
  if (output.trim() === '') return []
  const printed = JSON.parse(output) as JsonObject
  return printed.kind === 'List' && Array.isArray(printed.items) ? (printed.items as readonly JsonObject[]) : [printed]
}

export const isSame = (object: Pick<KubeObject, 'apiVersion' | 'kind' | 'name' | 'namespace'>, found: JsonObject): boolean =>
  found.kind === object.kind && found.apiVersion === object.apiVersion && inside(found, 'metadata', 'name') === object.name && (object.namespace === undefined || [object.namespace, undefined].includes(inside(found, 'metadata', 'namespace') as string | undefined))

/** Values of a Secret that are shown to nobody. */
export const isHidden = ({ kind }: Pick<KubeObject, 'kind'>) => (path: string): boolean => kind === 'Secret' && /^(?:data|stringData)\b/.test(path)

/** The object without its values, where they are secrets. */
export const shown = (object: JsonObject): JsonObject => (object.kind === 'Secret' && isObject(object.data) ? { ...object, data: Object.fromEntries(Object.keys(object.data).map((key) => [key, HIDDEN])) } : object)
const HIDDEN = 'VALUE_SPECIFIED_IN_NO_LOG_PARAMETER'

/** The values of a Secret, in the clear. */
export const secretsIn = (object: Json): readonly string[] => (isObject(object) && object.kind === 'Secret' && isObject(object.data) ? Object.values(object.data).map((value) => Buffer.from(String(value ?? ''), 'base64').toString()) : [])
