import { isDeepStrictEqual } from 'node:util'
import type { ApiObject } from './k3s-api.ts'

/**
 * What is no state that people or controllers keep: what is said every few seconds or was said once, where pods answer now (their addresses are
 * new when they start again), what the snapshot is called, and what nodes get anew when they register again.
 */
const PASSING = /^(coordination\.k8s\.io\/\S+ leases|v1 (events|endpoints)|discovery\.k8s\.io\/\S+ endpointslices|events\.k8s\.io\/\S+ events|v1 componentstatuses|metrics\.k8s\.io\/\S+ \S+|k3s\.cattle\.io\/v1 etcdsnapshotfiles|v1 secrets kube-system\/(\S+\.node-password\.k3s|k3s-serving)$|certificates\.k8s\.io\/\S+ certificatesigningrequests) ?/

/** All of an object but the marks that etcd and the API server give it, and what is reported of it. Nodes tell in annotations how they were started. */
function lasting(key: string, { metadata: { resourceVersion: _version, managedFields: _fields, generation: _generation, annotations, ...metadata }, status: _status, ...rest }: ApiObject): object {
  return { ...rest, metadata: { ...metadata, ...(/ nodes /.test(key) ? {} : { annotations }) } }
}

/** What is not as it was, one object a line. */
export function differences(before: ReadonlyMap<string, ApiObject>, after: ReadonlyMap<string, ApiObject>): readonly string[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].filter((key) => !PASSING.test(key)).sort()
  return keys.flatMap((key) => {
    const [one, other] = [before.get(key), after.get(key)]
    if (!one || !other) return [`${key} ${one ? 'is gone' : 'came'}`]
    const [was, is] = [lasting(key, one), lasting(key, other)]
    return isDeepStrictEqual(was, is) ? [] : [`${key}: ${JSON.stringify(was)} became ${JSON.stringify(is)}`.slice(0, 2000)]
  })
}
