import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import { SHAPES, isSecret } from './kind-shapes.ts'
import { isBuiltIn, isNamespaced, isOld, kindNames, versionsOf } from './kinds.ts'
import type { Manifest } from './manifest.ts'
import { LABEL_WORDS, SUBDOMAIN_WORDS, isLabel, isPathSegment, isSubdomain } from './names.ts'
import { type Part, below, isOpen, opensBelow, textOf, wrong } from './part.ts'
import { type Shape, annotations, label, labels, object, text } from './shape.ts'

export interface CheckOptions {
  /** Names and kinds that the task gives may be missing in the manifest; a patch need not be whole. */
  readonly given?: Readonly<Partial<Record<'apiVersion' | 'kind' | 'name' | 'namespace', string>>>
  readonly partial?: boolean
}

/** What is wrong with one manifest, as far as it can be told without a cluster. */
export function checkManifest(manifest: Manifest, { given = {}, partial = false }: CheckOptions = {}): readonly Problem[] {
  const found: Problem[] = []
  const [apiVersion, kind] = [textOf(below(manifest, 'apiVersion')) ?? given.apiVersion, textOf(below(manifest, 'kind')) ?? given.kind]
  for (const [field, value] of [['apiVersion', apiVersion], ['kind', kind]] as const) {
    const part = below(manifest, field)
    if (part && !isOpen(part)) text(part, found)
    else if (!part && value === undefined) found.push(wrong(manifest, `${manifest.path === '' ? '' : 'has no '}${field}${manifest.path === '' ? ' is missing' : ''}`, field === 'kind' ? 'as in kind: Deployment' : `as in apiVersion: ${(kind && versionsOf(kind)[0]) ?? 'v1'}`))
  }
  if (apiVersion !== undefined && kind !== undefined) checkKind(manifest, apiVersion, kind, found)
  checkMetadata(manifest, apiVersion, kind, given, found)
  const shape = kind !== undefined && apiVersion !== undefined && isNamespaced(apiVersion, kind) !== undefined && Object.hasOwn(SHAPES, kind) ? SHAPES[kind] : undefined
  if (shape && !partial) shape(manifest, found)
  return isSecret(manifest) ? found.map((problem) => (problem.span ? new Problem({ ...problem.parts(), span: { ...problem.span, concealed: true } }) : problem)) : found
}

function checkKind(manifest: Manifest, apiVersion: string, kind: string, found: Problem[]): void {
  const versions = versionsOf(kind)
  const [at, atKind] = [below(manifest, 'apiVersion') ?? manifest, below(manifest, 'kind') ?? manifest]
  if (isNamespaced(apiVersion, kind) !== undefined) return
  if (!/^(?:[a-z0-9][-a-z0-9.]*\/)?v\d+(?:(?:alpha|beta)\d+)?$/.test(apiVersion)) found.push(wrong(at, `is '${apiVersion}', which is no version of an API`, `as in v1, or ${versions[0] ?? 'apps/v1'}`))
  else if (isOld(apiVersion, kind)) found.push(wrong(at, `is '${apiVersion}', which clusters no longer serve for ${kind}`, `write ${versions.at(-1)}, and mend what changed with it`))
  else if (isBuiltIn(apiVersion) || (versions.length > 0 && !apiVersion.includes('.'))) {
    const hint = versions.length > 0 ? `${kind} is of ${versions.join(' and ')}` : didYouMean(kind, kindNames())
    found.push(versions.length > 0 ? wrong(at, `is '${apiVersion}', which has no ${kind}`, hint) : wrong(atKind, `is '${kind}', which ${apiVersion} does not have`, hint))
  }
}

const metadataShape = object({ labels, annotations, namespace: label, generateName: text }, { also: 'name finalizers ownerReferences uid resourceVersion creationTimestamp generation managedFields deletionTimestamp deletionGracePeriodSeconds selfLink' })

function checkMetadata(manifest: Manifest, apiVersion: string | undefined, kind: string | undefined, given: CheckOptions['given'], found: Problem[]): void {
  const metadata = below(manifest, 'metadata')
  if (metadata) metadataShape(metadata, found)
  const name = below(metadata, 'name')
  if (name) nameShape(kind)(name, found)
  else if (given?.name === undefined) found.push(below(metadata, 'generateName') ? wrong(below(metadata, 'generateName')!, 'is not offered: an object with another name each time is made anew by each run', 'give it a name') : wrong(metadata ?? manifest, metadata ? 'has no name' : 'metadata.name is missing'))
  const [namespace, namespaced] = [below(metadata, 'namespace'), apiVersion !== undefined && kind !== undefined ? isNamespaced(apiVersion, kind) : undefined]
  if (namespace && namespaced === false) found.push(wrong(namespace, `is given, and ${kind} has no namespace`, 'leave it out'))
}

/** Names of some kinds become host names, or parts of paths. */
function nameShape(kind = ''): Shape {
  const rule = kind === 'Namespace' || kind === 'Service' ? { fits: isLabel, words: LABEL_WORDS } : /^(?:Cluster)?Role(?:Binding)?$/.test(kind) ? { fits: isPathSegment, words: 'it may hold no / and no %' } : { fits: isSubdomain, words: SUBDOMAIN_WORDS }
  return (part: Part, found) => {
    const value = textOf(part)
    if (value === undefined) return text(part, found)
    if (!isOpen(part) && (!rule.fits(value) || (kind === 'Service' && /^\d/.test(value)))) found.push(wrong(part, `is '${value}', which is no name${kind ? ` of a ${kind}` : ''} in Kubernetes`, rule.words))
  }
}

/** Objects that stand there twice: each run would undo what it did. */
export function checkTwice(manifests: readonly Manifest[], namespace: string | undefined): readonly Problem[] {
  const seen = new Map<string, Manifest>()
  return manifests.flatMap((manifest) => {
    const name = below(manifest, 'metadata', 'name')
    const [kind, own] = [textOf(below(manifest, 'kind')), textOf(name)]
    if (kind === undefined || own === undefined || isOpen(name!)) return []
    if (opensBelow(manifest, 'metadata', 'namespace') || opensBelow(manifest, 'apiVersion')) return []
    const where = textOf(below(manifest, 'metadata', 'namespace')) ?? namespace
    const group = (textOf(below(manifest, 'apiVersion')) ?? '').split('/').slice(0, -1).join('/')
    const id = [group, kind, where ?? '', own].join(' ')
    const first = seen.get(id)
    if (!first) {
      seen.set(id, manifest)
      return []
    }
    const { line } = below(first, 'metadata', 'name')!.node.span
    return [wrong(name!, `: ${kind} ${where === undefined ? '' : `${where}/`}${own} is there twice`, line > 0 ? `the first is on line ${line}` : `the first is ${first.place}`)]
  })
}
