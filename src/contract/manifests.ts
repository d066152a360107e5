import { contentResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { type CheckOptions, checkManifest, checkTwice } from '../kubernetes/check-manifest.ts'
import { type Manifest, readText, readValue } from '../kubernetes/manifest.ts'
import { type Given, type KubeObject, toObject } from '../kubernetes/object.ts'
import { type Problem, problemsOf } from '../problem/problem.ts'
import type { ControllerFile } from '../schema/field.ts'
import { bytesOf } from '../value/content.ts'
import { type Value, isUnknown } from '../value/value.ts'
import type { Surroundings } from './define-module.ts'
import { fail } from './failure.ts'

export interface ManifestParams {
  readonly resource_definition: Value | undefined
  readonly src: string | undefined
  readonly template: readonly ControllerFile[] | undefined
  readonly api_version: string
  readonly kind: string | undefined
  readonly name: string | undefined
  readonly namespace: string | undefined
}

export const givenBy = ({ api_version, kind, name, namespace }: ManifestParams): Given => ({ apiVersion: api_version, ...(kind === undefined ? {} : { kind }), ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }) })

/** The objects that a task speaks about, looked at whole before anything is asked of a cluster. */
export async function objectsOf(host: Reader, params: ManifestParams, around: Surroundings, options: Pick<CheckOptions, 'partial'> = {}): Promise<readonly KubeObject[]> {
  return located(async () => {
    const manifests = await manifestsOf(host, params, around)
    const given = givenBy(params)
    // Without a kind the version is but the default, and says nothing.
    const { apiVersion, ...rest } = given
    const problems = [...manifests.flatMap((manifest) => checkManifest(manifest, { ...options, given: params.kind === undefined || apiVersion === undefined ? rest : { ...rest, apiVersion } })), ...checkTwice(manifests, params.namespace)]
    if (problems.length > 0) fail(problems.map(showPlaced).join('\n'))
    return manifests.map((manifest) => toObject(manifest, given))
  })
}

async function manifestsOf(host: Reader, { resource_definition, src, template, kind, name }: ManifestParams, around: Surroundings): Promise<readonly Manifest[]> {
  const nowhere = { file: '', line: 0, column: 0 }
  if (resource_definition !== undefined && resource_definition !== null) return readValue(resource_definition, nowhere)
  // A template's lines are others than those of its file.
  if (template) return template.flatMap((one) => readText(bytesOf(one).toString(), `${one.path} (rendered)`))
  if (src !== undefined) return readText(await sourceText(host, src, around), src)
  if (kind !== undefined && name !== undefined) return readValue(new Map(), nowhere)
  return fail(kind === undefined ? 'nothing says which object is meant: give a definition, src, template, or kind and name' : 'name is missing: which object of this kind is meant?')
}

/** As for Ansible an absolute path is one of the host; a relative one is looked for as files of roles and playbooks are. */
async function sourceText(host: Reader, src: string, around: Surroundings): Promise<string> {
  if (/^[a-z]+:\/\//i.test(src)) fail(`src is an address: ${src}. Get it first, with get_url and a checksum, and name the file`)
  if (!/^[/~]/.test(src)) return around.readFile(src).toString()
  const content = await host.get(contentResource, src)
  if (isUnknown(content)) throw content
  return content?.toString() ?? fail(`Could not find ${src} on the host: a file of the controller is named relative to the role or the playbook`)
}

/** What is wrong with a text is the task's failure, with its place in it: a module has no other way to show one. */
async function located<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    const problems = problemsOf(thrown)
    if (!problems) throw thrown
    return fail(problems.map(showPlaced).join('\n'))
  }
}

export const showPlaced = ({ message, hint, span }: Problem): string => `${span && span.line > 0 ? `${span.file === '' ? 'definition, line ' : `${span.file}:`}${span.line}:${span.column}: ` : ''}${message}${hint ? ` (${hint})` : ''}`
