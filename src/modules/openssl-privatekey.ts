import { askProgram } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { fileParams, refuseAttributes } from '../contract/file-attributes.ts'
import { type FileTarget, attributeChange, attributeLines, attributeOutputs, newTarget, readTarget, wish } from '../contract/file-target.ts'
import { OPENSSL } from '../contract/openssl.ts'
import { refuseSelinux } from '../contract/selinux.ts'
import { type Step, attributes, remove, run } from '../host/step.ts'
import { fileResource } from '../host/file.ts'
import { leaves } from '../host/resource.ts'
import { type Params, choice, flag, integer, path, text } from '../schema/field.ts'
import { replaceLines } from '../host/file-script.ts'
import { quote } from '../shell/quote.ts'
import { Unknown, fresh, unknown } from '../value/value.ts'

const CURVES = ['secp224r1', 'secp256k1', 'secp256r1', 'secp384r1', 'secp521r1', 'secp192r1', 'brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1', 'sect163k1', 'sect163r2', 'sect233k1', 'sect233r1', 'sect283k1', 'sect283r1', 'sect409k1', 'sect409r1', 'sect571k1', 'sect571r1'] as const

const params = {
  path: path('The file of the key.', { required: true }),
  state: choice(['absent', 'present'], 'Whether it is there.', { default: 'present' }),
  type: choice(['DSA', 'ECC', 'Ed25519', 'Ed448', 'RSA', 'X25519', 'X448'], 'What kind of key.', { default: 'RSA' }),
  size: integer('Bits of an RSA or DSA key.', { default: 4096 }),
  curve: choice(CURVES, 'The curve of an ECC key.'),
  passphrase: text('The key is encrypted with this.', { secret: true }),
  cipher: text('How it is encrypted.', { default: 'auto' }),
  format: choice(['pkcs1', 'pkcs8', 'raw', 'auto', 'auto_ignore'], 'How it is written.', { default: 'auto_ignore' }),
  format_mismatch: choice(['regenerate', 'convert'], 'What happens to a key in another format.', { default: 'regenerate', inert: 'formats are not compared' }),
  regenerate: choice(['never', 'fail', 'partial_idempotence', 'full_idempotence', 'always'], 'When a key that is there is replaced.', { default: 'full_idempotence' }),
  force: flag('Make a new key each time.', { default: false }),
  backup: flag('Keep the old key, with the time in its name.', { default: false }),
  return_content: flag('Tell the key in the result.', { default: false }),
  select_crypto_backend: choice(['auto', 'cryptography'], 'Whose cryptography.', { default: 'auto', inert: 'openssl of the host makes the key' }),
  unsafe_writes: flag('Write in place where a rename is not possible.', { default: false, inert: 'the key is made beside its place and renamed' }),
  ...fileParams,
} as const
type KeyParams = Params<typeof params>

interface Key extends FileTarget {
  /** Kind and size: `RSA 4096`, `ECC secp384r1`; '' for none, `unreadable` for what openssl cannot open. */
  readonly key: string | Unknown
}

export const opensslPrivatekey = defineModule({
  name: 'openssl_privatekey',
  summary: 'Keep a private key, made by openssl on the host.',
  notes: ['Needs openssl on the host. format: raw, and return_content, are refused: a key does not leave the host.'],
  examples: `
- name: A key that only its owner reads
  openssl_privatekey: { path: /etc/ssl/private/www.pem, size: 2048, mode: "0600" }
- name: A small one of another kind
  openssl_privatekey: { path: /etc/ssl/private/db.pem, type: ECC, curve: secp256r1 }
- name: With a passphrase
  openssl_privatekey: { path: /etc/ssl/private/ca.pem, passphrase: "{{ ca_passphrase }}", cipher: auto, type: ECC, curve: secp384r1 }
`,
  params,
  async probe(host, given): Promise<Key> {
    refuseAttributes(given)
    await refuseSelinux(host, given)
    if (given.format === 'raw') fail('format: raw is not supported')
    if (given.return_content) fail('return_content is not supported: a private key does not leave the host; read it with slurp where it must')
    if (given.type === 'ECC' && given.curve === undefined) fail('curve is required for type ECC')
    if (given.cipher !== 'auto' && !/^[\w-]+$/.test(given.cipher)) fail(`cipher '${given.cipher}' is not the name of a cipher`)
    const target = await readTarget(host, given.path, { ...given, mode: given.mode ?? '0600' }, true)
    if (target.kind !== 'file') {
      if (given.state === 'present') await askProgram(host, OPENSSL, ':', [])
      return { ...target, key: '' }
    }
    const { printBytes } = await import('../shell/bytes.ts')
    const pass = given.passphrase === undefined ? '-passin pass:' : '-passin stdin'
    const reply = await askProgram(host, OPENSSL, `${given.passphrase === undefined ? ':' : printBytes(Buffer.from(`${given.passphrase}\n`))} | openssl pkey -in ${quote(target.seen.value.path)} ${pass} -noout -text 2>/dev/null | sed -n -e '1p' -e '/^ASN1 OID/p' -e '/^NIST CURVE/p'`, [target.seen.value.path])
    if (reply instanceof Unknown) return { ...target, key: reply }
    return { ...target, key: parseKind(reply.stdout.toString()) }
  },
  plan(given, before): Key {
    if (given.state === 'absent') return before.kind === 'absent' ? before : { ...before, kind: 'absent', mode: 0, owner: '', group: '', key: '', checksum: '' }
    const { parent } = before.seen.value
    if (parent.kind !== 'directory') fail(`The directory of ${before.seen.value.path} does not exist or the file is not a directory`, { name: given.path })
    const wanted = { owner: given.owner, group: given.group, mode: given.mode ?? '0600' }
    const makes = needsNew(given, before.key)
    if (makes instanceof Unknown) return { ...before, key: makes }
    if (!makes) return { ...before, ...wish(before, { ...wanted, mode: given.mode }, before) }
    const base = before.kind === 'file' ? before : { ...before, ...newTarget('file', before, wanted) }
    return { ...base, ...wish(base, wanted, before, before.kind === 'file'), key: wishOf(given), checksum: fresh('a new key') }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const { path, followed, me } = before.seen.value
    if (after.kind === 'absent') return yield remove(path)
    const isNew = before.kind !== 'file'
    if (after.checksum instanceof Unknown || after.key instanceof Unknown) {
      const state = { ...followed, kind: 'file' as const, mode: 0o600, owner: me.user, group: me.group, uid: me.uid, gid: me.gid, size: fresh('a new key'), modified: fresh('a new key') }
      yield run(makeScript(given, path), [leaves(fileResource, path, state)], { sentence: `make the key ${path}`, ...(given.passphrase === undefined ? {} : { stdin: Buffer.from(`${given.passphrase}\n`) }) })
    }
    const made = after.checksum instanceof Unknown
    const change = attributeChange(made ? { ...after, owner: me.user, group: me.group, mode: 0o600 } : isNew ? newTarget('file', before, { owner: undefined, group: undefined, mode: undefined }) : before, after)
    if (Object.keys(change).length > 0) yield attributes(path, change)
  },
  diff({ before, after }) {
    const { path } = before.seen.value
    const key = before.key === after.key && !(after.checksum instanceof Unknown) ? [] : [{ header: { before: path, after: path }, before: before.key === '' ? '' : `key: ${before.key instanceof Unknown ? `(${before.key.reason})` : before.key}\n`, after: after.kind === 'absent' ? '' : `key: ${after.key instanceof Unknown ? `(${after.key.reason})` : after.key} (new)\n` }]
    return [...key, ...(before.kind === 'file' && after.kind === 'file' ? attributeLines(before, after, path) : [])]
  },
  result({ params: given, before, after, replies, taken }) {
    const backup = taken && given.backup ? replies[0]?.stdout.toString().trim().split('\n').at(-1) : undefined
    return { outputs: { filename: before.seen.value.path, type: given.type, size: given.type === 'RSA' || given.type === 'DSA' ? given.size : undefined, curve: given.type === 'ECC' ? given.curve : undefined, ...(after.kind === 'file' ? attributeOutputs(after, before) : {}), ...(backup ? { backup_file: backup } : {}) } }
  },
})

const NAMES: Readonly<Record<string, string>> = { secp256r1: 'prime256v1', secp192r1: 'prime192v1' }
const wishOf = ({ type, size, curve }: KeyParams): string => (type === 'RSA' || type === 'DSA' ? `${type} ${size}` : type === 'ECC' ? `ECC ${curve}` : type)

function needsNew(given: KeyParams, key: string | Unknown): boolean | Unknown {
  if (given.force || given.regenerate === 'always') return true
  if (key instanceof Unknown) return unknown(key.reason)
  if (key === '') return true
  if (given.regenerate === 'never' || key === wishOf(given)) return false
  if (key === 'unreadable' && given.regenerate !== 'full_idempotence') return fail('Unable to read the key. The key is protected with another passphrase / no passphrase, or broken. Will not proceed. To force regeneration, call the module with `regenerate` set to `full_idempotence` or `always`, or with `force=true`.')
  return given.regenerate === 'fail' ? fail('Key has wrong type and/or size. Will not proceed. To force regeneration, call the module with `regenerate` set to `partial_idempotence`, `full_idempotence` or `always`, or with `force=true`.') : true
}

/** The first line of `openssl pkey -text`: `Private-Key: (4096 bit, 2 primes)`, `ED25519 Private-Key:` … */
export function parseKind(text: string): string {
  const bits = /Private-Key: \((\d+) bit/.exec(text)?.[1]
  const own = /^(ED25519|ED448|X25519|X448) Private-Key/i.exec(text)?.[1]
  if (own) return { ED25519: 'Ed25519', ED448: 'Ed448' }[own.toUpperCase()] ?? own.toUpperCase()
  const oid = /^ASN1 OID: (\S+)/m.exec(text)?.[1]
  if (oid) return `ECC ${Object.entries(NAMES).find(([, name]) => name === oid)?.[0] ?? oid}`
  return bits === undefined ? 'unreadable' : `${/^DSA|dsa/i.test(text) ? 'DSA' : 'RSA'} ${bits}`
}

/** Made beside its place and renamed; the passphrase comes by standard input. */
function makeScript({ type, size, curve, passphrase, cipher, backup, format }: KeyParams, path: string): string {
  const kind = type === 'RSA' ? `-algorithm RSA -pkeyopt rsa_keygen_bits:${size}` : type === 'ECC' ? `-algorithm EC -pkeyopt ec_paramgen_curve:${NAMES[curve!] ?? curve} -pkeyopt ec_param_enc:named_curve` : `-algorithm ${type.toUpperCase()}`
  const lock = passphrase === undefined ? '' : ` -${cipher === 'auto' ? 'aes256' : cipher} -pass stdin`
  const make = type === 'DSA' ? `openssl dsaparam -genkey ${size} 2>/dev/null | openssl pkey${passphrase === undefined ? '' : ` -${cipher === 'auto' ? 'aes256' : cipher} -passout fd:3`}` : `openssl genpkey ${kind}${lock}`
  const convert = format === 'pkcs1' && passphrase === undefined && type !== 'DSA' ? ' | openssl pkey -traditional' : ''
  return [
    'set -e; umask 077; export LC_ALL=C; command -v openssl >/dev/null || { echo \'Failed to find required executable "openssl"\' >&2; exit 9; }', `p=$(readlink -f -- ${quote(path)}) || p=${quote(path)}`, ...replaceLines([
    ...(type === 'DSA' && passphrase !== undefined ? ['exec 3<&0'] : []), `e=$({ ${make}${convert}; } 2>&1 > "$t") || { printf '%s\\n' "$e" >&2; exit 1; }; [ -s "$t" ] || { printf '%s\\n' "$e" >&2; exit 1; }`,
    ], { backup, bare: true }),
  ].join('\n')
}
