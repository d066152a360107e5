import { createHmac } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Certificate } from './certificate.ts'
import { type Place, labelOf, withScope } from './scope.ts'
import { type SealedSecret, sealSecret } from './sealed-secret.ts'
import type { Secret } from './secret.ts'

/**
 * Sealing never gives the same text twice, so a second run cannot compare texts. An annotation says instead what each value was sealed from:
 * `v1 CERTIFICATE key=MAC …`, a MAC being an HMAC-SHA256 over place, certificate, key, plaintext and ciphertext. Without its key it tells
 * nothing of the plaintext; with the ciphertext in it, a value that another tool sealed is never taken for ours.
 */
export const STAMP = 'tutti/sealed-from'

const VERSION = 'v1'
const SHORT = 16

export interface StampKey {
  readonly certificate: Certificate
  /** At least 16 bytes; whoever has it can try plaintexts. */
  readonly hmacKey: Uint8Array
}

/** The annotation for sealed values whose plaintexts are known; MACs of other keys are taken over from `before`. */
export function stampOf(place: Place, plain: ReadonlyMap<string, Uint8Array>, encryptedData: ReadonlyMap<string, string>, key: StampKey, before?: string): string {
  const kept = before === undefined ? new Map<string, string>() : parseStamp(before).macs
  const macs = [...encryptedData.keys()].sort().flatMap((name) => {
    const bytes = plain.get(name)
    const mac = bytes ? macOf(place, name, bytes, encryptedData.get(name)!, key) : kept.get(name)
    return mac === undefined ? [] : [`${name}=${mac}`]
  })
  return [VERSION, key.certificate.fingerprint.slice(0, SHORT), ...macs].join(' ')
}

function macOf(place: Place, name: string, plain: Uint8Array, ciphertext: string, { certificate, hmacKey }: StampKey): string {
  const hmac = createHmac('sha256', hmacKey)
  for (const part of [VERSION, place.scope, place.namespace ?? '', place.name, labelOf(place), certificate.fingerprint, name, ciphertext, plain]) {
    const bytes = Buffer.from(part as Uint8Array)
    const length = Buffer.alloc(8)
    length.writeBigUInt64BE(BigInt(bytes.length))
    hmac.update(length).update(bytes)
  }
  return hmac.digest('base64url')
}

function parseStamp(text: string): { readonly fingerprint: string | undefined; readonly macs: ReadonlyMap<string, string> } {
  const [version, fingerprint, ...pairs] = text.split(' ')
  if (version !== VERSION) return { fingerprint: undefined, macs: new Map() }
  return { fingerprint, macs: new Map(pairs.map((pair) => [pair.slice(0, pair.lastIndexOf('=')), pair.slice(pair.lastIndexOf('=') + 1)])) }
}

/** What a SealedSecret that is there has to do with the Secret that is wanted. */
export interface Comparison {
  readonly same: boolean
  /** Why not, in sentences without values. */
  readonly reasons: readonly string[]
  /** Sealed values that can stay. */
  readonly keep: ReadonlyMap<string, string>
}

/** Seals a Secret for which there may be a SealedSecret already: what was sealed from the same text stays as it is, and the stamp is written. */
export function sealAgain(existing: SealedSecret | undefined, secret: Secret, scope: Place['scope'], key: StampKey): Comparison & { readonly sealed: SealedSecret } {
  const comparison = compareSealed(existing, secret, scope, key)
  const sealed = sealSecret(secret, scope, key.certificate, comparison.keep)
  return { ...comparison, sealed: { ...sealed, annotations: { ...sealed.annotations, [STAMP]: stampOf(sealed, secret.data, sealed.encryptedData, key) } } }
}

/** Pure: whether a SealedSecret was made of this Secret for this certificate, by its annotation; which of its values can stay. */
export function compareSealed(existing: SealedSecret | undefined, secret: Secret, scope: Place['scope'], key: StampKey): Comparison {
  if (!existing) return { same: false, reasons: ['it is not there'], keep: new Map() }
  const { name, namespace } = secret
  const moved = existing.name !== name || existing.namespace !== namespace || existing.scope !== scope
  if (moved) return { same: false, reasons: ['name, namespace or scope differ'], keep: new Map() }
  const stamp = parseStamp(existing.annotations[STAMP] ?? '')
  const good = [...secret.data].filter(([one, plain]) => existing.encryptedData.has(one) && stamp.macs.get(one) === macOf({ name, namespace, scope }, one, plain, existing.encryptedData.get(one)!, key)).map(([one]) => one)
  const reasons = [...valueReasons(existing, secret, new Set(good), stamp.fingerprint, key), ...templateReasons(existing, secret, scope)]
  return { same: reasons.length === 0, reasons, keep: new Map(good.map((one) => [one, existing.encryptedData.get(one)!])) }
}

function valueReasons(existing: SealedSecret, { data }: Secret, good: ReadonlySet<string>, fingerprint: string | undefined, { certificate }: StampKey): readonly string[] {
  if (fingerprint === undefined) return ['nothing says what it was sealed from']
  if (fingerprint !== certificate.fingerprint.slice(0, SHORT)) return ['it was sealed for another certificate']
  const added = [...data.keys()].filter((key) => !existing.encryptedData.has(key)).map((key) => `${key} is new`)
  const changed = [...data.keys()].filter((key) => existing.encryptedData.has(key) && !good.has(key)).map((key) => `${key} differs, or was sealed by other means`)
  const gone = [...existing.encryptedData.keys()].filter((key) => !data.has(key)).map((key) => `${key} is no longer wanted`)
  return [...added, ...changed, ...gone]
}

function templateReasons({ template, templateData }: SealedSecret, secret: Secret, scope: Place['scope']): readonly string[] {
  const [found, wanted] = [shown(template), shown({ ...secret, annotations: withScope(secret.annotations, scope) })]
  const differing = (Object.keys(wanted) as (keyof typeof wanted)[]).filter((field) => !isDeepStrictEqual(found[field], wanted[field])).map((field) => `${field} differ${field.endsWith('s') ? '' : 's'}`)
  return Object.keys(templateData).length > 0 ? [...differing, 'its template has texts of its own'] : differing
}

/** With what the server takes where nothing is said. */
const shown = ({ labels, annotations, type = 'Opaque', immutable = false }: SealedSecret['template']) => ({ labels, annotations, type, immutable })
