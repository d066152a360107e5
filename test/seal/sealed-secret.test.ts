import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { problemsOf } from '../../src/problem/problem.ts'
import { parseCertificate } from '../../src/seal/certificate.ts'
import { readManifests } from '../../src/seal/manifest.ts'
import { SCOPES } from '../../src/seal/scope.ts'
import { readSealedSecret, sealSecret, sealedManifest, unsealSecret } from '../../src/seal/sealed-secret.ts'
import { type Secret, readSecret, secretManifest } from '../../src/seal/secret.ts'
import { STAMP, type StampKey, compareSealed, sealAgain, stampOf } from '../../src/seal/stamp.ts'
import { writeYaml } from '../../src/yaml/write-yaml.ts'
import { makePair } from './make-certificate.ts'

const pair = makePair()
const certificate = parseCertificate(pair.certificate, { source: 'test' })
const manifests = (text: string, concealed = false) => readManifests(text, { file: 'x.yml', concealed })
const readSealed = (text: string) => readSealedSecret(manifests(text)[0]!)
const secretOf = (text: string) => readSecret(manifests(text, true)[0]!)
const plain = (secret: { readonly data: ReadonlyMap<string, Buffer> }) => Object.fromEntries([...secret.data].map(([key, bytes]) => [key, bytes.toString()]))
const SECRET: Secret = { name: 'n', namespace: 'ns', labels: { app: 'x' }, annotations: { note: 'yes' }, type: 'Opaque', immutable: undefined, data: new Map([['b', Buffer.from('two')], ['a', Buffer.from('one')]]) }

const problems = (work: () => unknown): readonly string[] => {
  try {
    work()
    return []
  } catch (error) {
    return problemsOf(error)!.map(({ message, span }) => `${span?.line}:${span?.column} ${message}`)
  }
}

describe('Secrets', () => {
  test('data, stringData, which wins, and what is left out', () => {
    const secret = secretOf('apiVersion: v1\nkind: Secret\nmetadata:\n  name: n\n  namespace: ns\n  uid: 1-2\n  labels: {app: x}\n  annotations:\n    note: "yes"\n    kubectl.kubernetes.io/last-applied-configuration: \'{"hush": 1}\'\ntype: kubernetes.io/tls\nimmutable: true\ndata: {a: b25l, b: dHdv, e: ""}\nstringData: {b: zwei, d: 2024-01-02, f: null}\n')
    expect(secret).toMatchObject({ name: 'n', namespace: 'ns', labels: { app: 'x' }, annotations: { note: 'yes' }, type: 'kubernetes.io/tls', immutable: true })
    expect(plain(secret)).toEqual({ a: 'one', b: 'zwei', d: '2024-01-02', e: '', f: '' })
  })
  test.each([
    ['kind: ConfigMap\n', '1:7 the manifest cannot be used: kind is ConfigMap, and Secret is wanted'],
    ['kind: Secret\nstringData: {a: 1234}\n', '2:17 the manifest cannot be used: a must be a text'],
    ['kind: Secret\ndata:\n  a: hush!\n', '3:6 the manifest cannot be used: data.a is not base64'],
    ['kind: Secret\ndata:\n  a b: aHVzaA==\n', "3:3 this is no key of a Secret: 'a b'"],
    ['kind: Secret\nmetadata: {name: N}\n', "2:18 this is no name in Kubernetes: 'N'"],
    ['kind: Secret\ndata: [hush]\n', '2:7 the manifest cannot be used: data must be a mapping'],
    ['kind: Secret\nstringData:\n  hush: x\n  hush: y\n', '4:3 found a duplicate dict key: x.yml (its lines are not shown, for they may be secret)'],
    ['- a\n', '1:1 the manifest cannot be used: a manifest must be a mapping'],
  ])('refused: %j', (text, message) => expect(problems(() => secretOf(text))).toEqual([message]))
  test('its own manifest is read to the same Secret', () => {
    fc.assert(fc.property(fc.dictionary(fc.stringMatching(/^[a-zA-Z0-9_-][-._a-zA-Z0-9]{0,10}$/), fc.uint8Array()), (values) => {
      const secret = { ...SECRET, data: new Map(Object.entries(values).map(([key, bytes]) => [key, Buffer.from(bytes)])) }
      expect(secretOf(writeYaml(secretManifest(secret)))).toEqual(secret)
    }))
  })
})

describe('SealedSecrets', () => {
  test.each(SCOPES)('sealed, written, read and opened: %s', (scope) => {
    const text = writeYaml(sealedManifest(sealSecret(SECRET, scope, certificate)))
    const sealed = readSealed(text)
    expect(sealed).toMatchObject({ name: 'n', namespace: 'ns', scope })
    const opened = unsealSecret(sealed, [pair.key])
    expect(plain(opened)).toEqual({ a: 'one', b: 'two' })
    expect(opened).toMatchObject({ labels: { app: 'x' }, type: 'Opaque' })
    expect(text).not.toContain(Buffer.from('one').toString('base64'))
  })
  test('values that do not open are all told, with their places', () => {
    const text = writeYaml(sealedManifest(sealSecret(SECRET, 'strict', certificate))).replaceAll('namespace: ns', 'namespace: other')
    expect(problems(() => unsealSecret(readSealed(text), [pair.key]))).toEqual(['8:8 a sealed value does not open: a of other/n (strict)', '9:8 a sealed value does not open: b of other/n (strict)'])
  })
  const good = writeYaml(sealedManifest(sealSecret(SECRET, 'strict', certificate)))
  test.each([
    ['a wrong version', /v1alpha1/, 'v1', '1:13 the manifest cannot be used: apiVersion is bitnami.com/v1, and bitnami.com/v1alpha1 is wanted'],
    ['no namespace', /^ {2}namespace: ns\n/m, '', '4:3 the manifest cannot be used: metadata.namespace is missing'],
    ['a slip', 'encryptedData', 'encryptedDate', "7:3 the manifest cannot be used: spec has no field 'encryptedDate'"],
    ['a plain value', /( a: ).*/, '$1hunter2', '8:8 the manifest cannot be used: spec.encryptedData.a is no sealed value'],
    ['another name within', /( {6}name: )"n"/, '$1m', "12:13 the manifest cannot be used: spec.template.metadata.name is 'm', and metadata.name 'n'"],
  ] as const)('refused: %s', (_, from, to, message) => expect(problems(() => readSealed(good.replace(from, to)))).toEqual([message]))
  test('several mistakes at once', () => expect(problems(() => readSealed(good.replace('v1alpha1', 'v1').replace(/( a: ).*/, '$1x').replace(/( b: ).*/, '$1x')))).toHaveLength(3))
  test('all of several documents and Lists', () => {
    expect(manifests('kind: Secret\n---\n---\nkind: List\nitems:\n- kind: A\n- kind: SecretList\n  items: [{kind: B}]\n').map(({ kind, document, path }) => [kind, document, ...path]))
      .toEqual([['Secret', 0], ['A', 2, 'items', 0], ['B', 2, 'items', 1, 'items', 0]])
  })
})

describe('what it was sealed from', () => {
  const key: StampKey = { certificate, hmacKey: Buffer.alloc(32, 7) }
  const stamped = (secret: Secret, scope: (typeof SCOPES)[number] = 'strict', by = key) => {
    const sealed = sealSecret(secret, scope, by.certificate)
    const { name, namespace } = secret
    return readSealed(writeYaml(sealedManifest({ ...sealed, annotations: { ...sealed.annotations, [STAMP]: stampOf({ name, namespace, scope }, secret.data, sealed.encryptedData, by) } })))
  }
  const reasons = (secret: Secret, existing = stamped(SECRET), by = key, scope: (typeof SCOPES)[number] = 'strict') => compareSealed(existing, secret, scope, by).reasons
  test('the same is the same, in every scope', () => {
    for (const scope of SCOPES) {
      const existing = stamped(SECRET, scope)
      expect(compareSealed(existing, SECRET, scope, key)).toEqual({ same: true, reasons: [], keep: existing.encryptedData })
    }
  })
  test('as the cluster gives it back, with what the server says where nothing was said', () => {
    const { type: _, ...rest } = SECRET
    const secret = { ...rest, type: undefined }
    const { sealed } = sealAgain(undefined, secret, 'strict', key)
    const manifest = sealedManifest(sealed) as { readonly metadata: object; readonly spec: { readonly template: { readonly metadata: object } } }
    const back = JSON.stringify({ ...manifest, metadata: { ...manifest.metadata, uid: '1', generation: 2, managedFields: [] }, spec: { ...manifest.spec, template: { ...manifest.spec.template, type: 'Opaque', data: null, metadata: { ...manifest.spec.template.metadata, creationTimestamp: null } } }, status: { conditions: [{ type: 'Synced', status: 'True' }] } })
    expect(sealAgain(readSealed(back), secret, 'strict', key)).toMatchObject({ same: true, sealed: { encryptedData: sealed.encryptedData, annotations: sealed.annotations } })
  })
  test('whatever the bytes are', () => {
    fc.assert(fc.property(fc.uint8Array(), fc.uint8Array(), (one, two) => {
      const secret = { ...SECRET, data: new Map([['a', Buffer.from(one)]]) }
      expect(compareSealed(stamped(secret), { ...SECRET, data: new Map([['a', Buffer.from(two)]]) }, 'strict', key).same).toBe(Buffer.from(one).equals(two))
    }), { numRuns: 30 })
  })
  test('what differs is told without values; what is right stays as it is', () => {
    const existing = stamped(SECRET)
    const secret = { ...SECRET, data: new Map([['a', Buffer.from('one')], ['b', Buffer.from('other')], ['c', Buffer.from('new')]]) }
    expect(compareSealed(existing, secret, 'strict', key)).toEqual({ same: false, reasons: ['c is new', 'b differs, or was sealed by other means'], keep: new Map([['a', existing.encryptedData.get('a')]]) })
    expect(reasons({ ...SECRET, data: new Map([['a', Buffer.from('one')]]) })).toEqual(['b is no longer wanted'])
    expect(reasons({ ...SECRET, type: 'x', labels: {} })).toEqual(['labels differ', 'type differs'])
    expect(reasons({ ...SECRET, name: 'm' })).toEqual(['name, namespace or scope differ'])
    expect(reasons(SECRET, stamped(SECRET), key, 'cluster-wide')).toEqual(['name, namespace or scope differ'])
    expect(compareSealed(undefined, SECRET, 'strict', key)).toMatchObject({ same: false, reasons: ['it is not there'] })
  })
  test('another certificate, another key, another tool', () => {
    const other = parseCertificate(makePair().certificate, { source: 'other' })
    expect(reasons(SECRET, stamped(SECRET), { ...key, certificate: other })).toEqual(['it was sealed for another certificate'])
    expect(reasons(SECRET, stamped(SECRET), { ...key, hmacKey: Buffer.alloc(32, 8) })).toHaveLength(2)
    const sealed = sealSecret(SECRET, 'strict', certificate)
    expect(reasons(SECRET, { ...stamped(SECRET), encryptedData: sealed.encryptedData })).toHaveLength(2)
    expect(reasons(SECRET, sealed)).toEqual(['nothing says what it was sealed from'])
  })
  test('a key that is set later leaves the others', () => {
    const existing = stamped(SECRET)
    const values = new Map([...existing.encryptedData, ['c', 'AgX']])
    const stamp = stampOf({ name: 'n', namespace: 'ns', scope: 'strict' }, new Map([['c', Buffer.from('new')]]), values, key, existing.annotations[STAMP])
    expect(reasons({ ...SECRET, data: new Map([...SECRET.data, ['c', Buffer.from('new')]]) }, { ...existing, encryptedData: values, annotations: { [STAMP]: stamp } })).toEqual([])
  })
})
