import { fail } from '../contract/failure.ts'
import { showPlaced } from '../contract/manifests.ts'
import type { JsonObject } from '../kubernetes/field-set.ts'
import { LABEL_WORDS, isLabel } from '../kubernetes/names.ts'
import type { KubeObject } from '../kubernetes/object.ts'
import { problemsOf } from '../problem/problem.ts'
import type { Params } from '../schema/field.ts'
import { bytesOf } from '../value/content.ts'
import { type Json, toJson } from '../value/json.ts'
import { type Value, isDict } from '../value/value.ts'
import { parseYaml } from '../yaml/parse-nodes.ts'
import { toValue } from '../yaml/yaml-node.ts'
import { writeYaml } from '../yaml/write-yaml.ts'
import type { helmChartParams } from './helm-chart.ts'

type ChartParams = Params<typeof helmChartParams>

/** Parameters that a HelmChartConfig has no place for. */
const OF_A_CHART = ['chart', 'repo', 'version', 'chart_content', 'set', 'target_namespace', 'timeout', 'back_off_limit'] as const

/** The object that the task speaks about, checked before anything is asked of a cluster. */
export function chartObject(given: ChartParams): KubeObject {
  const { name, namespace, packaged, state, failure_policy } = given
  // Helm keeps a release in Secrets whose names have more in them.
  if (!isLabel(name) || name.length > 53) fail(`name: '${name}' is no name of a release: ${LABEL_WORDS.replace('63', '53')}`)
  for (const [key, value] of [['namespace', namespace], ['target_namespace', given.target_namespace]] as const) if (value !== undefined && !isLabel(value)) fail(`${key}: '${value}' is no namespace: ${LABEL_WORDS}`)
  if (state === 'present') packaged ? refuseForPackaged(given) : checkSource(given)
  const base = { apiVersion: 'helm.cattle.io/v1', kind: packaged ? 'HelmChartConfig' : 'HelmChart', name, namespace }
  const spec = packaged ? { ...valuesOf(given.values), failurePolicy: failure_policy } : chartSpec(given)
  return { ...base, json: { apiVersion: base.apiVersion, kind: base.kind, metadata: { name, namespace }, spec } }
}

function refuseForPackaged(given: ChartParams): void {
  const strange = OF_A_CHART.filter((param) => given[param] !== undefined)
  if (strange.length > 0) fail(`packaged: ${strange.join(', ')} cannot be said of a chart that k3s brings: leave it out, or say packaged: false`)
}

function checkSource({ chart, repo, chart_content, version }: ChartParams): void {
  if (chart === undefined && chart_content === undefined) fail('nothing says which chart it is: give chart, or chart_content')
  if (chart !== undefined && chart_content !== undefined) fail('chart and chart_content exclude each other')
  if (repo !== undefined && !/^(?:https?|oci):\/\/\S+$/.test(repo)) fail(`repo: '${repo}' is no address of a repository: it begins with https:// or oci://`)
  if (chart !== undefined && repo === undefined && !/^[a-z]+:\/\/|^%\{KUBERNETES_API\}/.test(chart) && !/^https:\/\/%\{/.test(chart)) fail(`chart: '${chart}' is a name, and no repo says where it is: give repo, or the address of a packed chart`)
  if (version !== undefined && chart_content !== undefined) fail('version: a packed chart has its own; leave it out')
}

function chartSpec({ chart, repo, version, chart_content, values, set, target_namespace, create_namespace, failure_policy, timeout, back_off_limit, bootstrap }: ChartParams): JsonObject {
  if (timeout !== undefined && !/^(?:\d+(?:h|m|s))+$/.test(timeout)) fail(`timeout: '${timeout}' is no time: write 300s, or 10m`)
  const spec: Readonly<Record<string, Json | undefined>> = {
    chart, repo, version, chartContent: chart_content && bytesOf(chart_content).toString('base64'), ...valuesOf(values), set: set === undefined || set === null ? undefined : settings(set), targetNamespace: target_namespace,
    createNamespace: create_namespace || undefined, failurePolicy: failure_policy, timeout, backOffLimit: back_off_limit, bootstrap: bootstrap || undefined,
  }
  return Object.fromEntries(Object.entries(spec).filter((entry): entry is [string, Json] => entry[1] !== undefined))
}

function settings(set: Value): JsonObject {
  if (!isDict(set)) return fail('set must be a dict')
  return Object.fromEntries([...set].map(([key, value]) => [String(key), typeof value === 'number' || typeof value === 'string' ? value : typeof value === 'boolean' ? String(value) : fail(`set: ${String(key)} must be a text or a number: lists and dicts belong under values`)]))
}

function valuesOf(values: Value | undefined): JsonObject {
  if (values === undefined || values === null) return {}
  if (isDict(values)) return { valuesContent: writeYaml(toJson(values)) }
  if (typeof values !== 'string') return fail('values must be a dict, or the text of one')
  try {
    const found = toValue(parseYaml(values, { file: '', templates: false, duplicates: 'refuse' }))
    if (!isDict(found)) fail('values: the text must be that of a mapping')
  } catch (thrown) {
    const problems = problemsOf(thrown)
    if (!problems) throw thrown
    fail(problems.map((problem) => showPlaced(problem).replace(/^definition/, 'values')).join('\n'))
  }
  return { valuesContent: values }
}
