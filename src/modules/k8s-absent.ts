import { lookForGone } from '../contract/apply-objects.ts'
import type { Surroundings } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { type Answer, askKubectl, complaintIn, typeName } from '../contract/kubectl.ts'
import { objectsOf } from '../contract/manifests.ts'
import type { Looked } from '../contract/server-apply.ts'
import type { Reader } from '../host/reader.ts'
import { type JsonObject, inside } from '../kubernetes/field-set.ts'
import { type KubeObject, parsePrinted } from '../kubernetes/object.ts'
import type { Value } from '../value/value.ts'
import type { K8sParams } from './k8s-params.ts'

/** The objects that are to go, as far as they are there. */
export async function lookForAbsent(host: Reader, given: K8sParams, around: Surroundings): Promise<readonly Looked[]> {
  const named = given.name !== undefined || given.resource_definition !== undefined || given.src !== undefined || given.template !== undefined
  if (!named) return lookForAll(host, given, around)
  if (given.label_selectors !== undefined) fail('label_selectors choose among all objects of a kind: with state absent give kind and delete_all, and neither name nor definition')
  return lookForGone(host, await objectsOf(host, given, around, { partial: true }), given, around.environment)
}

/** All of a kind: only where the task says so. */
async function lookForAll(host: Reader, given: K8sParams, { environment }: Surroundings): Promise<readonly Looked[]> {
  if (given.kind === undefined) fail('nothing says which objects are meant: give a definition, src, template, or kind and name')
  if (!given.delete_all) fail(`name is missing: which ${given.kind} is meant? delete_all: true means all of them`)
  const args = ['get', typeName(given.api_version, given.kind), '-o', 'json', '--ignore-not-found', ...(given.namespace === undefined ? [] : [`--namespace=${given.namespace}`]), ...selectorArgs(given.label_selectors)]
  const [answer] = await askKubectl(host, given, [{ args }], { environment }) as readonly [Answer]
  if (answer.code !== 0 && /the server doesn't have a resource type/.test(answer.stderr)) return []
  if (answer.code !== 0) fail(complaintIn(answer.stderr))
  const found = parsePrinted(answer.stdout)
  const objects = found.map((json: JsonObject): KubeObject => ({ apiVersion: String(json.apiVersion), kind: String(json.kind), name: String(inside(json, 'metadata', 'name')), namespace: inside(json, 'metadata', 'namespace') as string | undefined, json }))
  return lookForGone(host, objects, given, environment, found)
}

/** Selectors as kubectl takes them: all of a list must fit. */
function selectorArgs(selectors: Value | undefined): readonly string[] {
  const all = (Array.isArray(selectors) ? (selectors as readonly Value[]) : selectors === undefined || selectors === null || selectors === '' ? [] : [selectors]).map(String)
  return all.length === 0 ? [] : [`--selector=${all.join(',')}`]
}
