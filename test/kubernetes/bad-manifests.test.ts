import { describe, expect, test } from 'vitest'
import { checkManifest, checkTwice } from '../../src/kubernetes/check-manifest.ts'
import { readText } from '../../src/kubernetes/manifest.ts'
import { type Problem, problemsOf } from '../../src/problem/problem.ts'

const pod = (containers: string) => `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n${containers}`
const deployment = (labels: string, more = '') => `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n${more}  template:\n    metadata: {labels: {${labels}}}\n    spec:\n      containers: [{name: web, image: web}]\n`

/** What is wrong with a manifest: its text, line and column, and what people read: the reason and the next move. */
const BAD: readonly (readonly [name: string, text: string, place: string, reason: string | RegExp, hint?: string | RegExp])[] = [
  ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', '1:1', 'kind is missing', 'as in kind: Deployment'],
  ['no apiVersion', 'kind: Deployment\nmetadata: {name: a}\nspec: {}\n', '1:1', 'apiVersion is missing', 'as in apiVersion: apps/v1'],
  ['no name', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  namespace: shop\n', '4:3', 'metadata has no name'],
  ['no metadata', 'apiVersion: v1\nkind: ConfigMap\n', '1:1', 'metadata.name is missing'],
  ['a name with capitals', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Web_Settings\n', '4:9', "metadata.name is 'Web_Settings', which is no name of a ConfigMap in Kubernetes", /^small letters/],
  ['a name that is a number', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: 42\n', '4:9', 'metadata.name must be a text, and is the number 42', 'put it between quotes: "42"'],
  ['a name that each run would make anew', 'apiVersion: v1\nkind: Pod\nmetadata:\n  generateName: web-\nspec: {containers: [{name: a, image: a}]}\n', '4:17', /^metadata.generateName is not offered/, 'give it a name'],
  ['a namespace of two words', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: my.shop}\n', '3:32', "metadata.namespace is 'my.shop', which is no name of one word"],
  ['a namespace of what has none', 'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a, namespace: shop}\n', '3:32', 'metadata.namespace is given, and ClusterRole has no namespace', 'leave it out'],
  ['a label that is a number', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n    version: 1.10\n', '6:14', 'metadata.labels.version must be a text, and is the number 1.10', 'put it between quotes: "1.10"'],
  ['a label with a space', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {team: web shop}\n', '5:18', "metadata.labels.team is 'web shop', which is no value of a label"],
  ['an annotation that is a truth value', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations: {example.org/on: true}\n', '5:33', 'metadata.annotations["example.org/on"] must be a text, and is the truth value true', 'put it between quotes: "true"'],
  ['a kind of another group', 'apiVersion: v1\nkind: Deployment\nmetadata: {name: a}\n', '1:13', "apiVersion is 'v1', which has no Deployment", 'Deployment is of apps/v1'],
  ['a kind that is a slip', 'apiVersion: v1\nkind: ConfigMaps\nmetadata: {name: a}\n', '2:7', "kind is 'ConfigMaps', which v1 does not have", "did you mean 'ConfigMap'?"],
  ['a version that is no longer served', 'apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: a}\n', '1:13', "apiVersion is 'extensions/v1beta1', which clusters no longer serve for Ingress", /^write networking\.k8s\.io\/v1/],
  ['a selector that chooses other pods', deployment('app: shop'), '5:33', "spec.selector.matchLabels.app is 'web', and the label of spec.template is 'shop'", /must choose the pods of its own template/],
  ['a field that is a slip', deployment('app: web', '  replica: 2\n'), '6:3', 'spec.replica is no field of it', "did you mean 'replicas'?"],
  ['a number between quotes', deployment('app: web', '  replicas: "2"\n'), '6:14', 'spec.replicas must be a whole number, and is a text', 'take the quotes away'],
  ['a restart policy that a Deployment does not have', deployment('app: web').replace('    spec:\n', '    spec:\n      restartPolicy: Never\n'), '9:22', "spec.template.spec.restartPolicy is 'Never', and must be one of Always"],
  ['no containers', pod('  containers: []\n'), '5:15', 'spec.containers is an empty list, and must have an entry'],
  ['two containers of one name', pod('  containers:\n    - {name: a, image: a}\n    - {name: a, image: b}\n'), '7:7', "spec.containers[1] is another container 'a'", 'the first is spec.containers[0]'],
  ['a variable that is a number', pod('  containers:\n    - name: a\n      image: a\n      env: [{name: PORT, value: 8080}]\n'), '8:33', 'spec.containers[0].env[0].value must be a text, and is the number 8080', 'put it between quotes: "8080"'],
  ['memory in megabytes', pod('  containers:\n    - name: a\n      image: a\n      resources: {limits: {memory: 128MB}}\n'), '8:36', "spec.containers[0].resources.limits.memory is '128MB', which is no quantity", /without a B/],
  ['a request above its limit', pod('  containers:\n    - name: a\n      image: a\n      resources:\n        requests: {cpu: 2}\n        limits: {cpu: 500m}\n'), '9:25', 'spec.containers[0].resources.requests.cpu is more than its limit', 'the limit is 500m'],
  ['a port that is none', pod('  containers:\n    - name: a\n      image: a\n      ports: [{containerPort: 80800}]\n'), '8:31', 'spec.containers[0].ports[0].containerPort is 80800, and must be from 1 to 65535'],
  ['a volume that is nowhere', pod('  containers:\n    - name: a\n      image: a\n      volumeMounts: [{name: data, mountPath: /data}]\n  volumes: [{name: date, emptyDir: {}}]\n'), '8:29', "spec.containers[0].volumeMounts[0].name is 'data', and there is no volume of that name", 'there are date'],
  ['a probe that looks in two ways', pod('  containers:\n    - name: a\n      image: a\n      livenessProbe: {httpGet: {port: 80}, tcpSocket: {port: 80}}\n'), '8:22', 'spec.containers[0].livenessProbe says several ways to look: httpGet, tcpSocket'],
  ['ports of a Service without names', 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  ports:\n    - port: 80\n    - {name: tls, port: 443}\n', '6:7', 'spec.ports[0] has no name', 'with more than one port each needs a name'],
  ['a node port that nobody opens', 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  ports: [{port: 80, nodePort: 30080}]\n', '5:32', 'spec.ports[0].nodePort is for Services of type NodePort or LoadBalancer'],
  ['an Ingress as of old', 'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec:\n  rules:\n    - http:\n        paths:\n          - {path: /, pathType: Prefix, backend: {serviceName: web, servicePort: 80}}\n', '8:64', /serviceName is the way of extensions\/v1beta1/, /^write service:/],
  ['a path that begins nowhere', 'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec:\n  rules:\n    - http: {paths: [{path: shop, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}\n', '6:29', "spec.rules[0].http.paths[0].path is 'shop', and must begin with /"],
  ['a Job that would never end', 'apiVersion: batch/v1\nkind: Job\nmetadata: {name: once}\nspec:\n  template:\n    spec:\n      containers: [{name: a, image: a}]\n', '7:7', 'spec.template.spec has no restartPolicy', /^a Job wants Never or OnFailure/],
  ['a schedule of four fields', 'apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly}\nspec:\n  schedule: "0 3 * *"\n  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}}\n', '5:14', "spec.schedule is '0 3 * *', which is no schedule"],
  ['a budget with two rules', 'apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec:\n  minAvailable: 1\n  maxUnavailable: 1\n  selector: {matchLabels: {app: web}}\n', '5:3', 'spec has both minAvailable and maxUnavailable'],
  ['an autoscaler that is upside down', 'apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  minReplicas: 5\n  maxReplicas: 2\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n', '6:16', 'spec.maxReplicas is 2, and minReplicas 5'],
  ['a rule without verbs', 'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: reader}\nrules:\n  - {apiGroups: [""], resources: [pods]}\n', '5:5', 'rules[0] has no verbs'],
  ['an account of no namespace', 'apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: reader}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}\nsubjects:\n  - {kind: ServiceAccount, name: web}\n', '6:5', 'subjects[0] has no namespace'],
  ['settings that are truth values', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  debug: yes\n', '5:10', 'data.debug must be a text, and is the truth value yes', 'put it between quotes: "yes"'],
  ['a Secret in the clear', 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  password: hunter22!\n', '5:13', 'data.password is not base64', 'texts in the clear belong under stringData'],
  ['a policy for no network', 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  podSelector: {}\n  ingress: [{from: [{ipBlock: {cidr: 10.0.0.1}}]}]\n', '6:38', "spec.ingress[0].from[0].ipBlock.cidr is '10.0.0.1', which is no CIDR"],
  ['a definition under another name', 'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: shop}\nspec: {group: example.org, scope: Namespaced, names: {kind: Shop, plural: shops}, versions: [{name: v1, served: true, storage: true}]}\n', '3:18', "metadata.name is 'shop', and must be 'shops.example.org'"],
  ['the same object twice', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n', '7:18', 'metadata.name : ConfigMap a is there twice', 'the first is on line 3'],
  ['a list that is no object', '- apiVersion: v1\n', '1:1', 'the manifest must be a mapping with apiVersion, kind and metadata'],
  ['what is no YAML', 'apiVersion: v1\nkind: [\n', '3:1', /.+/],
  ['a key that is there twice', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: b\n  a: c\n', '6:3', /already on line 5/],
]

function problemsIn(text: string): readonly Problem[] {
  try {
    const manifests = readText(text, 'manifest.yml')
    return [...manifests.flatMap((manifest) => checkManifest(manifest)), ...checkTwice(manifests, undefined)]
  } catch (thrown) {
    return problemsOf(thrown) ?? Promise.reject(thrown) as never
  }
}

describe('a bad manifest gives an error with its place, the reason and the next move', () => {
  test.each(BAD.map((bad) => [bad[0], bad] as const))('%s', (_name, [, text, place, reason, hint]) => {
    const problems = problemsIn(text)
    const shown = problems.map(({ span, detail, summary, hint: move }) => ({ place: `${span?.line}:${span?.column}`, reason: detail ?? summary, hint: move }))
    expect(shown).toHaveLength(1)
    expect(shown[0]).toEqual({ place, reason: typeof reason === 'string' ? reason : expect.stringMatching(reason), hint: hint === undefined ? shown[0]!.hint : typeof hint === 'string' ? hint : expect.stringMatching(hint) })
    expect(problems[0]!.span?.file).toBe('manifest.yml')
  })
})

test('nothing of a Secret stands in what is wrong with it', () => {
  for (const text of ['apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  password: hunter22!\n', 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  password: hunter22!\n  password: hunter22!\n', 'kind: Secret\nstringData: {password: hunter22!\n']) {
    const problems = problemsIn(text)
    expect(problems.length).toBeGreaterThan(0)
    for (const { message, hint, span } of problems) expect({ told: `${message} ${hint}`.includes('hunter22'), concealed: span?.concealed }).toEqual({ told: false, concealed: true })
  }
})
