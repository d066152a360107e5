import { type KeyObject, createPublicKey } from 'node:crypto'
import { collecting } from '../problem/collecting.ts'
import { Problem, Problems } from '../problem/problem.ts'
import type { Certificate } from '../seal/certificate.ts'
import { type Manifest, readManifests } from '../seal/manifest.ts'
import { labelOf } from '../seal/scope.ts'
import { parseSealed, sealValue, unsealValue } from '../seal/seal-value.ts'
import { type SealedSecret, openValue, readSealedSecret } from '../seal/sealed-secret.ts'
import { STAMP, stampOf } from '../seal/stamp.ts'
import { type Setting, setTexts } from '../yaml/set-texts.ts'
import { manifestFiles } from './manifest-files.ts'
import { UsageProblem } from './options.ts'
import { noneIn } from './seal-open.ts'
import type { SealWork } from './seal.ts'
import { readText, writeFileSafely } from './vault-files.ts'

interface Keys {
  readonly certificate: Certificate
  readonly hmacKey: Buffer | undefined
  /** Those that open what is sealed for the certificate already. */
  readonly own: readonly KeyObject[]
  readonly all: readonly KeyObject[]
}

interface Renewed {
  readonly file: string
  readonly before: string
  readonly after: string
  readonly values: number
}

/**
 * Seals every value of files and directories again for another certificate. Everything is opened, sealed and read again before the first
 * file is written: where one value does not open, no file changes.
 */
export async function reEncrypt({ values, operands, terminal, input }: SealWork): Promise<void> {
  const keys = await readKeys(input)
  const problems: Problem[] = []
  const renewed: Renewed[] = []
  for (const file of manifestFiles(operands)) {
    const found = collecting(problems, () => renew(file, readText(file), keys, operands.includes(file)))
    if (found) renewed.push(...found)
    else terminal.err(`failed ${file}\n`)
  }
  if (problems.length > 0) throw new Problems([...problems, new Problem({ code: 'seal-nothing-written', summary: 'no file was changed', detail: `${renewed.length} could have been`, hint: 'mend the others, or name only files and directories that belong to this cluster' })])
  if (renewed.length === 0) throw noneIn(operands.join(', '))
  for (const one of renewed) collecting(problems, () => terminal[one.file === '-' ? 'err' : 'out'](`${put(one, values.check, terminal.out)}\n`))
  if (problems.length > 0) throw new Problems(problems)
}

async function readKeys(input: SealWork['input']): Promise<Keys> {
  const certificate = await input.certificate()
  const all = await input.recoveryKeys()
  if (all.length === 0) throw new UsageProblem({ code: 'seal-no-recovery-key', summary: 'A recovery key must be named', hint: '--recovery-private-key FILE: the old keys, and the new one if some files are sealed for it already' })
  return { certificate, hmacKey: await input.hmacKey(), all, own: all.filter((key) => createPublicKey(key).equals(certificate.publicKey)) }
}

/** A file with its values sealed again; none where it has no SealedSecret and was not named itself. */
function renew(file: string, before: string, keys: Keys, isNamed: boolean): readonly Renewed[] {
  // Files that are no SealedSecrets may be templates, and need not be YAML.
  const manifests = before.includes('SealedSecret') ? readManifests(before, { file }).filter(({ kind }) => kind === 'SealedSecret') : []
  if (manifests.length === 0) {
    if (isNamed || file === '-') throw noneIn(file)
    return []
  }
  const works = manifests.map((manifest) => ({ manifest, ...settingsOf(manifest, readSealedSecret(manifest), keys) }))
  const after = works.reduce((text, { manifest, settings }) => edited(text, manifest, settings), before)
  return [{ file, before, after, values: works.reduce((sum, { values }) => sum + values, 0) }]
}

function edited(text: string, { document, node }: Manifest, settings: readonly Setting[]): string {
  const after = settings.length === 0 ? text : setTexts(text, document, settings)
  if (after === undefined) throw new Problem({ code: 'seal-edit', summary: 'the SealedSecret is written in a way that it cannot be edited in place', hint: 'write out what stands there by anchors, aliases and merge keys', span: node.span })
  return after
}

function settingsOf({ path }: Manifest, sealed: SealedSecret, keys: Keys): { readonly settings: readonly Setting[]; readonly values: number } {
  const problems: Problem[] = []
  const fresh = new Map<string, string>()
  const plain = new Map<string, Buffer>()
  for (const [key, value] of sealed.encryptedData) {
    collecting(problems, () => {
      const already = unsealValue(parseSealed(value)!, keys.own, labelOf(sealed))
      const bytes = already ?? openValue(sealed, key, keys.all)
      plain.set(key, bytes)
      if (!already) fresh.set(key, sealValue(bytes, keys.certificate.publicKey, labelOf(sealed)))
    })
  }
  if (problems.length > 0) throw new Problems(problems)
  if (fresh.size === 0) return { settings: [], values: 0 }
  const { certificate, hmacKey } = keys
  const stamp = hmacKey && STAMP in sealed.annotations ? stampOf(sealed, plain, new Map([...sealed.encryptedData, ...fresh]), { certificate, hmacKey }) : undefined
  return { values: fresh.size, settings: [{ path: [...path, 'spec', 'encryptedData'], entries: fresh }, ...(stamp === undefined ? [] : [{ path: [...path, 'metadata', 'annotations'], entries: new Map([[STAMP, stamp]]) }])] }
}

/** Writes one file, if it still is what was read; a line about it. */
function put({ file, before, after, values }: Renewed, check: boolean, out: (text: string) => void): string {
  if (file === '-') {
    out(after)
    return `re-encrypted standard input: ${counted(values)}`
  }
  if (values === 0) return `same ${file}`
  if (check) return `would re-encrypt ${file}: ${counted(values)}`
  if (readText(file) !== before) throw new Problem({ code: 'seal-changed-meanwhile', summary: 'a file was changed by somebody else meanwhile, and was left alone', detail: file, hint: 'run it again' })
  writeFileSafely(file, after, true)
  return `re-encrypted ${file}: ${counted(values)}`
}

const counted = (values: number): string => `${values} ${values === 1 ? 'value' : 'values'}`
