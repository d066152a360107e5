import { isLabelValue, isQualified, parseQuantity } from './names.ts'
import { type Part, below, entriesOf, itemsOf, numberOf, opensBelow, textOf, wrong } from './part.ts'
import { type Shape, all, annotations, any, distinct, flag, integer, label, labels, list, mapOf, namedPort, object, oneOf, port, portOrName, quantity, ruled, subdomain, text } from './shape.ts'

const nameOf = (part: Part): string | undefined => textOf(below(part, 'name'))

const requests: Shape = (part, found) => {
  for (const limit of entriesOf(below(part, 'limits'))) {
    const request = below(part, 'requests', limit.key)
    const [most, wanted] = [limit, request].map((one) => (one?.node.kind === 'scalar' ? parseQuantity(one.node.text) : undefined))
    if (request && most !== undefined && wanted !== undefined && wanted > most) found.push(wrong(request, `is more than its limit`, `the limit is ${limit.node.kind === 'scalar' ? limit.node.text : ''}`))
  }
}
const resources = object({ requests: mapOf(quantity), limits: mapOf(quantity) }, { also: 'claims', and: requests })

const HANDLERS = ['httpGet', 'tcpSocket', 'exec', 'grpc', 'sleep'] as const
const handler = { httpGet: object({ path: text, port: portOrName, scheme: oneOf('HTTP', 'HTTPS') }, { needs: ['port'], also: 'host httpHeaders' }), tcpSocket: object({ port: portOrName }, { needs: ['port'], also: 'host' }), exec: object({ command: list(text) }), grpc: object({ port }, { needs: ['port'], also: 'service' }) }
const oneHandler: Shape = (part, found) => {
  const given = HANDLERS.filter((name) => below(part, name))
  if (given.length !== 1 && !given.some((name) => opensBelow(part, name))) found.push(wrong(part, given.length === 0 ? 'says not how to look' : `says several ways to look: ${given.join(', ')}`, 'give one of httpGet, tcpSocket, exec and grpc'))
}
const probe = object({ ...handler, initialDelaySeconds: integer(0), periodSeconds: integer(1), timeoutSeconds: integer(1), successThreshold: integer(1), failureThreshold: integer(1), terminationGracePeriodSeconds: integer(1) }, { and: oneHandler })
const lifecycle = object({ postStart: object({ ...handler, sleep: any }, { and: oneHandler }), preStop: object({ ...handler, sleep: any }, { and: oneHandler }) }, { also: 'stopSignal' })

const valueOrSource: Shape = (part, found) => {
  if (below(part, 'value') && below(part, 'valueFrom') && !opensBelow(part, 'value') && !opensBelow(part, 'valueFrom')) found.push(wrong(part, 'has both value and valueFrom', 'leave one of them out'))
}
const envVar = object({ name: ruled((name) => name !== '' && !name.includes('='), 'name of a variable', 'no = may be in it'), value: text, valueFrom: any }, { needs: ['name'], and: valueOrSource })

const CONTAINER_ALSO = 'workingDir envFrom volumeDevices terminationMessagePath terminationMessagePolicy stdin stdinOnce tty resizePolicy restartPolicy restartPolicyRules'
const container = object({
  name: label, image: text, imagePullPolicy: oneOf('Always', 'IfNotPresent', 'Never'), command: list(text), args: list(text), env: all(list(envVar), distinct('variable', nameOf)),
  ports: all(list(object({ containerPort: port, hostPort: port, name: namedPort, protocol: oneOf('TCP', 'UDP', 'SCTP') }, { needs: ['containerPort'], also: 'hostIP' })), distinct('port', (item) => (numberOf(below(item, 'containerPort')) === undefined ? undefined : `${numberOf(below(item, 'containerPort'))}/${textOf(below(item, 'protocol')) ?? 'TCP'}`))),
  resources, livenessProbe: probe, readinessProbe: probe, startupProbe: probe, lifecycle,
  volumeMounts: list(object({ name: text, mountPath: text, readOnly: flag, subPath: text }, { needs: ['name', 'mountPath'], also: 'subPathExpr mountPropagation recursiveReadOnly' })),
  securityContext: object({ runAsUser: integer(0), runAsGroup: integer(0), runAsNonRoot: flag, readOnlyRootFilesystem: flag, allowPrivilegeEscalation: flag, privileged: flag }, { also: 'capabilities seLinuxOptions seccompProfile procMount windowsOptions appArmorProfile' }),
}, { needs: ['name', 'image'], also: CONTAINER_ALSO })

const SOURCES = 'awsElasticBlockStore azureDisk azureFile cephfs cinder configMap csi downwardAPI emptyDir ephemeral fc flexVolume flocker gcePersistentDisk gitRepo glusterfs hostPath image iscsi nfs persistentVolumeClaim photonPersistentDisk portworxVolume projected quobyte rbd scaleIO secret storageos vsphereVolume'
const volume = object({ name: label, configMap: object({ name: text, defaultMode: integer(0, 0o777) }, { also: 'items optional' }), secret: object({ secretName: text, defaultMode: integer(0, 0o777) }, { also: 'items optional' }), persistentVolumeClaim: object({ claimName: text, readOnly: flag }, { needs: ['claimName'] }), hostPath: object({ path: text }, { needs: ['path'], also: 'type' }) }, { needs: ['name'], also: SOURCES })

/** What containers mount must be among the volumes. */
const mounted = (extra: readonly (string | undefined)[]): Shape => (part, found) => {
  if (opensBelow(part, 'volumes')) return
  const volumes = new Set([...itemsOf(below(part, 'volumes')).map(nameOf), ...extra])
  for (const group of ['containers', 'initContainers']) for (const mount of itemsOf(below(part, group)).flatMap((one) => itemsOf(below(one, 'volumeMounts')))) {
    const name = nameOf(mount)
    if (name !== undefined && !volumes.has(name) && !volumes.has(undefined)) found.push(wrong(below(mount, 'name')!, `is '${name}', and there is no volume of that name`, volumes.size > 0 ? `there are ${[...volumes].join(', ')}` : 'list it under volumes'))
  }
}

const SPEC_ALSO = 'ephemeralContainers affinity hostAliases dnsConfig readinessGates overhead os schedulingGates resourceClaims runtimeClassName preemptionPolicy setHostnameAsFQDN hostUsers resources hostnameOverride serviceAccount workloadRef'
const toleration = object({ key: ruled(isQualified, 'key of a taint', 'as in node-role.kubernetes.io/control-plane'), operator: oneOf('Exists', 'Equal', 'Lt', 'Gt'), value: ruled(isLabelValue, 'value of a taint', 'letters, digits, -, _ and .'), effect: oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute'), tolerationSeconds: integer(0) })

/** A PodSpec. `restart`: what restartPolicy may be there; `claims`: volumes that come from elsewhere. */
export const podSpec = (restart: readonly string[] = ['Always', 'OnFailure', 'Never'], claims: readonly (string | undefined)[] = []): Shape => object({
  containers: all(list(container, { filled: true }), distinct('container', nameOf)), initContainers: all(list(container), distinct('container', nameOf)), volumes: all(list(volume), distinct('volume', nameOf)),
  restartPolicy: oneOf(...restart), serviceAccountName: subdomain, automountServiceAccountToken: flag, nodeName: text, nodeSelector: labels, hostname: label, subdomain: label, hostNetwork: flag, hostPID: flag, hostIPC: flag, shareProcessNamespace: flag, enableServiceLinks: flag,
  terminationGracePeriodSeconds: integer(0), activeDeadlineSeconds: integer(1), dnsPolicy: oneOf('ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'), priorityClassName: text, priority: integer(), schedulerName: text, tolerations: list(toleration),
  imagePullSecrets: list(object({ name: text })), securityContext: object({ runAsUser: integer(0), runAsGroup: integer(0), runAsNonRoot: flag, fsGroup: integer(0) }, { also: 'fsGroupChangePolicy seLinuxOptions seLinuxChangePolicy seccompProfile supplementalGroups supplementalGroupsPolicy sysctls windowsOptions appArmorProfile' }),
  topologySpreadConstraints: list(object({ maxSkew: integer(1), topologyKey: text, whenUnsatisfiable: oneOf('DoNotSchedule', 'ScheduleAnyway'), minDomains: integer(1), labelSelector: selector }, { needs: ['maxSkew', 'topologyKey', 'whenUnsatisfiable'], also: 'matchLabelKeys nodeAffinityPolicy nodeTaintsPolicy' })),
}, { needs: ['containers'], also: SPEC_ALSO, and: mounted(claims) })

/** A label selector of the API. */
export function selector(part: Part, found: Parameters<Shape>[1]): void {
  object({ matchLabels: labels, matchExpressions: list(object({ key: text, operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'), values: list(text) }, { needs: ['key', 'operator'] })) }, { whole: true })(part, found)
}

export const podTemplate = (restart: readonly string[], claims: readonly (string | undefined)[] = []): Shape => object({ metadata: object({ labels, annotations }, { also: 'name namespace creationTimestamp generateName finalizers' }), spec: podSpec(restart, claims) }, { needs: ['spec'] })
