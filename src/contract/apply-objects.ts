import type { Reader } from '../host/reader.ts'
import { type Effect, leaves } from '../host/resource.ts'
import { type RunStep, run } from '../host/step.ts'
import { type JsonObject, inside } from '../kubernetes/field-set.ts'
import { type KubeObject, bare, titleOf, written } from '../kubernetes/object.ts'
import { commandLine } from '../shell/quote.ts'
import { isUnknown } from '../value/value.ts'
import { GET, findObjects } from './find-objects.ts'
import { type Access, type Answer, askKubectl, kubectlScript } from './kubectl.ts'
import type { Applying, Looked } from './server-apply.ts'
import { anyKey, kindKey, plannedKey, plannedObject } from './planned-objects.ts'

/** What a plan leaves behind for later tasks. */
export const effectsOf = (access: Access, looked: readonly Looked[]): readonly Effect[] => looked.flatMap(({ object, after }) => [
  leaves(plannedObject, anyKey(access, object.kind), { json: '', fields: null }),
  leaves(plannedObject, plannedKey(access, object), after === null ? 'absent' : { json: JSON.stringify(object.json), fields: after }),
  ...(object.kind === 'CustomResourceDefinition' ? [leaves(plannedObject, kindKey(access, String(inside(object.json, 'spec', 'group')), String(inside(object.json, 'spec', 'names', 'kind'))), after === null ? 'absent' : { json: '', fields: null })] : []),
])

/** Applies objects in one command; they reach it through its standard input. */
export function applyStep(some: readonly Looked[], { access, environment, fieldManager, forceConflicts }: Applying): RunStep {
  const args = ['apply', '-f', '-', '-o', 'json', '--server-side', ...(forceConflicts ? ['--force-conflicts'] : []), `--field-manager=${fieldManager}`]
  return run(`${kubectlScript(access, environment)}\nk ${commandLine(args)}`, effectsOf(access, some), {
    stdin: Buffer.from(written(some.map(({ object }) => object.json))), sentence: `apply ${some.map(({ object }) => titleOf(object)).join(', ')}`, failure: 'Kubernetes refused it',
  })
}

/** The objects that are there; of a kind that the cluster does not have, nothing is there. */
export async function currentObjects(host: Reader, objects: readonly KubeObject[], access: Access, environment: Readonly<Record<string, string>>): Promise<readonly (JsonObject | undefined)[]> {
  return findObjects(objects, async (input) => {
    const [answer] = await askKubectl(host, access, [{ args: GET, input }], { environment }) as readonly [Answer]
    return answer
  })
}

/** Objects that are to go, as far as they are there and not on their way out. */
export async function lookForGone(host: Reader, objects: readonly KubeObject[], access: Access, environment: Readonly<Record<string, string>>, found?: readonly JsonObject[]): Promise<readonly Looked[]> {
  const current = found ?? (await currentObjects(host, objects, access, environment))
  return Promise.all(objects.map(async (object, i): Promise<Looked> => {
    const plan = await host.get(plannedObject, plannedKey(access, object))
    if (isUnknown(plan)) return { object, current: current[i], applied: undefined, before: plan, after: null }
    const isThere = plan === undefined ? current[i] !== undefined && inside(current[i], 'metadata', 'deletionTimestamp') === undefined : plan !== 'absent'
    return { object, current: current[i], applied: undefined, before: isThere ? {} : null, after: null }
  }))
}

export interface DeleteOptions {
  readonly gracePeriodSeconds: number | undefined
  readonly propagationPolicy: string | undefined
}

export function deleteStep(changed: readonly Looked[], access: Access, environment: Readonly<Record<string, string>>, { gracePeriodSeconds: grace, propagationPolicy: policy }: Partial<DeleteOptions> = {}): RunStep {
  const args = ['delete', '-f', '-', '--ignore-not-found', '--wait=false', '-o', 'name', ...(policy === undefined ? [] : [`--cascade=${policy.toLowerCase()}`]), ...(grace === undefined ? [] : [`--grace-period=${grace}`, ...(grace === 0 ? ['--force'] : [])])]
  return run(`${kubectlScript(access, environment)}\nk ${commandLine(args)}`, effectsOf(access, changed), {
    stdin: Buffer.from(written(changed.map(({ object }) => bare(object)))), sentence: `remove ${changed.map(({ object }) => titleOf(object)).join(', ')}`, failure: 'Kubernetes refused it',
  })
}
