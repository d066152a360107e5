import { effectsOf } from '../contract/apply-objects.ts'
import { fail } from '../contract/failure.ts'
import { type Answer, askKubectl, complaintIn, kubectlScript, typeName } from '../contract/kubectl.ts'
import type { Looked } from '../contract/server-apply.ts'
import { type ObjectState, plannedKey, plannedObject } from '../contract/planned-objects.ts'
import type { Reader } from '../host/reader.ts'
import { type Step, run } from '../host/step.ts'
import { type JsonObject, isObject } from '../kubernetes/field-set.ts'
import { isBuiltIn } from '../kubernetes/kinds.ts'
import { type KubeObject, parsePrinted, titleOf } from '../kubernetes/object.ts'
import { joined } from '../kubernetes/part.ts'
import { commandLine } from '../shell/quote.ts'
import type { Json } from '../value/json.ts'
import { unknown } from '../value/value.ts'
import { type K8sParams, applyingOf } from './k8s-params.ts'

/** What a patch of objects that are there would change; those that are not there are left alone. */
export async function lookForPatch(host: Reader, objects: readonly KubeObject[], given: K8sParams, environment: Readonly<Record<string, string>>): Promise<readonly Looked[]> {
  const questions = objects.flatMap((object) => [{ args: ['get', ...nameOf(object), '-o', 'json', '--ignore-not-found'] }, { args: patchArgs(object, given, ['--dry-run=server', '-o', 'json']), input: patchOf(object) }])
  const answers = objects.length === 0 ? [] : await askKubectl(host, given, questions, { environment })
  return Promise.all(objects.map(async (object, i): Promise<Looked> => {
    const [got, patched] = answers.slice(i * 2, i * 2 + 2) as [Answer, Answer]
    const plan = await host.get(plannedObject, plannedKey(given, object))
    if (plan !== undefined) return { object, current: undefined, applied: undefined, before: plan === 'absent' ? null : unknown(`an earlier task changes ${titleOf(object)}`), after: plan === 'absent' ? null : unknown(`an earlier task changes ${titleOf(object)}`) }
    const current = got.code === 0 ? parsePrinted(got.stdout)[0] : undefined
    if (got.code !== 0 && !/doesn't have a resource type|namespaces "[^"]+" not found/.test(got.stderr)) fail(complaintIn(got.stderr))
    if (!current) return { object, current: undefined, applied: undefined, before: null, after: null }
    if (patched.code !== 0) fail(complaintIn(patched.stderr))
    const applied = parsePrinted(patched.stdout)[0]!
    return { object, current, applied, before: flat(current), after: flat(applied) }
  }))
}

/** All that a patch may change: not what the server counts, nor what controllers say. */
function flat({ status: _, metadata, ...rest }: JsonObject): ObjectState {
  const { resourceVersion: _1, generation: _2, managedFields: _3, uid: _4, creationTimestamp: _5, ...kept } = isObject(metadata) ? metadata : {}
  const fields: Record<string, Json> = {}
  const walk = (value: Json | undefined, path: string): void => {
    if (isObject(value) && Object.keys(value).length > 0) for (const [key, item] of Object.entries(value)) walk(item, joined(path, key))
    else if (value !== undefined) fields[path] = value
  }
  walk({ ...rest, metadata: kept }, '')
  return fields
}

const nameOf = ({ apiVersion, kind, name, namespace }: KubeObject): readonly string[] => [typeName(apiVersion, kind), name, ...(namespace === undefined ? [] : [`--namespace=${namespace}`])]

/** Kinds of the cluster itself are merged as their fields want it (lists by their keys), others as JSON. */
const patchArgs = (object: KubeObject, given: K8sParams, more: readonly string[]): readonly string[] =>
  ['patch', ...nameOf(object), `--type=${isBuiltIn(object.apiVersion) ? 'strategic' : 'merge'}`, '--patch-file=/dev/stdin', `--field-manager=${applyingOf(given).fieldManager}`, ...more]

function patchOf({ json: { apiVersion: _, kind: _1, metadata, ...rest } }: KubeObject): string {
  const { name: _2, namespace: _3, ...kept } = metadata as JsonObject
  return JSON.stringify({ ...rest, ...(Object.keys(kept).length > 0 ? { metadata: kept } : {}) })
}

export function* patchSteps(changed: readonly Looked[], given: K8sParams, environment: Readonly<Record<string, string>>): Iterable<Step> {
  for (const looked of changed) yield run(`${kubectlScript(given, environment)}\nk ${commandLine(patchArgs(looked.object, given, ['-o', 'json']))}`, effectsOf(given, [looked]), {
    stdin: Buffer.from(patchOf(looked.object)), sentence: `patch ${titleOf(looked.object)}`, failure: 'Kubernetes refused it',
  })
}
