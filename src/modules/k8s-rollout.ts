import { type Waiting, awaitReady } from '../contract/await-objects.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { type Answer, NEEDS_KUBECTL, askKubectl, complaintIn, kubectlParams, kubectlScript, typeName } from '../contract/kubectl.ts'
import { anyKey, plannedKey, plannedObject } from '../contract/planned-objects.ts'
import { leaves } from '../host/resource.ts'
import { act, run } from '../host/step.ts'
import { type JsonObject, inside } from '../kubernetes/field-set.ts'
import { type KubeObject, parsePrinted, titleOf } from '../kubernetes/object.ts'
import { readinessOf } from '../kubernetes/readiness.ts'
import { type Params, choice, flag, integer, text } from '../schema/field.ts'
import { commandLine } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, fresh, isUnknown, unknown } from '../value/value.ts'

const params = {
  ...kubectlParams,
  kind: choice(['Deployment', 'StatefulSet', 'DaemonSet'], 'What it is.', { default: 'Deployment' }),
  name: text('Its name.', { required: true }),
  namespace: text('Its namespace.', { default: 'default' }),
  state: choice(['status', 'restarted'], 'Wait until it is rolled out; or start its pods anew, one after the other.', { default: 'status' }),
  wait: flag('Wait until it is rolled out.', { default: true }),
  wait_timeout: integer('Seconds to wait at most.', { default: 300 }),
  wait_sleep: integer('Seconds between two looks.', { default: 2 }),
} as const
type RolloutParams = Params<typeof params>

interface State {
  readonly started: string | Unknown
  readonly seen: Aside<{ readonly object: JsonObject | undefined; readonly environment: Readonly<Record<string, string>> }>
}

export const k8sRollout = defineModule({
  name: 'k8s_rollout',
  summary: 'Wait until a Deployment, StatefulSet or DaemonSet is rolled out, or start its pods anew.',
  notes: [NEEDS_KUBECTL, 'Where it does not come about, the failure names each pod that hinders it and why: an image that cannot be had, a container that ends again and again, no node that takes it, a readiness probe that does not succeed.', 'A restart is a change each time; call it from a handler. A deadline of the Deployment that has passed ends the waiting at once.'],
  examples: `
- name: The application is there in its new version
  k8s_rollout: { name: web, namespace: shop, wait_timeout: 600 }
- name: Its pods start anew, for they read a file that changed
  k8s_rollout: { kind: StatefulSet, name: queue, namespace: shop, state: restarted }
`,
  params,
  eager: false,
  async probe(host, given, { environment }): Promise<State> {
    const plan = await host.get(plannedObject, plannedKey(given, given))
    if (plan !== undefined) return { started: plan === 'absent' ? fail(`an earlier task removes ${titleOf(given)}`) : unknown(`an earlier task plans ${titleOf(given)}`), seen: aside({ object: undefined, environment }) }
    const [answer] = await askKubectl(host, given, [{ args: ['get', typeName('apps/v1', given.kind), given.name, `--namespace=${given.namespace}`, '-o', 'json', '--ignore-not-found'] }], { environment }) as readonly [Answer]
    if (answer.code !== 0) fail(complaintIn(answer.stderr))
    const [object] = parsePrinted(answer.stdout)
    if (!object) {
      if ((await host.get(plannedObject, anyKey(given, given.kind))) !== undefined) throw unknown('an earlier task plans objects of this kind')
      fail(`there is no ${titleOf(given)}`)
    }
    return { started: String(inside(object, 'spec', 'template', 'metadata', 'annotations', 'kubectl.kubernetes.io/restartedAt') ?? ''), seen: aside({ object, environment }) }
  },
  plan: ({ state }, before): State => (state === 'restarted' ? { ...before, started: fresh('started anew') } : before),
  *apply({ params: given, before }) {
    const { environment } = before.seen.value
    const effects = [leaves(plannedObject, plannedKey(given, given), unknown(`${titleOf(given)} starts anew`))]
    yield run(`${kubectlScript(given, environment)}\n${AGAIN}\nrestart ${commandLine([`${given.kind.toLowerCase()}/${given.name}`, `--namespace=${given.namespace}`])}`, effects, { sentence: `restart ${titleOf(given)}`, failure: 'Kubernetes refused it' })
    if (given.wait) yield waitStep(given, environment)
  },
  *chores({ params: given, before }) {
    const { object, environment } = before.seen.value
    if (given.state === 'status' && given.wait && object && readinessOf(object).state !== 'ready') yield waitStep(given, environment)
  },
  diff: ({ params: given }) => [{ header: { before: titleOf(given), after: titleOf(given) }, before: 'its pods as they are\n', after: 'its pods, started anew\n' }],
  result({ before, replies }) {
    if (isUnknown(before.started)) return { outputs: { replicas: before.started, available: before.started } }
    const found = (replies.at(-1)?.value as readonly JsonObject[] | undefined)?.[0] ?? before.seen.value.object
    return { outputs: { replicas: Number(inside(found, 'status', 'replicas') ?? inside(found, 'status', 'desiredNumberScheduled') ?? 0), available: Number(inside(found, 'status', 'availableReplicas') ?? inside(found, 'status', 'numberAvailable') ?? 0) } }
  },
})

// The time of a restart is kept in whole seconds, and kubectl refuses a second one within the same: that one waits for the next.
const AGAIN = `restart() {
  for again in 1 2 3 4; do
    said=$(k rollout restart "$@" 2>&1) && return
    case $said in *'within the past second'*) sleep 1 ;; *) break ;; esac
  done
  printf '%s\\n' "$said" >&2
  return 1
}`

function waitStep(given: RolloutParams, environment: Readonly<Record<string, string>>) {
  const object: KubeObject = { apiVersion: 'apps/v1', kind: given.kind, name: given.name, namespace: given.namespace, json: {} }
  const waiting: Waiting = { access: given, environment, timeout: given.wait_timeout, sleep: given.wait_sleep }
  return act(`wait until ${titleOf(given)} is rolled out`, (host) => awaitReady(host, [object], waiting))
}
