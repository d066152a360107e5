import { fail } from '../contract/failure.ts'
import type { Surroundings } from '../contract/define-module.ts'
import { kubectlParams } from '../contract/kubectl.ts'
import { controllerParams } from '../contract/sealing-controller.ts'
import type { JsonObject } from '../kubernetes/field-set.ts'
import type { KubeObject } from '../kubernetes/object.ts'
import { type Params, choice, controllerFile, flag, integer, raw, text } from '../schema/field.ts'
import { SCOPES } from '../seal/scope.ts'
import { type Secret, checkKey, checkName } from '../seal/secret.ts'
import { checkSize } from '../seal/secret-type.ts'
import { type Value, isDict } from '../value/value.ts'

/** The parameters of `sealed_secret`. */
export const sealedSecretParams = {
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
  ...controllerParams,
  path: text('A file on the controller of the run to write the manifest to, in place of the cluster. Relative to the playbook.'),
  force_conflicts: flag('Take over fields that another manager owns with another value.', { default: false }),
  wait: flag('Wait until the controller has made the Secret of it.', { default: false }),
  wait_timeout: integer('Seconds to wait at most.', { default: 120 }),
  wait_sleep: integer('Seconds between two looks.', { default: 2 }),
} as const
export type SealParams = Params<typeof sealedSecretParams>

/** The Secret that is wanted, looked at whole; its values are told to the run as secrets. */
export function secretOf(given: SealParams, { secret: tell }: Surroundings): Secret {
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

/** The object that the task speaks about. */
export const objectOf = ({ name, namespace }: Pick<SealParams, 'name' | 'namespace'>, json: JsonObject): KubeObject => ({ apiVersion: 'bitnami.com/v1alpha1', kind: 'SealedSecret', name, namespace, json })
