import { setTimeout as sleep } from 'node:timers/promises'
import type { Reader } from '../host/reader.ts'
import { type Conflict, type JsonObject, conflictsOf, inside, ownFields } from '../kubernetes/field-set.ts'
import { type KubeObject, bare, isHidden, isSame, parsePrinted, titleOf, written } from '../kubernetes/object.ts'
import type { Json } from '../value/json.ts'
import { Unknown, isUnknown, unknown } from '../value/value.ts'
import { fail } from './failure.ts'
import { type ObjectState, type PlannedObject, kindKey, plannedKey, plannedObject } from './planned-objects.ts'
import { type Access, type Answer, type Question, askKubectl, complaintIn, strangeIn, warningsIn } from './kubectl.ts'

/** An object as it is, and as the server says that it will be. */
export interface Looked {
  readonly object: KubeObject
  readonly current: JsonObject | undefined
  /** The answer of the server's own dry run; missing where it cannot give one yet. */
  readonly applied: JsonObject | undefined
  readonly before: ObjectState
  readonly after: ObjectState
}

export interface Applying {
  readonly access: Access
  readonly environment: Readonly<Record<string, string>>
  readonly fieldManager: string
  readonly forceConflicts: boolean
}

/** Looks at all objects in one request: what is there, and what the server would make of ours. Fails for what the server refuses. */
export async function lookAt(host: Reader, objects: readonly KubeObject[], applying: Applying): Promise<{ readonly looked: readonly Looked[]; readonly warnings: readonly string[] }> {
  const planned = await Promise.all(objects.map((object) => host.get(plannedObject, plannedKey(applying.access, object))))
  const asked = objects.filter((_, i) => planned[i] === undefined)
  const { found, lacking, warnings } = await askServer(host, asked, applying)
  const looked = await Promise.all(objects.map(async (object, i): Promise<Looked> => {
    const plan = planned[i]
    if (plan !== undefined) return fromPlan(object, plan)
    const lacks = lacking.get(object)
    if (lacks !== undefined) return { object, current: undefined, applied: undefined, before: null, after: await bornLater(host, object, objects, lacks, applying.access) }
    const { current, applied } = found.get(object)!
    const { before, after } = ownFields(current, applied, applying.fieldManager)
    return { object, current, applied, before: current === undefined ? null : Object.fromEntries(before), after: Object.fromEntries(after) }
  }))
  const going = looked.filter(({ current }) => inside(current, 'metadata', 'deletionTimestamp') !== undefined)
  if (going.length > 0) fail(`${going.map(({ object }) => titleOf(object)).join(', ')} is on its way out, and would go with what is applied to it: wait until it is gone, as state: absent with wait: true does`)
  if (!applying.forceConflicts) refuseConflicts(looked, applying.fieldManager)
  return { looked, warnings }
}

type Lacking = 'kind' | 'namespace'
interface Found {
  readonly current: JsonObject | undefined
  readonly applied: JsonObject
}

/** How often a kind is asked for whose definition is there, and not served yet. */
const PATIENCE = 10

async function askServer(host: Reader, objects: readonly KubeObject[], applying: Applying, patience = PATIENCE): Promise<{ readonly found: ReadonlyMap<KubeObject, Found>; readonly lacking: ReadonlyMap<KubeObject, Lacking>; readonly warnings: readonly string[] }> {
  if (objects.length === 0) return { found: new Map(), lacking: new Map(), warnings: [] }
  const [got, applied] = await askKubectl(host, applying.access, questionsFor(objects, applying), applying) as readonly [Answer, Answer]
  if (applied.code === 0 && got.code === 0) return { found: paired(objects, parsePrinted(got.stdout), parsePrinted(applied.stdout)), lacking: new Map(), warnings: warningsIn(applied.stderr) }
  const lacking = new Map(objects.flatMap((object) => lackOf(object, applied.stderr) ?? []))
  if (lacking.size === 0) return fail(complaintIn(applied.code === 0 ? got.stderr : applied.stderr))
  if (patience > 0 && (await isDefined(host, [...lacking].flatMap(([object, lack]) => (lack === 'kind' ? [object] : [])), applying))) {
    await sleep(1000)
    return askServer(host, objects, applying, patience - 1)
  }
  // What the server has no place for yet is left out; the others are looked at again, without it.
  const rest = await askServer(host, objects.filter((object) => !lacking.has(object)), applying)
  return { ...rest, lacking: new Map([...rest.lacking, ...lacking]) }
}

/** Whether one of the kinds has just come: its definition is in the cluster, and the API does not serve it yet. */
async function isDefined(host: Reader, objects: readonly KubeObject[], { access, environment }: Applying): Promise<boolean> {
  if (objects.length === 0) return false
  const [answer] = await askKubectl(host, access, [{ args: ['get', 'customresourcedefinitions', '-o', 'json'] }], { environment }) as readonly [Answer]
  const definitions = answer.code === 0 ? parsePrinted(answer.stdout) : []
  return objects.some(({ apiVersion, kind }) => definitions.some((definition) => definesKind({ ...definition, kind: 'CustomResourceDefinition' }, apiVersion, kind) && servesVersion(definition, apiVersion)))
}

const servesVersion = (definition: JsonObject, apiVersion: string): boolean => {
  const versions = inside(definition, 'spec', 'versions')
  return Array.isArray(versions) && versions.some((version) => inside(version, 'name') === apiVersion.split('/')[1] && inside(version, 'served') === true)
}

function questionsFor(objects: readonly KubeObject[], { fieldManager }: Applying): readonly Question[] {
  return [
    { args: ['get', '-f', '-', '-o', 'json', '--ignore-not-found', '--show-managed-fields'], input: written(objects.map(bare)) },
    // Conflicts are looked for among the owners, so that all of them are told, each with its object.
    { args: ['apply', '-f', '-', '-o', 'json', '--server-side', '--dry-run=server', '--force-conflicts', `--field-manager=${fieldManager}`, '--show-managed-fields'], input: written(objects.map(({ json }) => json)) },
  ]
}

/** Applied objects come in our order; of those that are there some may be missing. */
function paired(objects: readonly KubeObject[], current: readonly JsonObject[], applied: readonly JsonObject[]): ReadonlyMap<KubeObject, Found> {
  return new Map(objects.map((object, i) => {
    const result = applied[i] ?? fail(`kubectl says nothing about ${titleOf(object)}`)
    const namespace = inside(result, 'metadata', 'namespace') as string | undefined
    return [object, { applied: result, current: current.find((one) => isSame({ ...object, namespace }, one)) }]
  }))
}

function lackOf(object: KubeObject, said: string): readonly [KubeObject, Lacking][] | undefined {
  if (strangeIn([object], said).length > 0) return [[object, 'kind']]
  const namespaces = [...said.matchAll(/namespaces "([^"]+)" not found/g)]
  return namespaces.some(([, name]) => name === object.namespace) ? [[object, 'namespace']] : undefined
}

/** An object whose namespace or kind is not there: the same task or an earlier one must make it. */
async function bornLater(host: Reader, { apiVersion, kind, namespace = '' }: KubeObject, all: readonly KubeObject[], lacking: Lacking, access: Access): Promise<Unknown> {
  const what = lacking === 'kind' ? `the definition of ${kind}` : `the namespace ${namespace}`
  const own = all.some((one) => (lacking === 'kind' ? definesKind(one.json, apiVersion, kind) : one.kind === 'Namespace' && one.name === namespace))
  if (own) return unknown(`created by this task: ${what}`)
  const key = lacking === 'kind' ? kindKey(access, apiVersion, kind) : plannedKey(access, { kind: 'Namespace', name: namespace, namespace: undefined })
  const planned = await host.get(plannedObject, key)
  if (planned !== undefined && planned !== 'absent') return unknown(`created by an earlier task: ${what}`)
  return fail(lacking === 'kind' ? `the cluster has no kind ${kind} in ${apiVersion}: its CustomResourceDefinition must be there first, or the version is another one` : `there is no namespace ${namespace}: make it first, in this task or an earlier one`)
}

export const definesKind = (json: JsonObject, apiVersion: string, kind: string): boolean => json.kind === 'CustomResourceDefinition' && inside(json, 'spec', 'group') === apiVersion.split('/')[0] && inside(json, 'spec', 'names', 'kind') === kind

/** In a dry run an earlier task has planned this very object. */
function fromPlan(object: KubeObject, plan: PlannedObject): Looked {
  const base = { object, current: undefined, applied: undefined }
  if (isUnknown(plan)) return { ...base, before: plan, after: plan }
  if (plan === 'absent') return { ...base, before: null, after: unknown('made anew, an earlier task removes it') }
  if (plan.json === JSON.stringify(object.json)) return { ...base, before: plan.fields, after: plan.fields }
  return { ...base, before: plan.fields, after: unknown(`an earlier task changes ${titleOf(object)}`) }
}

function refuseConflicts(looked: readonly Looked[], fieldManager: string): void {
  const all = looked.flatMap(({ object, current, applied }) => (applied ? conflictsOf(current, applied, fieldManager) : []).map((conflict): Conflict & { readonly object: KubeObject } => ({ ...conflict, object })))
  if (all.length === 0) return
  const managers = [...new Set(all.map(({ manager }) => manager))]
  const value = (object: KubeObject, path: string, of: Json | undefined) => (isHidden(object)(path) ? '(hidden)' : JSON.stringify(of))
  const lines = all.map(({ object, path, manager, found, wanted }) => `  ${titleOf(object)}: ${path} is ${value(object, path, found)} by ${manager}, and ${value(object, path, wanted)} here`)
  fail(`${all.length === 1 ? 'a field has' : `${all.length} fields have`} another owner, and another value there:\n${lines.join('\n')}\nleave them out of the manifest, or take them over with force_conflicts: true`, { conflicts: managers })
}
