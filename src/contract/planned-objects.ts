import type { Resource } from '../host/resource.ts'
import type { KubeObject } from '../kubernetes/object.ts'
import type { Json } from '../value/json.ts'
import type { Unknown } from '../value/value.ts'
import type { Access } from './kubectl.ts'

/** What an object is in the fields that a task speaks about; null where there is none. */
export type ObjectState = null | Unknown | { readonly [path: string]: Json }

/** What a dry run has planned of an object, by `plannedKey`; undefined where nothing is. */
export const plannedObject: Resource<PlannedObject | undefined> = { kind: 'kubernetes-object', load: async (_shell, keys) => keys.map(() => undefined) }
export type PlannedObject = { readonly json: string; readonly fields: ObjectState } | 'absent' | Unknown
export const plannedKey = ({ kubeconfig, context }: Access, { kind, name, namespace }: Pick<KubeObject, 'kind' | 'name' | 'namespace'>): string => [kubeconfig ?? '', context ?? '', kind, namespace ?? '', name].join(' ')
/** That an object of the kind is planned, whichever. */
export const anyKey = (access: Access, kind: string): string => plannedKey(access, { kind: 'any', name: kind, namespace: undefined })
/** Kinds that a planned definition brings have one key for all. */
export const kindKey = (access: Access, apiVersion: string, kind: string): string => plannedKey(access, { kind: 'kind', name: `${apiVersion.split('/')[0]} ${kind}`, namespace: undefined })
