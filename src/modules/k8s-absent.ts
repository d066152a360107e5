import { fail } from '../contract/failure.ts'
import { type Answer, askKubectl, complaintIn, kubectlScript } from '../contract/kubectl.ts'
import { objectsOf } from '../contract/manifests.ts'
import { type Looked, plannedKey, plannedObject } from '../contract/server-apply.ts'
import type { Surroundings } from '../contract/define-module.ts'
import type { Reader } from '../host/reader.ts'
import { leaves } from '../host/resource.ts'
import { type RunStep, run } from '../host/step.ts'
import { type JsonObject, inside } from '../kubernetes/field-set.ts'
import { type KubeObject, bare, isSame, parsePrinted, titleOf, written } from '../kubernetes/object.ts'
import { commandLine } from '../shell/quote.ts'
import { type Value, isUnknown } from '../value/value.ts'
import type { K8sParams } from './k8s-params.ts'

/** The objects that are to go, as far as they are there. */
export async function lookForAbsent(host: Reader, given: K8sParams, around: Surroundings): Promise<readonly Looked[]> {
  const named = given.name !== undefined || given.resource_definition !== undefined || given.src !== undefined || given.template !== undefined
  if (!named) return lookForAll(host, given, around)
  if (given.label_selectors !== undefined) fail('label_selectors choose among all objects of a kind: with state absent give kind and delete_all, and neither name nor definition')
  const objects = await objectsOf(host, given, around, { partial: true })
  const found = await currentOf(host, objects, given, around.environment)
  return Promise.all(objects.map((object, i) => gone(host, object, found[i], given)))
}

async function gone(host: Reader, object: KubeObject, current: JsonObject | undefined, given: K8sParams): Promise<Looked> {
  const plan = await host.get(plannedObject, plannedKey(given, object))
  if (isUnknown(plan)) return { object, current, applied: undefined, before: plan, after: null }
  const isThere = plan === undefined ? current !== undefined && inside(current, 'metadata', 'deletionTimestamp') === undefined : plan !== 'absent'
  return { object, current, applied: undefined, before: isThere ? {} : null, after: null }
}

async function currentOf(host: Reader, objects: readonly KubeObject[], given: K8sParams, environment: Readonly<Record<string, string>>): Promise<readonly (JsonObject | undefined)[]> {
  if (objects.length === 0) return []
  const [answer] = await askKubectl(host, given, [{ args: ['get', '-f', '-', '-o', 'json', '--ignore-not-found'], input: written(objects.map(bare)) }], { environment }) as readonly [Answer]
  // Of a kind that the cluster does not have, nothing is there.
  const strange = new Set([...answer.stderr.matchAll(/no matches for kind "([^"]+)" in version "([^"]+)"/g)].map(([, kind, version]) => `${version} ${kind}`))
  if (answer.code !== 0 && strange.size > 0) {
    const known = objects.filter(({ apiVersion, kind }) => !strange.has(`${apiVersion} ${kind}`))
    const found = known.length < objects.length ? await currentOf(host, known, given, environment) : fail(complaintIn(answer.stderr))
    return objects.map((object) => (known.includes(object) ? found[known.indexOf(object)] : undefined))
  }
  if (answer.code !== 0) fail(complaintIn(answer.stderr))
  const found = parsePrinted(answer.stdout)
  return objects.map((object) => found.find((one) => isSame(object, one)))
}

/** All of a kind: only where the task says so. */
async function lookForAll(host: Reader, given: K8sParams, { environment }: Surroundings): Promise<readonly Looked[]> {
  if (given.kind === undefined) fail('nothing says which objects are meant: give a definition, src, template, or kind and name')
  if (!given.delete_all) fail(`name is missing: which ${given.kind} is meant? delete_all: true means all of them`)
  const group = given.api_version.includes('/') ? `.${given.api_version.split('/').reverse().join('.')}` : ''
  const args = ['get', `${given.kind}${group}`, '-o', 'json', '--ignore-not-found', ...(given.namespace === undefined ? [] : [`--namespace=${given.namespace}`]), ...selectorArgs(given.label_selectors)]
  const [answer] = await askKubectl(host, given, [{ args }], { environment }) as readonly [Answer]
  if (answer.code !== 0 && /the server doesn't have a resource type/.test(answer.stderr)) return []
  if (answer.code !== 0) fail(complaintIn(answer.stderr))
  const objects = parsePrinted(answer.stdout).map((json): [KubeObject, JsonObject] => [{ apiVersion: String(json.apiVersion), kind: String(json.kind), name: String(inside(json, 'metadata', 'name')), namespace: inside(json, 'metadata', 'namespace') as string | undefined, json }, json])
  return Promise.all(objects.map(([object, json]) => gone(host, object, json, given)))
}

/** Selectors as kubectl takes them: all of a list must fit. */
export function selectorArgs(selectors: Value | undefined): readonly string[] {
  const all = (Array.isArray(selectors) ? (selectors as readonly Value[]) : selectors === undefined || selectors === null || selectors === '' ? [] : [selectors]).map(String)
  return all.length === 0 ? [] : [`--selector=${all.join(',')}`]
}

export function deleteObjects(changed: readonly Looked[], given: K8sParams, environment: Readonly<Record<string, string>>): RunStep {
  const { gracePeriodSeconds: grace, propagationPolicy: policy } = given.delete_options ?? {}
  const args = ['delete', '-f', '-', '--ignore-not-found', '--wait=false', '-o', 'name', ...(policy === undefined ? [] : [`--cascade=${policy.toLowerCase()}`]), ...(grace === undefined ? [] : [`--grace-period=${grace}`, ...(grace === 0 ? ['--force'] : [])])]
  return run(`${kubectlScript(given, environment)}\nk ${commandLine(args)}`, changed.map(({ object }) => leaves(plannedObject, plannedKey(given, object), 'absent')), {
    stdin: Buffer.from(written(changed.map(({ object }) => bare(object)))), sentence: `remove ${changed.map(({ object }) => titleOf(object)).join(', ')}`, failure: 'Kubernetes refused it',
  })
}
