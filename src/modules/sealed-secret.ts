import { isAbsolute, join } from 'node:path'
import { applyStep, deleteStep } from '../contract/apply-objects.ts'
import { awaitGone, awaitReady } from '../contract/await-objects.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { NEEDS_KUBECTL } from '../contract/kubectl.ts'
import { plannedObject } from '../contract/planned-objects.ts'
import { putLocalFile, removeLocalFile } from '../contract/local-file.ts'
import { leaves } from '../host/resource.ts'
import { type Step, act } from '../host/step.ts'
import { type KubeObject, titleOf } from '../kubernetes/object.ts'
import { readinessOf } from '../kubernetes/readiness.ts'
import { sealedManifest } from '../seal/sealed-secret.ts'
import { type Unknown, dict, fresh, isUnknown, unknown } from '../value/value.ts'
import { writeYaml } from '../yaml/write-yaml.ts'
import { type SealState, lookForRemoval, lookForSealed } from './sealed-secret-look.ts'
import { type SealParams, objectOf, sealedSecretParams, secretOf } from './sealed-secret-wanted.ts'

export const sealedSecret = defineModule({
  name: 'sealed_secret',
  summary: 'Keep a SealedSecret made of values in the clear, in the cluster or in a file for a repository.',
  notes: [
    `For a cluster: ${NEEDS_KUBECTL}`,
    'It seals by itself: neither kubeseal nor the values in the clear are ever on the host.',
    'Sealing never gives the same text twice; an annotation says, under hmac_key, what each value was sealed from. What was sealed from the same value for the same certificate stays byte for byte; after a rotation of the certificate everything is sealed again.',
    'Keep the values and hmac_key vault-encrypted beside the inventory.',
  ],
  examples: `
- name: The password of the application, in the cluster
  sealed_secret:
    name: login
    namespace: shop
    data: { password: "{{ shop_password }}" }
    hmac_key: "{{ sealing_key }}"
    certificate: sealing.pem
    wait: true
- name: The same as a file that can be committed
  sealed_secret:
    name: login
    namespace: shop
    data: { password: "{{ shop_password }}" }
    hmac_key: "{{ sealing_key }}"
    certificate: sealing.pem
    path: manifests/login.yml
`,
  params: sealedSecretParams,
  eager: false,
  rules: { requiredIf: [['state', 'present', ['hmac_key']]] },
  async probe(host, given, around): Promise<SealState> {
    const file = given.path === undefined ? undefined : isAbsolute(given.path) ? given.path : join(around.playbookDirectory, given.path)
    if (file !== undefined && given.wait) fail('wait: a file is nothing to wait for')
    const secret = secretOf(given, around)
    if (file !== undefined && (await host.get(plannedObject, fileKey(file))) !== undefined) throw unknown(`an earlier task writes ${file}`)
    return given.state === 'absent' ? lookForRemoval(host, given, file, around) : lookForSealed(host, given, secret, file, around)
  },
  plan({ state }, before): SealState {
    const { reasons, looked } = before.seen.value
    if (state === 'absent') return { ...before, exists: false, sealed: '' }
    const open = looked.find(({ after }) => isUnknown(after))
    if (open && before.exists === false) return { ...before, exists: open.after as Unknown, sealed: open.after as Unknown }
    return { ...before, exists: true, sealed: reasons.length === 0 ? before.sealed : fresh(reasons.join(', ')) }
  },
  *apply({ params: given, before }): Iterable<Step> {
    const { file, looked, sealed, environment } = before.seen.value
    if (file !== undefined) yield given.state === 'absent' ? act(`remove ${file}`, () => removeLocalFile(file), [leaves(plannedObject, fileKey(file), 'absent')]) : act(`write ${file}`, () => putLocalFile(file, writeYaml(sealedManifest(sealed!))), [leaves(plannedObject, fileKey(file), { json: '', fields: null })])
    else if (given.state === 'absent') yield deleteStep(looked, given, environment)
    else yield applyStep(looked, { access: given, environment, fieldManager: 'tutti', forceConflicts: given.force_conflicts })
    if (given.wait) yield waitStep(given, looked[0]!.object, environment)
  },
  *chores({ params: given, before }): Iterable<Step> {
    const { reasons, current, environment } = before.seen.value
    if (given.wait && given.state === 'present' && reasons.length === 0 && current && readinessOf(current).state !== 'ready') yield waitStep(given, objectOf(given, {}), environment)
  },
  diff({ params: given, before }) {
    const { reasons } = before.seen.value
    const title = `SealedSecret ${given.namespace === undefined ? '' : `${given.namespace}/`}${given.name}`
    const header = { before: title, after: title }
    return given.state === 'absent' ? [{ header, before: '(there)\n', after: '' }] : [{ header, before: before.exists ? 'sealed\n' : '', after: `sealed again: ${reasons.join(', ')}\n` }]
  },
  result({ params: given, before }) {
    const { sealed, certificate, reasons } = before.seen.value
    return { outputs: { ...(sealed ? { keys: [...sealed.encryptedData.keys()], reasons, scope: given.scope } : {}), ...(certificate ? { certificate: dict({ fingerprint: certificate.fingerprint, expires: certificate.expires.toISOString() }) } : {}) } }
  },
})

const fileKey = (file: string): string => `file ${file}`

function waitStep(given: SealParams, object: KubeObject, environment: Readonly<Record<string, string>>): Step {
  const waiting = { access: given, environment, timeout: given.wait_timeout, sleep: given.wait_sleep }
  const made: KubeObject = { ...object, apiVersion: 'v1', kind: 'Secret' }
  return given.state === 'absent' ? act(`wait until ${titleOf(object)} is gone`, (host) => awaitGone(host, [object], waiting)) : act(`wait until ${titleOf(object)} is opened`, (host) => awaitReady(host, [object, made], waiting))
}
