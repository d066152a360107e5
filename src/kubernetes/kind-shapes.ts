import { isDataKey, isSubdomain } from './names.ts'
import { type Part, below, entriesOf, isOpen, itemsOf, numberOf, opensBelow, textOf, wrong } from './part.ts'
import { podSpec, podTemplate, selector } from './pod-shape.ts'
import { type Shape, all, any, countOrPercent, distinct, flag, integer, label, labels, list, mapOf, namedPort, object, oneOf, port, portOrName, quantity, ruled, subdomain, text } from './shape.ts'

/** A selector that does not choose the pods of its own template is refused by the server, and rarely understood from its words. */
const choosesItsPods: Shape = (part, found) => {
  if (opensBelow(part, 'template', 'metadata', 'labels') || opensBelow(part, 'selector', 'matchLabels') || opensBelow(part, 'selector', 'matchExpressions')) return
  const own = new Map(entriesOf(below(part, 'template', 'metadata', 'labels')).map((entry) => [entry.key, textOf(entry)]))
  const wanted = entriesOf(below(part, 'selector', 'matchLabels'))
  for (const entry of wanted) {
    const value = textOf(entry)
    if (value === undefined || (own.has(entry.key) && own.get(entry.key) === undefined) || own.get(entry.key) === value) continue
    found.push(wrong(entry, `is '${value}', and the label of spec.template is ${own.has(entry.key) ? `'${own.get(entry.key)}'` : 'not there'}`, 'a selector must choose the pods of its own template: give spec.template.metadata.labels the same'))
  }
  if (below(part, 'selector') && wanted.length === 0 && itemsOf(below(part, 'selector', 'matchExpressions')).length === 0) found.push(wrong(below(part, 'selector')!, 'chooses nothing', 'give matchLabels that are among spec.template.metadata.labels'))
}

const always = ['Always']
const rolling = object({ type: oneOf('RollingUpdate', 'Recreate', 'OnDelete'), rollingUpdate: object({ maxUnavailable: countOrPercent, maxSurge: countOrPercent, partition: integer(0) }) })
const counts = { minReadySeconds: integer(0), revisionHistoryLimit: integer(0) }
const deployment = object({ replicas: integer(0), selector, template: podTemplate(always), strategy: rolling, paused: flag, progressDeadlineSeconds: integer(1), ...counts }, { needs: ['selector', 'template'], whole: true, and: choosesItsPods })
const daemonSet = object({ selector, template: podTemplate(always), updateStrategy: rolling, ...counts }, { needs: ['selector', 'template'], whole: true, and: choosesItsPods })
const claim = object({ accessModes: list(oneOf('ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod')), resources: object({ requests: mapOf(quantity), limits: mapOf(quantity) }), storageClassName: text, volumeMode: oneOf('Filesystem', 'Block'), volumeName: text, selector }, { needs: ['accessModes', 'resources'], also: 'dataSource dataSourceRef volumeAttributesClassName' })
const statefulSet: Shape = (part, found) => {
  const claims = itemsOf(below(part, 'volumeClaimTemplates')).map((one) => textOf(below(one, 'metadata', 'name')))
  object({
    replicas: integer(0), serviceName: label, selector, template: podTemplate(always, claims), updateStrategy: rolling, podManagementPolicy: oneOf('OrderedReady', 'Parallel'), ...counts,
    volumeClaimTemplates: list(object({ metadata: object({ name: subdomain, labels, annotations: mapOf(text) }, { needs: ['name'] }), spec: claim }, { needs: ['metadata', 'spec'], also: 'apiVersion kind status' })),
  }, { needs: ['selector', 'template'], whole: true, also: 'persistentVolumeClaimRetentionPolicy ordinals', and: choosesItsPods })(part, found)
}
const JOB_ALSO = 'selector manualSelector podFailurePolicy podReplacementPolicy backoffLimitPerIndex maxFailedIndexes successPolicy managedBy'
const once = ['Never', 'OnFailure']
const restartsOnce: Shape = (part, found) => {
  const spec = below(part, 'template', 'spec')
  if (spec && !isOpen(spec) && !below(spec, 'restartPolicy')) found.push(wrong(spec, 'has no restartPolicy', 'a Job wants Never or OnFailure: Always, which counts where nothing is said, would start it again'))
}
const job = object({ template: podTemplate(once), completions: integer(0), parallelism: integer(0), backoffLimit: integer(0), activeDeadlineSeconds: integer(1), ttlSecondsAfterFinished: integer(0), suspend: flag, completionMode: oneOf('NonIndexed', 'Indexed') }, { needs: ['template'], also: JOB_ALSO, and: restartsOnce })
const schedule = ruled((value) => /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly|every \S+)$/.test(value) || (value.trim().split(/\s+/).length === 5 && !/[^\w*\/,\-?#\s]/.test(value)), 'schedule', 'five fields: minute, hour, day of the month, month, day of the week, as in "0 3 * * *"')
const cronJob = object({ schedule, timeZone: text, concurrencyPolicy: oneOf('Allow', 'Forbid', 'Replace'), jobTemplate: object({ spec: job, metadata: any }, { needs: ['spec'] }), suspend: flag, startingDeadlineSeconds: integer(0), successfulJobsHistoryLimit: integer(0), failedJobsHistoryLimit: integer(0) }, { needs: ['schedule', 'jobTemplate'], whole: true })

const SERVICE_ALSO = 'clusterIP clusterIPs externalIPs externalTrafficPolicy internalTrafficPolicy healthCheckNodePort ipFamilies ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges allocateLoadBalancerNodePorts publishNotReadyAddresses sessionAffinityConfig trafficDistribution'
const servicePorts: Shape = (part, found) => {
  const ports = itemsOf(below(part, 'ports'))
  for (const one of ports) if (ports.length > 1 && !below(one, 'name')) found.push(wrong(one, 'has no name', 'with more than one port each needs a name'))
  for (const one of ports) if (below(one, 'nodePort') && !opensBelow(part, 'type') && !opensBelow(one, 'nodePort') && ['ClusterIP', undefined].includes(textOf(below(part, 'type')))) found.push(wrong(below(one, 'nodePort')!, 'is for Services of type NodePort or LoadBalancer', 'give type: NodePort, or leave it out'))
  if (textOf(below(part, 'type')) === 'ExternalName' && !below(part, 'externalName')) found.push(wrong(part, 'has no externalName', 'a Service of type ExternalName stands for a DNS name'))
}
const service = object({
  type: oneOf('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'), selector: labels, externalName: text, sessionAffinity: oneOf('None', 'ClientIP'),
  ports: all(list(object({ name: namedPort, port, targetPort: portOrName, nodePort: port, protocol: oneOf('TCP', 'UDP', 'SCTP'), appProtocol: text }, { needs: ['port'], whole: true })), distinct('port', (item) => (numberOf(below(item, 'port')) === undefined ? undefined : `${numberOf(below(item, 'port'))}/${textOf(below(item, 'protocol')) ?? 'TCP'}`))),
}, { also: SERVICE_ALSO, and: servicePorts })

const backend: Shape = (part, found) => {
  if (below(part, 'serviceName')) return void found.push(wrong(below(part, 'serviceName')!, 'is the way of extensions/v1beta1', 'write service: { name: …, port: { number: … } }'))
  const ports = below(part, 'service', 'port')
  object({ service: object({ name: label, port: object({ number: port, name: text }, { whole: true }) }, { needs: ['name', 'port'] }), resource: any })(part, found)
  if (ports?.node.kind === 'mapping' && !opensBelow(ports, 'number') && !opensBelow(ports, 'name') && !below(ports, 'number') === !below(ports, 'name')) found.push(wrong(ports, 'must have one of number and name'))
}
const pathRule: Shape = (part, found) => {
  const [path, type] = [textOf(below(part, 'path')), textOf(below(part, 'pathType'))]
  if (path !== undefined && type !== 'ImplementationSpecific' && !path.startsWith('/')) found.push(wrong(below(part, 'path')!, `is '${path}', and must begin with /`))
}
const hostName = ruled((name) => isSubdomain(name.replace(/^\*\./, '')), 'host name', 'a DNS name in small letters, without a port; *.example.org is for one level')
const ingress = object({
  ingressClassName: subdomain, defaultBackend: backend, tls: list(object({ hosts: list(hostName), secretName: subdomain }, { whole: true })),
  rules: list(object({ host: hostName, http: object({ paths: list(object({ path: text, pathType: oneOf('Prefix', 'Exact', 'ImplementationSpecific'), backend }, { needs: ['pathType', 'backend'], whole: true, and: pathRule }), { filled: true }) }, { needs: ['paths'] }) })),
}, { whole: true })

const peers = list(object({ podSelector: selector, namespaceSelector: selector, ipBlock: object({ cidr: ruled((cidr) => /^[\da-fA-F.:]+\/\d{1,3}$/.test(cidr), 'CIDR', 'an address and a length, as in 10.0.0.0/8'), except: list(text) }, { needs: ['cidr'] }) }, { whole: true }))
const policyPorts = list(object({ port: portOrName, endPort: port, protocol: oneOf('TCP', 'UDP', 'SCTP') }, { whole: true }))
const networkPolicy = object({ podSelector: selector, policyTypes: list(oneOf('Ingress', 'Egress')), ingress: list(object({ from: peers, ports: policyPorts }, { whole: true })), egress: list(object({ to: peers, ports: policyPorts }, { whole: true })) }, { whole: true })

const disruption: Shape = (part, found) => {
  if (below(part, 'minAvailable') && below(part, 'maxUnavailable') && !opensBelow(part, 'minAvailable') && !opensBelow(part, 'maxUnavailable')) found.push(wrong(part, 'has both minAvailable and maxUnavailable', 'leave one of them out'))
}
const scaling: Shape = (part, found) => {
  const [min, max] = [opensBelow(part, 'minReplicas') ? 0 : numberOf(below(part, 'minReplicas')) ?? 1, numberOf(below(part, 'maxReplicas'))]
  if (max !== undefined && max < min) found.push(wrong(below(part, 'maxReplicas')!, `is ${max}, and minReplicas ${min}`))
}
const target = object({ apiVersion: text, kind: text, name: text }, { needs: ['kind', 'name'], whole: true })
const rule = object({ apiGroups: list(text), resources: list(text), resourceNames: list(text), nonResourceURLs: list(text), verbs: list(text, { filled: true }) }, { needs: ['verbs'], whole: true })
const binding = object({ roleRef: object({ apiGroup: text, kind: oneOf('Role', 'ClusterRole'), name: text }, { needs: ['kind', 'name'], whole: true }), subjects: list(object({ kind: oneOf('ServiceAccount', 'User', 'Group'), name: text, namespace: label, apiGroup: text }, { needs: ['kind', 'name'], whole: true, and: (part, found) => {
  if (textOf(below(part, 'kind')) === 'ServiceAccount' && !below(part, 'namespace')) found.push(wrong(part, 'has no namespace', 'a ServiceAccount is one of a namespace'))
} })) }, { needs: ['roleRef'] })

const dataKeys = mapOf(text, ruled(isDataKey, 'key of it', 'letters, digits, -, _ and . are allowed'))
const base64: Shape = (part, found) => {
  const value = textOf(part)?.replace(/[\r\n]/g, '')
  if (value === undefined) return text(part, found)
  if (value.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) found.push(wrong(part, 'is not base64', 'texts in the clear belong under stringData'))
}
const spec = (shape: Shape): Shape => object({ spec: shape }, { needs: ['spec'] })

const crdName: Shape = (part, found) => {
  const [name, plural, group] = [textOf(below(part, 'metadata', 'name')), textOf(below(part, 'spec', 'names', 'plural')), textOf(below(part, 'spec', 'group'))]
  if (name !== undefined && plural !== undefined && group !== undefined && name !== `${plural}.${group}`) found.push(wrong(below(part, 'metadata', 'name')!, `is '${name}', and must be '${plural}.${group}'`, 'the name is made of spec.names.plural and spec.group'))
}

/** What is looked at of a kind, beside its metadata. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  Pod: spec(podSpec()), Deployment: spec(deployment), DaemonSet: spec(daemonSet), StatefulSet: spec(statefulSet), ReplicaSet: spec(object({ replicas: integer(0), selector, template: podTemplate(always), minReadySeconds: integer(0) }, { needs: ['selector'], whole: true, and: choosesItsPods })),
  Job: spec(job), CronJob: spec(cronJob), Service: spec(service), Ingress: spec(ingress), NetworkPolicy: spec(networkPolicy), PersistentVolumeClaim: spec(claim),
  PodDisruptionBudget: spec(object({ minAvailable: countOrPercent, maxUnavailable: countOrPercent, selector, unhealthyPodEvictionPolicy: oneOf('IfHealthyBudget', 'AlwaysAllow') }, { whole: true, and: disruption })),
  HorizontalPodAutoscaler: spec(object({ scaleTargetRef: target, minReplicas: integer(0), maxReplicas: integer(1), metrics: list(any), behavior: any, targetCPUUtilizationPercentage: integer(1) }, { needs: ['scaleTargetRef', 'maxReplicas'], whole: true, and: scaling })),
  ConfigMap: object({ data: dataKeys, binaryData: mapOf(base64), immutable: flag }), Secret: object({ data: mapOf(base64, ruled(isDataKey, 'key of it', 'letters, digits, -, _ and . are allowed')), stringData: dataKeys, type: text, immutable: flag }),
  Role: object({ rules: list(rule) }), ClusterRole: object({ rules: list(rule), aggregationRule: any }), RoleBinding: binding, ClusterRoleBinding: binding,
  ServiceAccount: object({ automountServiceAccountToken: flag, imagePullSecrets: list(object({ name: text })), secrets: any }),
  LimitRange: spec(object({ limits: list(object({ type: text }, { needs: ['type'] })) }, { needs: ['limits'] })), ResourceQuota: spec(object({ hard: mapOf(quantity), scopes: list(text), scopeSelector: any })),
  StorageClass: object({ provisioner: text, reclaimPolicy: oneOf('Delete', 'Retain'), volumeBindingMode: oneOf('Immediate', 'WaitForFirstConsumer'), allowVolumeExpansion: flag, parameters: mapOf(text), mountOptions: list(text) }, { needs: ['provisioner'] }),
  PriorityClass: object({ value: integer(-2147483648, 1000000000), globalDefault: flag, description: text, preemptionPolicy: oneOf('Never', 'PreemptLowerPriority') }, { needs: ['value'] }),
  CustomResourceDefinition: all(spec(object({ group: subdomain, names: object({ kind: text, plural: label, singular: text, listKind: text, shortNames: list(text) }, { needs: ['kind', 'plural'] }), scope: oneOf('Namespaced', 'Cluster'), versions: list(object({ name: label, served: flag, storage: flag }, { needs: ['name', 'served', 'storage'] }), { filled: true }) }, { needs: ['group', 'names', 'scope', 'versions'] })), crdName),
}

/** Whether a Part is of a kind whose values are secrets. */
export const isSecret = (part: Part): boolean => textOf(below(part, 'kind')) === 'Secret'
