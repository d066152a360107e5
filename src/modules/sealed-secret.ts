import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { applyStep, currentObjects, deleteStep, lookForGone } from '../contract/apply-objects.ts'
import { awaitGone, awaitReady } from '../contract/await-objects.ts'
import { type Surroundings, defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { type Answer, NEEDS_KUBECTL, askKubectl, complaintIn, kubectlParams } from '../contract/kubectl.ts'
import { type Looked, lookAt, plannedKey, plannedObject } from '../contract/server-apply.ts'
import type { Reader } from '../host/reader.ts'
import { leaves } from '../host/resource.ts'
import { type Step, act } from '../host/step.ts'
import type { JsonObject } from '../kubernetes/field-set.ts'
import { type KubeObject, titleOf } from '../kubernetes/object.ts'
import { readinessOf } from '../kubernetes/readiness.ts'
import { problemsOf } from '../problem/problem.ts'
import { type Params, choice, controllerFile, flag, integer, raw, text } from '../schema/field.ts'
import { type Certificate, parseCertificate } from '../seal/certificate.ts'
import { readManifests } from '../seal/manifest.ts'
import { type SealedSecret, readSealedSecret, sealedManifest } from '../seal/sealed-secret.ts'
import { type Secret, checkKey, checkName } from '../seal/secret.ts'
import { checkSize } from '../seal/secret-type.ts'
import { SCOPES } from '../seal/scope.ts'
import { sealAgain } from '../seal/stamp.ts'
import { type Aside, aside } from '../value/aside.ts'
import { bytesOf } from '../value/content.ts'
import { type Unknown, type Value, dict, fresh, isDict, isUnknown, unknown } from '../value/value.ts'
import { removeFile, writeFile } from './sealed-secret-file.ts'

const params = {
  ...kubectlParams,
  name: text('The name of the Secret.', { required: true }),
  namespace: text('Its namespace.'),
  state: choice(['present', 'absent'], 'Whether it is there.', { default: 'present' }),
  scope: choice(SCOPES, 'What a sealed value is bound to: name and namespace, the namespace, or only the cluster.', { default: 'strict' }),
  data: raw('The values in the clear, a dict of texts.', { hidden: true }),
  binary_data: raw('Further values, as base64.', { hidden: true }),
  type: text('The type of the Secret, as in kubernetes.io/tls.'),
  labels: raw('Labels of the Secret, a dict.'),
  annotations: raw('Annotations of the Secret, a dict.'),
  immutable: flag('The Secret cannot be changed.'),
  hmac_key: text('The key of the annotation that says what was sealed: 16 characters or more, kept as secret as the values.', { secret: true }),
  certificate: controllerFile('files', 'The certificate of the controller, on the controller of the run. Without it the one of the cluster is asked.'),
  fingerprint: text('The SHA-256 that the certificate must have.'),
  controller_name: text('What the controller in the cluster is called.', { default: 'sealed-secrets-controller' }),
  controller_namespace: text('Where it is.', { default: 'kube-system' }),
  path: text('A file on the controller of the run to write the manifest to, in place of the cluster. Relative to the playbook.'),
  force_conflicts: flag('Take over fields that another manager owns with another value.', { default: false }),
  wait: flag('Wait until the controller has made the Secret of it.', { default: false }),
  wait_timeout: integer('Seconds to wait at most.', { default: 120 }),
  wait_sleep: integer('Seconds between two looks.', { default: 2 }),
} as const
type SealParams = Params<typeof params>

interface State {
  readonly exists: boolean | Unknown
  /** That it is made of the values that are wanted, for the certificate that is wanted. */
  readonly sealed: string | Unknown
  readonly seen: Aside<Seen>
}

interface Seen {
  readonly reasons: readonly string[]
  readonly sealed?: SealedSecret
  readonly certificate?: Certificate
  readonly looked: readonly Looked[]
  readonly current: JsonObject | undefined
  readonly file: string | undefined
  readonly environment: Readonly<Record<string, string>>
}

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
  params,
  eager: false,
  rules: { requiredIf: [['state', 'present', ['hmac_key']]] },
  async probe(host, given, around): Promise<State> {
    const file = given.path === undefined ? undefined : isAbsolute(given.path) ? given.path : join(around.playbookDirectory, given.path)
    if (file !== undefined && given.wait) fail('wait: a file is nothing to wait for')
    const secret = secretOf(given, around)
    if (file !== undefined && (await host.get(plannedObject, fileKey(file))) !== undefined) throw unknown(`an earlier task writes ${file}`)
    return given.state === 'absent' ? probeAbsent(host, given, file, around) : probePresent(host, given, secret, file, around)
  },
  plan({ state }, before): State {
    const { reasons, looked } = before.seen.value
    if (state === 'absent') return { ...before, exists: false, sealed: '' }
    const open = looked.find(({ after }) => isUnknown(after))
    if (open && before.exists === false) return { ...before, exists: open.after as Unknown, sealed: open.after as Unknown }
    return { ...before, exists: true, sealed: reasons.length === 0 ? before.sealed : fresh(reasons.join(', ')) }
  },
  *apply({ params: given, before }): Iterable<Step> {
    const { file, looked, sealed, environment } = before.seen.value
    if (file !== undefined) yield given.state === 'absent' ? act(`remove ${file}`, () => removeFile(file), [leaves(plannedObject, fileKey(file), 'absent')]) : act(`write ${file}`, () => writeFile(file, sealedManifest(sealed!)), [leaves(plannedObject, fileKey(file), { json: '', fields: null })])
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

/** The Secret that is wanted, looked at whole; its values are told to the run as secrets. */
function secretOf(given: SealParams, { secret: tell }: Surroundings): Secret {
  const { name, namespace, scope, type, immutable, state } = given
  checkName(name, 'name')
  if (namespace !== undefined) checkName(namespace, 'namespace')
  if (namespace === undefined && (scope !== 'cluster-wide' || given.path === undefined) && !(given.path !== undefined && state === 'absent')) fail(`namespace is missing: ${scope === 'cluster-wide' ? 'where is it applied?' : `a value of the scope ${scope} is bound to one`}`)
  const data = new Map<string, Buffer>([...entriesOf(given.data, 'data').map(([key, value]) => [key, Buffer.from(value)] as const), ...entriesOf(given.binary_data, 'binary_data').map(([key, value]) => [key, decoded(key, value)] as const)])
  for (const [key, bytes] of data) {
    checkKey(key)
    tell?.(bytes.toString())
  }
  if (given.hmac_key !== undefined && Buffer.byteLength(given.hmac_key) < 16) fail('hmac_key is too short: 16 bytes are the least; make one with `openssl rand -hex 32`')
  if (state === 'present' && data.size === 0) fail('data is missing: a Secret without values cannot be sealed')
  checkSize(data)
  return { name, namespace, type, immutable, data, labels: Object.fromEntries(entriesOf(given.labels, 'labels')), annotations: Object.fromEntries(entriesOf(given.annotations, 'annotations')) }
}

function entriesOf(value: Value | undefined, what: string): readonly (readonly [string, string])[] {
  if (value === undefined || value === null) return []
  if (!isDict(value)) return fail(`${what} must be a dict`)
  return [...value].map(([key, item]) => [String(key), typeof item === 'string' ? item : typeof item === 'number' ? String(item) : fail(`${what}: ${String(key)} must be a text: put it between quotes`)])
}

const decoded = (key: string, value: string): Buffer => (/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value) && value.replace(/\s/g, '').length % 4 === 0 ? Buffer.from(value, 'base64') : fail(`binary_data: ${key} is not base64`))

const fileKey = (file: string): string => `file ${file}`
const objectOf = ({ name, namespace }: Pick<SealParams, 'name' | 'namespace'>, json: JsonObject): KubeObject => ({ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name, namespace, json })

async function probeAbsent(host: Reader, given: SealParams, file: string | undefined, { environment }: Surroundings): Promise<State> {
  const base = { reasons: [], current: undefined, file, environment }
  if (file !== undefined) {
    const exists = readIfThere(file) !== undefined
    return { exists, sealed: exists ? 'sealed' : '', seen: aside({ ...base, looked: [] }) }
  }
  const looked = await lookForGone(host, [objectOf(given, {})], given, environment)
  const exists = looked[0]!.before !== null
  return { exists, sealed: exists ? 'sealed' : '', seen: aside({ ...base, looked }) }
}

async function probePresent(host: Reader, given: SealParams, secret: Secret, file: string | undefined, { environment }: Surroundings): Promise<State> {
  const [certificate, current] = await Promise.all([certificateOf(host, given, environment), file === undefined ? currentOf(host, given, environment) : undefined])
  const existing = file === undefined ? readInCluster(current) : readExisting(readIfThere(file), file)
  const { same, reasons, sealed } = sealAgain(existing, secret, given.scope, { certificate, hmacKey: Buffer.from(given.hmac_key!) })
  const object = objectOf(given, sealedManifest(sealed) as JsonObject)
  const looked = same || file !== undefined ? [] : (await lookAt(host, [object], { access: given, environment, fieldManager: 'tutti', forceConflicts: given.force_conflicts })).looked
  const exists = existing !== undefined || current !== undefined
  return { exists, sealed: exists ? 'sealed' : '', seen: aside({ reasons: same ? [] : current && !existing ? ['what is there was not sealed for any controller'] : reasons, sealed, certificate, looked, current, file, environment }) }
}

async function currentOf(host: Reader, given: SealParams, environment: Readonly<Record<string, string>>): Promise<JsonObject | undefined> {
  const object = objectOf(given, {})
  const planned = await host.get(plannedObject, plannedKey(given, object))
  if (planned !== undefined && planned !== 'absent') throw unknown(`an earlier task plans ${titleOf(object)}`)
  return planned === 'absent' ? undefined : (await currentObjects(host, [object], given, environment))[0]
}

/** In the cluster what cannot be read as a SealedSecret is one all the same, and is made anew; a file of something else is not ours. */
function readInCluster(current: JsonObject | undefined): SealedSecret | undefined {
  try {
    return readExisting(current && JSON.stringify(current), '')
  } catch (thrown) {
    if (!problemsOf(thrown)) throw thrown
    return undefined
  }
}

function readExisting(text: string | undefined, file: string): SealedSecret | undefined {
  const [manifest] = text === undefined ? [] : readManifests(text, { file })
  return manifest && readSealedSecret(manifest)
}

async function certificateOf(host: Reader, given: SealParams, environment: Readonly<Record<string, string>>): Promise<Certificate> {
  const { certificate, controller_name: name, controller_namespace: namespace, fingerprint } = given
  if (certificate) return parseCertificate(bytesOf(certificate).toString('latin1'), { source: certificate.name, fingerprint })
  const address = `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/http:${encodeURIComponent(name)}:http/proxy/v1/cert.pem`
  const [answer] = await askKubectl(host, given, [{ args: ['get', '--raw', address] }], { environment }) as readonly [Answer]
  if (answer.code !== 0 && host.planned && host.changing !== undefined) throw unknown(`the controller of sealed secrets does not answer yet; ${host.changing} may bring it`)
  if (answer.code !== 0) fail(`the controller ${namespace}/${name} gives no certificate: ${complaintIn(answer.stderr)}. Name a file with certificate, or the controller with controller_name and controller_namespace`)
  return parseCertificate(answer.stdout, { source: `the controller ${namespace}/${name}`, fingerprint })
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : fail(`${file} cannot be read: ${(error as Error).message}`)
  }
}

function waitStep(given: SealParams, object: KubeObject, environment: Readonly<Record<string, string>>): Step {
  const waiting = { access: given, environment, timeout: given.wait_timeout, sleep: given.wait_sleep }
  const made: KubeObject = { ...object, apiVersion: 'v1', kind: 'Secret' }
  return given.state === 'absent' ? act(`wait until ${titleOf(object)} is gone`, (host) => awaitGone(host, [object], waiting)) : act(`wait until ${titleOf(object)} is opened`, (host) => awaitReady(host, [object, made], waiting))
}
