/** Kinds that every cluster has, by the versions that are served. `*`: without a namespace. Source: the API reference of Kubernetes 1.34. */
const SERVED = `
v1: Binding ConfigMap Endpoints Event LimitRange Namespace* Node* PersistentVolume* PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount
apps/v1: ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet
batch/v1: CronJob Job
autoscaling/v1: HorizontalPodAutoscaler
autoscaling/v2: HorizontalPodAutoscaler
policy/v1: PodDisruptionBudget
networking.k8s.io/v1: Ingress IngressClass* NetworkPolicy
rbac.authorization.k8s.io/v1: ClusterRole* ClusterRoleBinding* Role RoleBinding
storage.k8s.io/v1: CSIDriver* CSINode* CSIStorageCapacity StorageClass* VolumeAttachment*
scheduling.k8s.io/v1: PriorityClass*
coordination.k8s.io/v1: Lease
discovery.k8s.io/v1: EndpointSlice
node.k8s.io/v1: RuntimeClass*
apiextensions.k8s.io/v1: CustomResourceDefinition*
apiregistration.k8s.io/v1: APIService*
admissionregistration.k8s.io/v1: MutatingWebhookConfiguration* ValidatingWebhookConfiguration* ValidatingAdmissionPolicy* ValidatingAdmissionPolicyBinding*
certificates.k8s.io/v1: CertificateSigningRequest*
flowcontrol.apiserver.k8s.io/v1: FlowSchema* PriorityLevelConfiguration*
`
const KINDS: ReadonlyMap<string, boolean> = new Map(SERVED.trim().split('\n').flatMap((line) => {
  const [version = '', kinds = ''] = line.split(': ')
  return kinds.split(' ').map((kind) => [`${version} ${kind.replace('*', '')}`, !kind.endsWith('*')] as const)
}))

/** Whether objects of a kind have a namespace; undefined of kinds that not every cluster has. */
export const isNamespaced = (apiVersion: string, kind: string): boolean | undefined => KINDS.get(`${apiVersion} ${kind}`)

/** The versions that serve a kind which every cluster has. */
export const versionsOf = (kind: string): readonly string[] => [...KINDS.keys()].filter((key) => key.endsWith(` ${kind}`)).map((key) => key.split(' ')[0]!)

export const kindNames = (): readonly string[] => [...new Set([...KINDS.keys()].map((key) => key.split(' ')[1]!))]

/** Groups of which a cluster serves what is above and little else: another version there is an old one, or a slip. */
export const isBuiltIn = (apiVersion: string): boolean => [...KINDS.keys()].some((key) => key.startsWith(`${apiVersion} `))
const OLD = /^(?:extensions\/|(?:apps|batch|policy|autoscaling|networking\.k8s\.io|rbac\.authorization\.k8s\.io|storage\.k8s\.io|apiextensions\.k8s\.io|scheduling\.k8s\.io)\/v\d+(?:alpha|beta)\d+$)/
/** A version that clusters served once. */
export const isOld = (apiVersion: string, kind: string): boolean => OLD.test(apiVersion) && versionsOf(kind).length > 0 && !KINDS.has(`${apiVersion} ${kind}`)
