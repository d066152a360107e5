import type { KeyObject } from 'node:crypto'
import { collecting } from '../problem/collecting.ts'
import { Problem, Problems } from '../problem/problem.ts'
import type { Certificate } from '../seal/certificate.ts'
import { type Manifest, readManifests } from '../seal/manifest.ts'
import { showPlace } from '../seal/scope.ts'
import { parseSealed } from '../seal/seal-value.ts'
import { type SealedSecret, readSealedSecret, unsealSecret } from '../seal/sealed-secret.ts'
import { secretManifest } from '../seal/secret.ts'
import { UsageProblem } from './options.ts'
import { manifestFiles } from './manifest-files.ts'
import { warnOfType, writeManifests } from './seal-write.ts'
import { readText } from './vault-files.ts'
import type { SealWork } from './seal.ts'

/** Checks SealedSecrets: their form, that they fit a certificate where one is named, and that they open where keys are. */
export async function validate({ values, operands, terminal, input }: SealWork): Promise<void> {
  const keys = await input.recoveryKeys()
  const certificate = values.cert === undefined ? undefined : await input.certificate()
  if (values.fingerprint !== undefined && !certificate) throw new UsageProblem({ code: 'seal-stray-option', summary: 'An option has no meaning here', detail: '--fingerprint without --cert' })
  const problems: Problem[] = []
  let seen = 0
  for (const file of manifestFiles(operands)) {
    for (const manifest of collecting(problems, () => sealedIn(file, operands)) ?? []) {
      seen++
      collecting(problems, () => {
        const sealed = readSealedSecret(manifest)
        terminal.out(`valid ${file}: ${checked(sealed, certificate, keys)}\n`)
        warnOfType(sealed.template, new Set([...sealed.encryptedData.keys(), ...Object.keys(sealed.templateData)]), terminal, sealed.span)
      })
    }
  }
  if (problems.length > 0) throw new Problems(problems)
  if (seen === 0) throw noneIn(operands.join(', '))
}

/** The SealedSecrets of a file. One that was named must have some; others need not even be YAML. */
function sealedIn(file: string, operands: readonly string[]): readonly Manifest[] {
  const text = readText(file)
  const found = text.includes('SealedSecret') ? readManifests(text, { file }).filter(({ kind }) => kind === 'SealedSecret') : []
  if (found.length === 0 && (operands.includes(file) || file === '-')) throw noneIn(file)
  return found
}
export const noneIn = (file: string): Problem => new Problem({ code: 'seal-nothing', summary: 'there is no SealedSecret', detail: file })

/** Checks one; a line about it. */
function checked(sealed: SealedSecret, certificate: Certificate | undefined, keys: readonly KeyObject[]): string {
  for (const [key, value] of sealed.encryptedData) {
    const bits = parseSealed(value)!.wrapped.length * 8
    const span = sealed.spans?.get(key)
    if (certificate && bits !== certificate.bytes * 8) throw new Problem({ code: 'seal-other-certificate', summary: 'a value was sealed for another certificate', detail: `${key} of ${showPlace(sealed)}: for a key of ${bits} bits, and the certificate has one of ${certificate.bytes * 8}`, ...(span ? { span } : {}) })
  }
  if (keys.length > 0) unsealSecret(sealed, keys)
  const { size } = sealed.encryptedData
  return `${showPlace(sealed)}, ${size} ${size === 1 ? 'value' : 'values'}${keys.length > 0 ? ', opened' : ''}`
}

/** Opens SealedSecrets, and writes the Secrets: all of them, or none. */
export async function unseal({ values, operands, terminal, input }: SealWork): Promise<void> {
  const keys = await input.recoveryKeys()
  if (keys.length === 0) throw new UsageProblem({ code: 'seal-no-recovery-key', summary: 'A recovery key must be named', hint: '--recovery-private-key FILE' })
  const problems: Problem[] = []
  const sealed: SealedSecret[] = []
  for (const file of manifestFiles(operands)) {
    collecting(problems, () => sealed.push(...sealedIn(file, operands).map(readSealedSecret)))
  }
  const secrets = sealed.map((one) => collecting(problems, () => secretManifest(unsealSecret(one, keys))))
  if (problems.length > 0) throw new Problems(problems)
  if (sealed.length === 0) throw noneIn(operands.join(', ') || 'standard input')
  for (const one of sealed) if (Object.keys(one.templateData).length > 0) terminal.err(`[WARNING]: ${showPlace(one)} has texts that the controller makes of its values (spec.template.data); they are left out\n`)
  writeManifests(secrets.filter((one) => one !== undefined), values, terminal, 0o600)
}
