import { readFileSync } from 'node:fs'
import { currentObjects, lookForGone } from '../contract/apply-objects.ts'
import type { Surroundings } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { type Looked, lookAt } from '../contract/server-apply.ts'
import { plannedKey, plannedObject } from '../contract/planned-objects.ts'
import { askCertificate } from '../contract/sealing-controller.ts'
import type { Reader } from '../host/reader.ts'
import type { JsonObject } from '../kubernetes/field-set.ts'
import { titleOf } from '../kubernetes/object.ts'
import { problemsOf } from '../problem/problem.ts'
import { type Certificate, parseCertificate } from '../seal/certificate.ts'
import { readManifests } from '../seal/manifest.ts'
import { type SealedSecret, readSealedSecret, sealedManifest } from '../seal/sealed-secret.ts'
import type { Secret } from '../seal/secret.ts'
import { sealAgain } from '../seal/stamp.ts'
import { type Aside, aside } from '../value/aside.ts'
import { bytesOf } from '../value/content.ts'
import { type Unknown, unknown } from '../value/value.ts'
import { type SealParams, objectOf } from './sealed-secret-wanted.ts'

export interface SealState {
  readonly exists: boolean | Unknown
  /** That it is made of the values that are wanted, for the certificate that is wanted. */
  readonly sealed: string | Unknown
  readonly seen: Aside<SealSeen>
}

export interface SealSeen {
  readonly reasons: readonly string[]
  readonly sealed?: SealedSecret
  readonly certificate?: Certificate
  readonly looked: readonly Looked[]
  readonly current: JsonObject | undefined
  readonly file: string | undefined
  readonly environment: Readonly<Record<string, string>>
}

/** Whether it is there, where it is not wanted. */
export async function lookForRemoval(host: Reader, given: SealParams, file: string | undefined, { environment }: Surroundings): Promise<SealState> {
  const base = { reasons: [], current: undefined, file, environment }
  if (file !== undefined) {
    const exists = readIfThere(file) !== undefined
    return { exists, sealed: exists ? 'sealed' : '', seen: aside({ ...base, looked: [] }) }
  }
  const looked = await lookForGone(host, [objectOf(given, {})], given, environment)
  const exists = looked[0]!.before !== null
  return { exists, sealed: exists ? 'sealed' : '', seen: aside({ ...base, looked }) }
}

/** What is there, and what sealing the wanted values again would make of it. */
export async function lookForSealed(host: Reader, given: SealParams, secret: Secret, file: string | undefined, { environment }: Surroundings): Promise<SealState> {
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
  const { certificate, fingerprint } = given
  if (certificate) return parseCertificate(bytesOf(certificate).toString('latin1'), { source: certificate.name, fingerprint })
  return (await askCertificate(host, given, environment, '. Name a file with certificate, or the controller with controller_name and controller_namespace')).certificate
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : fail(`${file} cannot be read: ${(error as Error).message}`)
  }
}
