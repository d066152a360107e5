import { applyStep, deleteStep } from '../contract/apply-objects.ts'
import { awaitGone, awaitReady, conditionIn } from '../contract/await-objects.ts'
import { checkDefinition } from '../contract/check-definition.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { NEEDS_KUBECTL, REFUSED_ACCESS } from '../contract/kubectl.ts'
import { objectsOf } from '../contract/manifests.ts'
import { type Looked, lookAt } from '../contract/server-apply.ts'
import type { ObjectState } from '../contract/planned-objects.ts'
import { isChanged, objectDiffs } from '../contract/show-objects.ts'
import { type Step, act } from '../host/step.ts'
import { type KubeObject, secretsIn, titleOf } from '../kubernetes/object.ts'
import { readinessOf } from '../kubernetes/readiness.ts'
import { type Aside, aside } from '../value/aside.ts'
import { isUnknown } from '../value/value.ts'
import { lookForAbsent } from './k8s-absent.ts'
import { lookForPatch, patchSteps } from './k8s-patched.ts'
import { type K8sParams, applyingOf, k8sParams } from './k8s-params.ts'
import { resultOf } from './k8s-result.ts'

export interface K8sState {
  readonly objects: Readonly<Record<string, ObjectState>>
  readonly seen: Aside<{ readonly looked: readonly Looked[]; readonly warnings: readonly string[]; readonly environment: Readonly<Record<string, string>> }>
}

const UNOFFERED = {
  ...REFUSED_ACCESS,
  force: 'an object is never replaced whole: what a manifest does not speak about stays; remove it first where it must be made anew', merge_type: 'state: patched takes the merge that fits the kind',
  append_hash: 'name the object with a hash of its content in a template', generate_name: 'an object with another name each time would be made anew by each run: give it a name',
  continue_on_error: 'all objects are looked at before the first is changed', validate: 'manifests are always looked at, by tutti and then by the server', hidden_fields: 'results have no managedFields and no values of Secrets; take from the others what you need',
} as const

export const k8s = defineModule({
  name: 'k8s',
  summary: 'Keep objects of Kubernetes as their manifests say.',
  notes: [
    NEEDS_KUBECTL,
    'Manifests are looked at before anything is asked of the cluster, then by the server: the difference that is shown is that of its own dry run, in the fields that the manifests speak about. Values of Secrets are never shown.',
    'Unlike for Ansible everything is applied by the server, under a field manager: a field that left the manifest leaves the object, and one that another manager set otherwise is a failure that names both, unless force_conflicts takes it over.',
    'Objects whose namespace or definition is not there yet are unknown in a dry run, and so is everything where an earlier task brings the cluster.',
  ],
  examples: `
- name: The namespace and what runs in it
  k8s:
    definition:
      - { apiVersion: v1, kind: Namespace, metadata: { name: shop } }
      - apiVersion: v1
        kind: ConfigMap
        metadata: { name: settings, namespace: shop }
        data: { colour: blue }
- name: All objects of a template, and the Deployments among them rolled out
  k8s: { template: shop.yml.j2, namespace: shop, wait: true, wait_timeout: 300 }
- name: A field that another tool has set is taken over
  k8s: { src: settings.yml, force_conflicts: true }
- name: One that is no longer needed
  k8s: { state: absent, kind: ConfigMap, name: old-settings, namespace: shop, wait: true }
- name: A label for a namespace that is there
  k8s: { state: patched, kind: Namespace, name: shop, definition: { metadata: { labels: { team: web } } } }
`,
  params: k8sParams,
  refused: UNOFFERED,
  rules: { atMostOneOf: [['resource_definition', 'src', 'template']] },
  check: checkDefinition,
  eager: false,
  async probe(host, given, around): Promise<K8sState> {
    const { environment } = around
    if (given.state === 'absent') return stateOf(await lookForAbsent(host, given, around), [], environment)
    if (given.label_selectors !== undefined) fail('label_selectors choose what is removed: with state absent, kind and delete_all')
    const objects = await objectsOf(host, given, around, { partial: given.state === 'patched' })
    for (const secret of objects.flatMap(({ json }) => secretsIn(json))) if (secret.length >= 8) around.secret?.(secret)
    if (given.state === 'patched') return stateOf(await lookForPatch(host, objects, given, environment), [], environment)
    const { looked, warnings } = await lookAt(host, objects, { access: given, environment, ...applyingOf(given) })
    return stateOf(looked, warnings, environment)
  },
  plan: (_given, before): K8sState => ({ ...before, objects: statesOf(before.seen.value.looked, 'after') }),
  *apply({ params: given, before }): Iterable<Step> {
    const { looked, environment } = before.seen.value
    const changed = looked.filter(isChanged)
    if (given.state === 'absent') yield deleteStep(changed, given, environment, given.delete_options)
    else if (given.state === 'patched') yield* patchSteps(changed, given, environment)
    else yield* applySteps(changed, given, environment)
    if (given.wait) yield waitStep(looked.map(({ object }) => object), given, environment)
  },
  *chores({ params: given, before }): Iterable<Step> {
    const { looked, environment } = before.seen.value
    const open = looked.filter(({ current }) => current && readinessOf(current, conditionIn(given.wait_condition)).state !== 'ready')
    // What is as it should be may not be ready yet; where there is something to change, that comes first.
    if (given.wait && given.state !== 'absent' && !looked.some(isChanged) && open.length > 0) yield waitStep(open.map(({ object }) => object), given, environment)
  },
  diff: ({ before }) => objectDiffs(before.seen.value.looked),
  result: ({ params: given, before, replies, taken }) => resultOf(before.seen.value, given, taken ? replies : undefined),
})

const keyOf = (object: KubeObject): string => `${object.apiVersion} ${titleOf(object)}`
/** What is not there is not in the state: which objects a task is about may depend on it. */
const statesOf = (looked: readonly Looked[], side: 'before' | 'after'): K8sState['objects'] => Object.fromEntries(looked.flatMap((one) => (one[side] === null ? [] : [[keyOf(one.object), one[side]]])))
const stateOf = (looked: readonly Looked[], warnings: readonly string[], environment: Readonly<Record<string, string>>): K8sState => ({ objects: statesOf(looked, 'before'), seen: aside({ looked, warnings, environment }) })

/** Namespaces and definitions first: others may be of them. */
function* applySteps(changed: readonly Looked[], given: K8sParams, environment: Readonly<Record<string, string>>): Iterable<Step> {
  const applying = { access: given, environment, ...applyingOf(given) }
  const isGround = ({ object: { kind } }: Looked) => kind === 'Namespace' || kind === 'CustomResourceDefinition'
  const first = changed.some((one) => !isGround(one) && isUnknown(one.after)) ? changed.filter(isGround) : []
  if (first.length > 0) yield applyStep(first, applying)
  const definitions = first.filter(({ object }) => object.kind === 'CustomResourceDefinition').map(({ object }) => object)
  if (definitions.length > 0) yield waitStep(definitions, { ...given, wait_timeout: 60, wait_sleep: 1, wait_condition: undefined }, environment)
  const rest = changed.filter((one) => !first.includes(one))
  if (rest.length > 0) yield applyStep(rest, applying)
}

export function waitStep(objects: readonly KubeObject[], given: Pick<K8sParams, 'state' | 'kubeconfig' | 'context' | 'wait_timeout' | 'wait_sleep' | 'wait_condition'>, environment: Readonly<Record<string, string>>): Step {
  const waiting = { access: given, environment, timeout: given.wait_timeout, sleep: given.wait_sleep, condition: conditionIn(given.wait_condition) }
  const names = objects.map(titleOf).join(', ')
  return given.state === 'absent' ? act(`wait until ${names} is gone`, (host) => awaitGone(host, objects, waiting)) : act(`wait until ${names} is ready`, (host) => awaitReady(host, objects, waiting))
}
