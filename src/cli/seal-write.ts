import { existsSync } from 'node:fs'
import { Problem, type Span } from '../problem/problem.ts'
import { showProblem } from '../problem/show-problem.ts'
import type { Certificate } from '../seal/certificate.ts'
import { type Manifest, readManifests } from '../seal/manifest.ts'
import { type Scope, labelOf, scopeOf, showPlace } from '../seal/scope.ts'
import { sealValue } from '../seal/seal-value.ts'
import { type SealedSecret, readSealedSecret, sealSecret, sealedManifest } from '../seal/sealed-secret.ts'
import { type Secret, checkName, readSecret } from '../seal/secret.ts'
import { checkSize, typeWarning } from '../seal/secret-type.ts'
import { STAMP, compareSealed, sealAgain, stampOf } from '../seal/stamp.ts'
import type { Json } from '../value/json.ts'
import { type Setting, setTexts } from '../yaml/set-texts.ts'
import { writeYaml } from '../yaml/write-yaml.ts'
import type { Terminal } from './command.ts'
import { UsageProblem } from './options.ts'
import { hasSources, readSources } from './seal-sources.ts'
import type { SealValues, SealWork } from './seal.ts'
import { makeDirectoryOf, readText, writeFileSafely } from './vault-files.ts'

interface Wanted {
  readonly secret: Secret
  readonly scope: Scope
}

/** Seals what is named, and writes SealedSecrets. */
export async function seal(work: SealWork): Promise<void> {
  const certificate = await work.input.certificate()
  const hmacKey = await work.input.hmacKey()
  const wanted = await wantedSecrets(work)
  for (const { secret } of wanted) warnOfType(secret, new Set(secret.data.keys()), work.terminal)
  const existing = hmacKey && work.values.output !== undefined && work.values.output !== '-' ? sealedIn(work.values.output) : []
  const made = wanted.map((one) => sealOne(one, certificate, hmacKey, existing))
  if (made.every(({ same }) => same) && existing.length === made.length) return work.terminal.err(`same ${work.values.output}\n`)
  writeManifests(made.map(({ sealed }) => sealedManifest(sealed)), work.values, work.terminal, 0o666)
}

function sealOne({ secret, scope }: Wanted, certificate: Certificate, hmacKey: Buffer | undefined, existing: readonly SealedSecret[]): { readonly sealed: SealedSecret; readonly same: boolean } {
  if (!hmacKey) return { sealed: sealSecret(secret, scope, certificate), same: false }
  return sealAgain(existing.find(({ name, namespace }) => name === secret.name && namespace === secret.namespace), secret, scope, { certificate, hmacKey })
}

/** Tells what is missing for the type of a Secret. */
export function warnOfType({ type }: Pick<Secret, 'type'>, keys: ReadonlySet<string>, terminal: Terminal, span?: Span): void {
  const warning = typeWarning(type, keys, span)
  if (warning) terminal.err(`${showProblem(warning, 'warning:')}\n`)
}

/** The SealedSecrets that a file holds already; none where there is no file. */
function sealedIn(file: string): readonly SealedSecret[] {
  if (!existsSync(file)) return []
  return readManifests(readText(file), { file }).filter(({ kind }) => kind === 'SealedSecret').map(readSealedSecret)
}

/** The Secrets that are to be sealed: of manifests, or made of the values on the command line. */
async function wantedSecrets(work: SealWork): Promise<readonly Wanted[]> {
  const { values, input, operands, terminal } = work
  if (hasSources(values)) {
    if (operands.length > 0) throw new UsageProblem({ code: 'bad-operands', summary: 'Either manifests or values are sealed, not both', hint: '--merge-into sets values in a SealedSecret' })
    const data = await readSources(values, input, terminal)
    return [complete({ name: values.name, namespace: values.namespace, labels: {}, annotations: {}, type: values.type, immutable: undefined, data }, values)]
  }
  const manifests = await secretManifests(work)
  if (manifests.length > 1 && values.name !== undefined) throw new UsageProblem({ code: 'seal-one-name', summary: '--name is for one Secret', detail: `there are ${manifests.length}` })
  return manifests.map((manifest) => complete({ name: undefined, ...readSecret(manifest) }, values, manifest.node.span))
}

async function secretManifests({ operands, input, terminal }: SealWork): Promise<readonly Manifest[]> {
  const files = operands.length > 0 ? operands : ['-']
  if (operands.length === 0 && terminal.isTerminal) terminal.err("Reading a Secret's manifest from standard input (ctrl-d to end it)\n")
  const manifests: Manifest[] = []
  for (const file of files) manifests.push(...(await input.concealed(file)))
  if (manifests.length === 0) throw new Problem({ code: 'seal-nothing', summary: 'there is no Secret to seal', detail: files.join(', ') })
  return manifests
}

/** With what the command line says of name, namespace and scope, which must not contradict the manifest. */
function complete(secret: Omit<Secret, 'name'> & { readonly name: string | undefined }, values: SealValues, span?: Span): Wanted {
  const scope = values.scope ?? scopeOf(secret.annotations)
  const name = agreed('name', values.name, secret.name, span) ?? lacking('name', span)
  const namespace = agreed('namespace', values.namespace, secret.namespace, span) ?? (scope === 'cluster-wide' ? undefined : lacking('namespace', span))
  if (secret.data.size === 0) throw new Problem({ code: 'seal-nothing', summary: 'there is nothing to seal', detail: `${name} has no values`, ...(span ? { span } : {}) })
  const type = values.type ?? secret.type
  checkSize(secret.data, span)
  return { secret: { ...secret, name, namespace, type }, scope }
}

function agreed(what: 'name' | 'namespace', said: string | undefined, written: string | undefined, span: Span | undefined): string | undefined {
  if (said !== undefined) checkName(said, what)
  if (said === undefined || written === undefined || said === written) return said ?? written
  throw new Problem({ code: 'seal-contradiction', summary: `the ${what} on the command line is not that of the manifest`, detail: `'${said}' and '${written}'`, ...(span ? { span } : {}) })
}

function lacking(what: 'name' | 'namespace', span: Span | undefined): never {
  throw new UsageProblem({ code: `seal-no-${what}`, summary: `The ${what} of the Secret must be said`, hint: `--${what} says it${what === 'namespace' ? ', or --scope cluster-wide does without' : ''}`, ...(span ? { span } : {}) })
}

/** Sets values in a SealedSecret of a file. */
export async function mergeInto(work: SealWork): Promise<void> {
  const { values, input, terminal } = work
  const file = values.mergeInto!
  const certificate = await input.certificate()
  const hmacKey = await input.hmacKey()
  if (hasSources(values) && work.operands.length > 0) throw new UsageProblem({ code: 'bad-operands', summary: 'Either manifests or values are merged, not both' })
  const data = hasSources(values) ? await readSources(values, input, terminal) : await mergedData(work)
  const text = readText(file)
  const { manifest, sealed } = targetOf(text, file, values)
  const key = hmacKey && { certificate, hmacKey }
  const keep = key ? compareSealed(sealed, { ...sealed.template, name: sealed.name, namespace: sealed.namespace, data }, sealed.scope, key).keep : new Map<string, string>()
  const fresh = new Map([...data].filter(([name]) => !keep.has(name)).map(([name, bytes]) => [name, sealValue(bytes, certificate.publicKey, labelOf(sealed))]))
  if (fresh.size === 0) return terminal.err(`same ${file}\n`)
  const settings: Setting[] = [{ path: [...manifest.path, 'spec', 'encryptedData'], entries: fresh }]
  if (key) settings.push({ path: [...manifest.path, 'metadata', 'annotations'], entries: new Map([[STAMP, stampOf(sealed, data, new Map([...sealed.encryptedData, ...fresh]), key, sealed.annotations[STAMP])]]) })
  const after = setTexts(text, manifest.document, settings)
  if (after === undefined) throw new Problem({ code: 'seal-edit', summary: 'the SealedSecret is written in a way that it cannot be edited in place', detail: showPlace(sealed), hint: 'write out what stands there by anchors, aliases and merge keys', span: manifest.node.span })
  writeFileSafely(file, after, true)
  terminal.err(`sealed ${file}: ${[...fresh.keys()].join(', ')}\n`)
}

/** The values of manifests that are to be merged. */
async function mergedData(work: SealWork): Promise<ReadonlyMap<string, Buffer>> {
  const [first, ...more] = await secretManifests(work)
  if (more.length > 0) throw new UsageProblem({ code: 'seal-one-secret', summary: '--merge-into takes one Secret' })
  const secret = readSecret(first!)
  agreed('name', work.values.name, secret.name, first!.node.span)
  agreed('namespace', work.values.namespace, secret.namespace, first!.node.span)
  return secret.data
}

/** The one SealedSecret of a file that is meant. */
function targetOf(text: string, file: string, { name, namespace, scope }: SealValues): { readonly manifest: Manifest; readonly sealed: SealedSecret } {
  const all = readManifests(text, { file }).filter(({ kind }) => kind === 'SealedSecret').map((manifest) => ({ manifest, sealed: readSealedSecret(manifest) }))
  const found = all.filter(({ sealed }) => (name === undefined || sealed.name === name) && (namespace === undefined || sealed.namespace === namespace))
  const [first] = found
  const shown = all.map(({ sealed }) => showPlace(sealed)).join(', ')
  if (!first) throw new Problem({ code: 'seal-no-target', summary: 'the file has no such SealedSecret', detail: all.length > 0 ? `${file} has ${shown}` : file })
  if (found.length > 1) throw new UsageProblem({ code: 'seal-which', summary: 'The file has several SealedSecrets', detail: shown, hint: '--name and --namespace say which' })
  if (scope !== undefined && scope !== first.sealed.scope) throw new Problem({ code: 'seal-contradiction', summary: 'the scope on the command line is not that of the file', detail: `'${scope}' and '${first.sealed.scope}'`, hint: 'values of another scope do not open: seal them all again', span: first.manifest.node.span })
  return first
}

/** Manifests in the form that was asked for, to a file or to standard output; of several, JSON makes a List. */
export function writeManifests(manifests: readonly Json[], { format, output }: SealValues, terminal: Terminal, newMode: number): void {
  const whole = manifests.length === 1 ? manifests[0]! : { apiVersion: 'v1', kind: 'List', items: manifests }
  const text = format === 'json' ? `${JSON.stringify(whole, null, 2)}\n` : manifests.map(writeYaml).join('---\n')
  if (output === undefined || output === '-') return terminal.out(text)
  makeDirectoryOf(output)
  writeFileSafely(output, text, true, newMode)
}
