import type { Result } from '../contract/define-module.ts'
import type { Looked } from '../contract/server-apply.ts'
import { isChanged } from '../contract/show-objects.ts'
import type { StepReply } from '../host/step.ts'
import { type JsonObject, inside, isObject } from '../kubernetes/field-set.ts'
import { isSame, parsePrinted, shown } from '../kubernetes/object.ts'
import { fromJson } from '../value/json.ts'
import { type Value, dict, isDict, unknown } from '../value/value.ts'
import type { K8sParams } from './k8s-params.ts'
import type { K8sState } from './k8s.ts'

/** What `register` receives, with the names of kubernetes.core: of one object `result` and `method`, of several `result.results`. */
export function resultOf({ looked, warnings }: K8sState['seen']['value'], { state, wait }: K8sParams, replies: readonly StepReply[] | undefined): Result {
  const printed = replies?.flatMap(printedBy) ?? []
  const results = looked.map((one) => dict({ changed: isChanged(one), method: methodOf(one, state), result: objectOf(one, state, replies ? printed : undefined) }))
  const about = { ...(warnings.length > 0 ? { warnings } : {}), ...(wait && replies ? { duration: secondsOf(replies) } : {}) }
  if (results.length === 1) return { outputs: { result: results[0]!.get('result')!, method: results[0]!.get('method')!, ...about } }
  return { outputs: { result: dict({ results }), ...about } }
}

/** Steps that wait answer with the objects as they were in the end. */
function printedBy({ stdout, value }: StepReply): readonly JsonObject[] {
  if (Array.isArray(value)) return value as readonly JsonObject[]
  const output = stdout.toString()
  return output.startsWith('{') ? parsePrinted(output) : []
}

const methodOf = ({ before }: Looked, state: string): string => (state === 'absent' ? 'delete' : state === 'patched' ? 'patch' : before === null ? 'create' : 'apply')
const secondsOf = (replies: readonly StepReply[]): number => Math.round((replies.at(-1)!.ended.getTime() - replies[0]!.started.getTime()) / 1000)

/** The object as it is after the task; of one that a dry run changes, what only the server makes up is unknown. */
function objectOf(looked: Looked, state: string, printed: readonly JsonObject[] | undefined): Value {
  if (state === 'absent') return dict({})
  const { object, current, applied } = looked
  if (!isChanged(looked)) return current ? cleaned(current) : dict({})
  const done = printed?.findLast((one) => isSame(object, one))
  if (done) return cleaned(done)
  return applied ? planned(cleaned(applied), object.json) : unknown('the server has not seen it yet')
}

function cleaned(object: JsonObject): Value {
  const { managedFields: _, ...metadata } = isObject(object.metadata) ? object.metadata : {}
  return fromJson({ ...shown(object), metadata })
}

const MADE_UP = ['uid', 'resourceVersion', 'creationTimestamp', 'generation']
/** Parts of a spec that the server fills in each time anew. */
const FILLED: Readonly<Record<string, readonly string[]>> = { Service: ['clusterIP', 'clusterIPs', 'ports', 'healthCheckNodePort'], Job: ['selector', 'template'], Pod: ['volumes', 'containers', 'initContainers'], PersistentVolumeClaim: ['volumeName'] }

function planned(object: Value, written: JsonObject): Value {
  if (!isDict(object)) return object
  const later = unknown('what the server makes of it')
  const kind = String(object.get('kind'))
  const filled = (key: string, value: Value): Value => ((FILLED[kind] ?? []).includes(key) ? (inside(written, 'spec', key) === undefined || ['ports', 'containers', 'template'].includes(key) ? later : value) : value)
  return new Map([...object].map(([key, value]): [Value, Value] => {
    if (key === 'metadata' && isDict(value)) return [key, new Map([...value, ...MADE_UP.map((name): [Value, Value] => [name, later])].map(([name, one]): [Value, Value] => [name, kind === 'Job' && name === 'labels' ? later : one]))]
    if (key === 'spec' && isDict(value)) return [key, new Map([...value].map(([name, one]): [Value, Value] => [name, filled(String(name), one)]))]
    return [key, value]
  }).concat([['status', later]]))
}
