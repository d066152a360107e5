import { setTimeout as sleep } from 'node:timers/promises'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { type Access, type Answer, NEEDS_KUBECTL, REFUSED_ACCESS, askKubectl, askWhileActing, complaintIn, kubectlParams, kubectlScript, objectsIn, whileAnswered } from '../contract/kubectl.ts'
import type { Acting } from '../host/act.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { act, run } from '../host/step.ts'
import { type Drainage, blockersOf, drainageOf } from '../kubernetes/drainage.ts'
import { type JsonObject, inside } from '../kubernetes/field-set.ts'
import { nameOf, namespaceOf } from '../kubernetes/hindrance.ts'
import { parsePrinted } from '../kubernetes/object.ts'
import { type Params, choice, flag, integer, list, record, text } from '../schema/field.ts'
import { commandLine } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { isUnknown } from '../value/value.ts'

const params = {
  ...kubectlParams,
  name: text('The node.', { required: true }),
  state: choice(['drain', 'cordon', 'uncordon'], 'Whether its pods go elsewhere; whether it takes no new ones; whether it takes them again.', { default: 'drain' }),
  delete_options: record({
    force: flag('Pods that nobody starts elsewhere go as well.', { default: false }),
    ignore_daemonsets: flag('Pods of DaemonSets stay.', { default: false }),
    delete_emptydir_data: flag('Pods may lose what they keep in an emptyDir.', { default: false }),
    disable_eviction: flag('Pods are removed whatever a PodDisruptionBudget says.', { default: false }),
    terminate_grace_period: integer('Seconds that pods have to end, in place of their own.'),
    wait_timeout: integer('Seconds until it is given up; 0 for never.', { default: 300 }),
    wait_sleep: integer('Seconds between two looks.', { default: 5 }),
  }, 'How pods leave the node.'),
  pod_selectors: list(text('A selector.'), 'Only pods whose labels fit leave.', { aliases: ['label_selectors'] }),
} as const
type DrainParams = Params<typeof params>
type DrainOptions = NonNullable<DrainParams['delete_options']>

interface State {
  readonly unschedulable: boolean
  /** Pods that must leave, and have not begun to. */
  readonly pods: readonly string[]
  readonly seen: Aside<{ readonly drainage: Drainage; readonly environment: Readonly<Record<string, string>> }>
}

/** What a dry run has planned of a node. */
const plannedNode: Resource<{ readonly unschedulable: boolean; readonly isEmpty: boolean } | undefined> = { kind: 'kubernetes-node', load: async (_shell, keys) => keys.map(() => undefined) }
const keyOf = ({ kubeconfig, context }: Access, name: string): string => [kubeconfig ?? '', context ?? '', name].join(' ')

export const k8sDrain = defineModule({
  name: 'k8s_drain',
  summary: 'Bring the pods of a node elsewhere before work on it, and let it take pods again.',
  notes: [
    NEEDS_KUBECTL,
    'Pods are evicted, so that PodDisruptionBudgets hold; when the time is over, the failure names each pod that is left and the budget that keeps it. The node stays cordoned then.',
    'Unlike for Ansible it always waits until the pods have gone, 300 seconds where wait_timeout says nothing.',
  ],
  examples: `
- name: The pods of the node go elsewhere
  k8s_drain: { name: node1, delete_options: { ignore_daemonsets: true, delete_emptydir_data: true, wait_timeout: 600 } }
- name: It takes pods again
  k8s_drain: { name: node1, state: uncordon }
`,
  params,
  refused: REFUSED_ACCESS,
  eager: false,
  async probe(host, given, { environment }): Promise<State> {
    const [planned, [node, pods]] = await Promise.all([host.get(plannedNode, keyOf(given, given.name)), askKubectl(host, given, questions(given), { environment }) as Promise<readonly [Answer, Answer]>])
    const [found] = objectsIn(node)
    if (!found) fail(`there is no node ${given.name}`)
    const drainage = drainageOf(objectsIn(pods), optionsOf(given))
    const plan = isUnknown(planned) ? undefined : planned
    if (given.state === 'drain' && drainage.forbidden.length > 0 && !plan?.isEmpty) fail(`${given.name} cannot be drained: ${drainage.forbidden.join('; ')}`)
    const leaving = given.state === 'drain' && !plan?.isEmpty ? drainage.leaving.map(titleOf).sort() : []
    return { unschedulable: plan?.unschedulable ?? inside(found, 'spec', 'unschedulable') === true, pods: leaving, seen: aside({ drainage, environment }) }
  },
  plan: ({ state }, before): State => ({ ...before, unschedulable: state !== 'uncordon', pods: [] }),
  *apply({ params: given, before, after }) {
    const { environment } = before.seen.value
    const effects = [leaves(plannedNode, keyOf(given, given.name), { unschedulable: after.unschedulable, isEmpty: given.state === 'drain' })]
    const word = after.unschedulable ? 'cordon' : 'uncordon'
    if (after.unschedulable !== before.unschedulable) yield run(`${kubectlScript(given, environment)}\nk ${commandLine([word, '--', given.name])}`, effects, { sentence: `${word} ${given.name}`, failure: 'Kubernetes refused it' })
    if (before.pods.length > 0 || isEnding(given, before)) yield act(`drain ${given.name} of ${before.pods.join(', ') || 'what is ending'}`, (host) => drain(host, given, environment), effects)
  },
  *chores({ params: given, before }) {
    // Pods that are on their way out are waited for, also where nothing else is to do.
    if (before.unschedulable && before.pods.length === 0 && isEnding(given, before)) yield act(`wait until the pods of ${given.name} have ended`, (host) => drain(host, given, before.seen.value.environment))
  },
  diff({ params: { name }, before, after }) {
    const side = ({ unschedulable, pods }: State) => `${name}: ${unschedulable ? 'takes no new pods' : 'takes pods'}\n${pods.map((pod) => `pod ${pod}\n`).join('')}`
    return [{ header: { before: name, after: name }, before: side(before), after: side(after) }]
  },
  result: ({ params: { name, state }, changed }) => ({ outputs: { result: !changed ? `node ${name} is as it should be` : state === 'drain' ? `Node ${name} marked unschedulable. Its pods are gone.` : `Node ${name} marked ${state === 'cordon' ? 'unschedulable' : 'schedulable'}.` } }),
})

const titleOf = (pod: JsonObject): string => `${namespaceOf(pod)}/${nameOf(pod)}`
const isEnding = ({ state }: DrainParams, { seen }: State): boolean => state === 'drain' && seen.value.drainage.ending.length > 0
const optionsOf = ({ delete_options }: DrainParams): DrainOptions => delete_options ?? { force: false, ignore_daemonsets: false, delete_emptydir_data: false, disable_eviction: false, terminate_grace_period: undefined, wait_timeout: 300, wait_sleep: 5 }

const questions = ({ name, pod_selectors = [] }: DrainParams) => [
  { args: ['get', 'nodes', '-o', 'json', '--ignore-not-found', `--field-selector=metadata.name=${name}`] },
  { args: ['get', 'pods', '--all-namespaces', '-o', 'json', `--field-selector=spec.nodeName=${name}`, ...(pod_selectors.length > 0 ? [`--selector=${pod_selectors.join(',')}`] : [])] },
] as const

/** kubectl evicts again and again for a while; between two whiles we look what is left, and say so. */
async function drain(host: Acting, given: DrainParams, environment: Readonly<Record<string, string>>): Promise<void> {
  const { force, ignore_daemonsets, delete_emptydir_data, disable_eviction, terminate_grace_period: grace, wait_timeout: patience, wait_sleep } = optionsOf(given)
  const flags = [force && '--force', ignore_daemonsets && '--ignore-daemonsets', delete_emptydir_data && '--delete-emptydir-data', disable_eviction && '--disable-eviction', grace !== undefined && `--grace-period=${grace}`, given.pod_selectors?.length && `--pod-selector=${given.pod_selectors.join(',')}`].filter((one) => typeof one === 'string')
  for (const end = patience === 0 ? Number.POSITIVE_INFINITY : Date.now() + patience * 1000; ; await sleep(Math.max(0, Math.min(wait_sleep * 1000, end - Date.now())), undefined, { signal: host.signal })) {
    const round = Math.max(1, Math.min(15, Math.ceil((end - Date.now()) / 1000)))
    const answers = await whileAnswered(host, end, () => askWhileActing(host, given, [
      { args: ['drain', ...flags, `--timeout=${round}s`, '--', given.name] }, questions(given)[1], { args: ['get', 'poddisruptionbudgets', '--all-namespaces', '-o', 'json'] },
    ], { environment, timeout: round + 60 }))
    if (!answers) continue
    const [, pods, budgets] = answers as readonly [Answer, Answer, Answer]
    if (pods.code !== 0) fail(complaintIn(pods.stderr))
    const left = drainageOf(objectsIn(pods), optionsOf(given))
    if (left.leaving.length + left.ending.length === 0) return
    const blockers = blockersOf(left, budgets.code === 0 ? parsePrinted(budgets.stdout) : [])
    host.progress(blockers.join(', '))
    if (Date.now() >= end) fail(`${given.name} is not empty after ${patience} s, and stays cordoned:\n${blockers.map((line) => `  ${line}`).join('\n')}`, { blockers })
  }
}
