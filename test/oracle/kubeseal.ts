import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { dispatch } from '../../src/cli/dispatch.ts'
import { SCOPES, type Scope } from '../../src/seal/scope.ts'
import { toJson } from '../../src/value/json.ts'
import { parseYamlAll } from '../../src/yaml/parse-value.ts'
import { writeYaml } from '../../src/yaml/write-yaml.ts'
import { fakeTerminal } from '../cli/fake-terminal.ts'
import { makePair } from '../seal/make-certificate.ts'
import { createRandom } from '../typos/random.ts'

/**
 * Random Secrets in every scope, sealed by tutti and opened by kubeseal, and the other way round: the same bytes; and both refuse what stands
 * under another namespace or name, where the scope says so. Then both set a value in what the other sealed, and tutti seals all of it again for another certificate.
 *   node test/oracle/kubeseal.ts [--secrets 200] [--seed 1] [--kubeseal PROGRAM]
 * Without a program, kubeseal is built from its Go module into $TUTTI_GO_CACHE (else ~/.cache/tutti/go), once; it takes minutes.
 */
const { values: asked } = parseArgs({ options: { secrets: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' }, kubeseal: { type: 'string' } } })
const VERSION = 'v0.30.0'
const MODULE = 'github.com/bitnami-labs/sealed-secrets/cmd/kubeseal'

interface Sample {
  readonly name: string
  readonly namespace: string
  /** As base64. */
  readonly data: Readonly<Record<string, string>>
}

const kubeseal = asked.kubeseal ?? built()
if (!kubeseal || spawnSync(kubeseal, ['--version']).status !== 0) {
  console.log(`skipped: ${kubeseal ? `${kubeseal} does not run` : `kubeseal ${VERSION} cannot be built (--kubeseal PROGRAM, or Go and its modules)`}`)
  process.exit(0)
}

const scratch = mkdtempSync(join(tmpdir(), 'tutti-kubeseal-'))
const at = (name: string): string => join(scratch, name)
const random = createRandom(Number(asked.seed))
const wrong: string[] = []
let checks = 0
const manifest = ({ name, namespace, data }: Sample): string => writeYaml({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data })
const theirUnseal = (text: string, key = 'old') => theirs(['--recovery-unseal', '--recovery-private-key', at(`${key}.key`)], text)
/** No bytes are `null` where Go prints them. */
const sorted = (data: unknown): string => JSON.stringify(Object.entries((data ?? {}) as Record<string, string | null>).map(([key, value]) => [key, value ?? '']).sort())
const isSame = (text: string, data: Sample['data']): boolean => text !== '' && sorted((JSON.parse(text) as { data?: unknown }).data) === sorted(data)

/** The text under another namespace, and under another name; whether the scope lets it open there. */
const elsewhere = (text: string, { name, namespace }: Sample, scope: Scope): readonly (readonly [string, string, boolean])[] => [
  ['another namespace', text.replaceAll(namespace, 'elsewhere'), scope === 'cluster-wide'],
  ['another name', text.replaceAll(name, 'another'), scope !== 'strict'],
]

try {
  for (const name of ['old', 'new']) {
    const { certificate, keyPem } = makePair({ bits: 4096 })
    writeFileSync(at(`${name}.pem`), certificate)
    writeFileSync(at(`${name}.key`), keyPem, { mode: 0o600 })
  }
  for (const scope of SCOPES) {
    const samples = Array.from({ length: Number(asked.secrets) }, (_, i) => sample(i))
    mkdirSync(at(scope))
    await oursToTheirs(scope, samples)
    await theirsToOurs(scope, samples)
    await mixed(scope, samples)
    await renewed(scope, samples)
    console.log(`${scope}: ${samples.length} Secrets, ${checks} checks so far, ${wrong.length} wrong`)
  }
} finally {
  rmSync(scratch, { recursive: true })
}
for (const line of wrong) console.log(line)
process.exitCode = wrong.length > 0 ? 1 : 0

/** Builds it where it is not in the cache yet; `undefined` where that cannot be done. */
function built(): string | undefined {
  const directory = join(process.env.TUTTI_GO_CACHE ?? join(homedir(), '.cache/tutti/go'), `kubeseal-${VERSION}`)
  const program = join(directory, 'kubeseal')
  if (existsSync(program)) return program
  const { status } = spawnSync('nice', ['-n', '19', 'go', 'install', '-trimpath', '-ldflags=-s -w', `${MODULE}@${VERSION}`], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, GOBIN: directory, CGO_ENABLED: '0' } })
  return status === 0 ? program : undefined
}

/** Keys and bytes of all kinds: nothing, binary, text that YAML would take for something else, long. */
function sample(i: number): Sample {
  const keys = ['password', 'tls.key', '.hidden', 'A_B-c', '0123', 'yes', 'null'].filter(() => random.below(3) === 0)
  const data = Object.fromEntries((keys.length > 0 ? keys : ['only']).map((key) => [key, bytes().toString('base64')]))
  return { name: `s${i}-${random.below(1000)}.x`, namespace: `ns-${random.below(1000)}`, data }
}
function bytes(): Buffer {
  const text = random.pick(['', 'yes', '0644', ' spaces ', 'line\nline\n', 'ünï😀', '{{ .x }}', 'a: b # c', '-----BEGIN X-----\n'])
  return random.below(2) === 0 ? Buffer.from(text) : Buffer.from(Array.from({ length: random.below(random.below(10) === 0 ? 20_000 : 200) }, () => random.below(256)))
}

async function tutti(...args: readonly string[]): Promise<{ readonly exitCode: number; readonly out: string; readonly err: string }> {
  const terminal = fakeTerminal()
  const exitCode = await dispatch(['seal', ...args], terminal)
  return { exitCode, out: terminal.text(), err: terminal.errors() }
}
function theirs(args: readonly string[], input: string): { readonly exitCode: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(kubeseal!, args, { input, encoding: 'utf8', timeout: 60_000 })
  return { exitCode: status, out: stdout, err: stderr }
}

function check(good: boolean, what: string, more = ''): void {
  checks++
  if (!good) wrong.push(`${what}${more ? `: ${more.trim().split('\n')[0]}` : ''}`)
}

async function oursToTheirs(scope: Scope, samples: readonly Sample[]): Promise<void> {
  for (const one of samples) {
    writeFileSync(at('plain.yml'), manifest(one))
    const { out, err } = await tutti('--cert', at('old.pem'), '--scope', scope, ...(random.below(2) === 0 ? ['-o', 'json'] : []), at('plain.yml'))
    const opened = theirUnseal(out)
    check(opened.exitCode === 0 && isSame(opened.out, one.data), `${scope} ${one.name}: ours, opened by kubeseal`, err || opened.err)
    for (const [what, text, opens] of elsewhere(out, one, scope)) check((theirUnseal(text).exitCode === 0) === opens, `${scope} ${one.name}: ours under ${what}, opened by kubeseal`)
  }
}

async function theirsToOurs(scope: Scope, samples: readonly Sample[]): Promise<void> {
  for (const one of samples) {
    const format = random.pick(['yaml', 'json'])
    const { out, err } = theirs(['--cert', at('old.pem'), '--scope', scope, '-o', format], manifest(one))
    const file = at(`${scope}/${one.name}.${format}`)
    writeFileSync(file, out)
    const opened = await tutti('--unseal', '--recovery-private-key', at('old.key'), '-o', 'json', file)
    check(opened.exitCode === 0 && isSame(opened.out, one.data), `${scope} ${one.name}: theirs, opened by tutti`, err || opened.err)
    for (const [what, text, opens] of elsewhere(out, one, scope)) {
      writeFileSync(at('moved.yml'), text)
      check(((await tutti('--unseal', '--recovery-private-key', at('old.key'), at('moved.yml'))).exitCode === 0) === opens, `${scope} ${one.name}: theirs under ${what}, opened by tutti`)
    }
  }
}

/** tutti sets a value in a file of theirs, and kubeseal one in a file of ours; the other opens all of it. */
async function mixed(scope: Scope, samples: readonly Sample[]): Promise<void> {
  for (const one of samples.slice(0, 20)) {
    const added = { ...one.data, added: Buffer.from(one.name).toString('base64') }
    writeFileSync(at('plain.yml'), manifest(one))
    writeFileSync(at('added.yml'), manifest({ ...one, data: { added: added.added! } }))
    writeFileSync(at('theirs.yml'), theirs(['--cert', at('old.pem'), '--scope', scope, '-o', 'yaml'], manifest(one)).out)
    const merged = await tutti('--cert', at('old.pem'), '--merge-into', at('theirs.yml'), at('added.yml'))
    const opened = theirUnseal(readFileSync(at('theirs.yml'), 'utf8'))
    check(opened.exitCode === 0 && isSame(opened.out, added), `${scope} ${one.name}: theirs, with a value set by tutti`, merged.err + opened.err)
    await tutti('--cert', at('old.pem'), '--scope', scope, at('plain.yml'), '-w', at('ours.yml'))
    theirs(['--cert', at('old.pem'), '--scope', scope, '-o', 'yaml', '--merge-into', at('ours.yml')], readFileSync(at('added.yml'), 'utf8'))
    const mine = await tutti('--unseal', '--recovery-private-key', at('old.key'), '-o', 'json', at('ours.yml'))
    check(mine.exitCode === 0 && isSame(mine.out, added), `${scope} ${one.name}: ours, with a value set by kubeseal`, mine.err)
  }
}

/** All that kubeseal sealed, checked, sealed again by tutti for another certificate, and opened by kubeseal with the new key alone. */
async function renewed(scope: Scope, samples: readonly Sample[]): Promise<void> {
  const valid = await tutti('--validate', '--cert', at('old.pem'), '--recovery-private-key', at('old.key'), at(scope))
  check(valid.exitCode === 0 && valid.out.split('\n').length - 1 === samples.length, `${scope}: all of theirs are valid`, valid.err)
  const again = await tutti('--re-encrypt', '--cert', at('new.pem'), '--recovery-private-key', at('old.key'), at(scope))
  check(again.exitCode === 0, `${scope}: sealed again`, again.err)
  const all = await tutti('--unseal', '--recovery-private-key', at('new.key'), at(scope))
  const found = new Map(parseYamlAll(all.out).map((value) => toJson(value) as unknown as { metadata: Sample; data: Sample['data'] }).map(({ metadata, data }) => [metadata.name, data]))
  for (const one of samples) {
    check(sorted(found.get(one.name)) === sorted(one.data), `${scope} ${one.name}: sealed again, opened by tutti`)
    const file = ['yaml', 'json'].map((format) => at(`${scope}/${one.name}.${format}`)).find((name) => existsSync(name))!
    const opened = theirUnseal(readFileSync(file, 'utf8'), 'new')
    check(opened.exitCode === 0 && isSame(opened.out, one.data), `${scope} ${one.name}: sealed again, opened by kubeseal`, opened.err)
  }
}
