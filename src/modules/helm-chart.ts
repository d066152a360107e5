import { applyStep, deleteStep, lookForGone } from '../contract/apply-objects.ts'
import { awaitGone } from '../contract/await-objects.ts'
import { defineModule } from '../contract/define-module.ts'

import { NEEDS_KUBECTL, kubectlParams } from '../contract/kubectl.ts'
import { type Looked, lookAt } from '../contract/server-apply.ts'
import type { ObjectState } from '../contract/planned-objects.ts'
import { isChanged, objectDiffs } from '../contract/show-objects.ts'
import { type Step, act } from '../host/step.ts'
import { inside } from '../kubernetes/field-set.ts'
import { type KubeObject, titleOf } from '../kubernetes/object.ts'
import { choice, controllerFile, flag, integer, raw, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { awaitChart } from './helm-chart-wait.ts'
import { chartObject } from './helm-chart-object.ts'

export const helmChartParams = {
  ...kubectlParams,
  name: text('The name of the release.', { required: true }),
  namespace: text('Where the HelmChart object is: k3s looks into this one for its own.', { default: 'kube-system' }),
  state: choice(['present', 'absent'], 'Whether the chart is installed.', { default: 'present' }),
  packaged: flag('The chart comes with k3s (traefik): only its values are said, by a HelmChartConfig.', { default: false }),
  chart: text('The chart: its name in the repository, or the address of a packed one.'),
  repo: text('The repository, an address.'),
  version: text('The version of the chart.'),
  chart_content: controllerFile('files', 'A packed chart (.tgz) on the controller, which becomes part of the object.'),
  values: raw('Values: a dict, or the text of one as YAML.', { hidden: true }),
  set: raw('Single values that stand above all others, a dict.'),
  target_namespace: text('The namespace that the chart is installed into.'),
  create_namespace: flag('Make that namespace where it is not there.', { default: false }),
  failure_policy: choice(['abort', 'reinstall'], 'What becomes of a release that failed: reinstall removes it first, with what it holds.', { default: 'abort' }),
  timeout: text('How long Helm may take, as in 300s.'),
  back_off_limit: integer('How often the job is tried again.'),
  bootstrap: flag('The cluster needs the chart for its nodes to get ready (a network).', { default: false }),
  force_conflicts: flag('Take over fields that another manager owns with another value.', { default: false }),
  wait: flag('Wait until the job that installs it has ended well.', { default: false }),
  wait_timeout: integer('Seconds to wait at most.', { default: 600 }),
  wait_sleep: integer('Seconds between two looks.', { default: 3 }),
} as const

interface State {
  readonly objects: Readonly<Record<string, ObjectState>>
  readonly seen: Aside<{ readonly looked: readonly Looked[]; readonly warnings: readonly string[]; readonly environment: Readonly<Record<string, string>> }>
}

export const helmChart = defineModule({
  name: 'helm_chart',
  summary: 'Keep a Helm chart installed by k3s, or the values of one that k3s brings.',
  notes: [NEEDS_KUBECTL, 'It makes the objects HelmChart and HelmChartConfig, of which the helm-controller of k3s makes a job helm-install-NAME: no helm is needed anywhere. Other clusters do not have them.', 'failure_policy is abort: what k3s does by itself removes a release that failed, and its data with it.'],
  examples: `
- name: The certificate manager, in the version that was tried
  helm_chart:
    name: cert-manager
    chart: cert-manager
    repo: https://charts.jetstack.io
    version: v1.19.1
    target_namespace: cert-manager
    create_namespace: true
    values: { crds: { enabled: true } }
    wait: true
- name: Two replicas of the ingress that k3s brings
  helm_chart: { name: traefik, packaged: true, values: { deployment: { replicas: 2 } } }
- name: A chart of our own, without a repository
  helm_chart: { name: shop, chart_content: shop-1.2.0.tgz, target_namespace: shop }
`,
  params: helmChartParams,
  eager: false,
  async probe(host, given, { environment }): Promise<State> {
    const object = chartObject(given)
    if (given.state === 'absent') return stateOf(await lookForGone(host, [object], given, environment), [], environment)
    const { looked, warnings } = await lookAt(host, [object], { access: given, environment, fieldManager: 'tutti', forceConflicts: given.force_conflicts })
    return stateOf(looked, warnings, environment)
  },
  plan: (_given, before): State => ({ ...before, objects: statesOf(before.seen.value.looked, 'after') }),
  *apply({ params: given, before }): Iterable<Step> {
    const { looked, environment } = before.seen.value
    if (given.state === 'absent') yield deleteStep(looked, given, environment)
    else yield applyStep(looked, { access: given, environment, fieldManager: 'tutti', forceConflicts: given.force_conflicts })
    if (given.wait) yield waitStep(looked[0]!, given, environment)
  },
  *chores({ params: given, before }): Iterable<Step> {
    const { looked, environment } = before.seen.value
    if (given.wait && given.state === 'present' && !looked.some(isChanged)) yield waitStep(looked[0]!, given, environment)
  },
  diff: ({ before }) => objectDiffs(before.seen.value.looked),
  result: ({ before }) => ({ outputs: before.seen.value.warnings.length > 0 ? { warnings: before.seen.value.warnings } : {} }),
})

const statesOf = (looked: readonly Looked[], side: 'before' | 'after'): State['objects'] => Object.fromEntries(looked.flatMap((one) => (one[side] === null ? [] : [[titleOf(one.object), one[side]]])))
const stateOf = (looked: readonly Looked[], warnings: readonly string[], environment: Readonly<Record<string, string>>): State => ({ objects: statesOf(looked, 'before'), seen: aside({ looked, warnings, environment }) })

type Given = Parameters<typeof chartObject>[0]

function waitStep(looked: Looked, given: Given, environment: Readonly<Record<string, string>>): Step {
  const waiting = { access: given, environment, timeout: given.wait_timeout, sleep: given.wait_sleep }
  const object: KubeObject = looked.object
  if (given.state === 'absent') return act(`wait until ${given.name} is uninstalled`, (host) => awaitGone(host, [object], waiting))
  const job = inside(looked.current, 'status', 'jobName')
  return act(`wait until ${given.name} is installed`, (host) => awaitChart(host, object, { ...waiting, changed: isChanged(looked), job: typeof job === 'string' ? job : `helm-install-${given.name}` }))
}
