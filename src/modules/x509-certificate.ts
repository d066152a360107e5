import { askProgram } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { fileParams, refuseAttributes } from '../contract/file-attributes.ts'
import { attributeOutputs, readTarget } from '../contract/file-target.ts'
import { type MadeFile, madeDiff, madeSteps, planMade } from '../contract/made-file.ts'
import { OPENSSL, OpensslCall, extensionsOf } from '../contract/openssl.ts'
import { refuseSelinux } from '../contract/selinux.ts'
import { type Params, choice, flag, integer, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown } from '../value/value.ts'

const params = {
  path: path('The certificate.', { required: true }),
  state: choice(['absent', 'present'], 'Whether it is there.', { default: 'present' }),
  provider: choice(['selfsigned', 'ownca', 'acme'], 'Who signs it: its own key, or an authority whose key is on the host. acme is refused.'),
  csr_path: path('The request; a selfsigned certificate can do without.'),
  csr_content: text('The request itself.'),
  privatekey_path: path('The key of a selfsigned certificate.'),
  privatekey_content: text('That key itself.', { secret: true }),
  privatekey_passphrase: text('Its passphrase.', { secret: true }),
  selfsigned_digest: text('The digest that it is signed with.', { default: 'sha256', aliases: ['selfsigned_digest_type'] }),
  selfsigned_not_before: text('From when it is valid: from now on alone.', { default: '+0s', aliases: ['selfsigned_notBefore'] }),
  selfsigned_not_after: text('How long it is valid: +3650d, +10w, whole days.', { default: '+3650d', aliases: ['selfsigned_notAfter'] }),
  selfsigned_version: integer('The version; there is only 3.', { default: 3 }),
  selfsigned_create_subject_key_identifier: choice(['create_if_not_provided', 'always_create', 'never_create'], 'Whether it has an identifier of its key.', { default: 'create_if_not_provided' }),
  ownca_path: path('The certificate of the authority.'),
  ownca_content: text('That certificate itself.'),
  ownca_privatekey_path: path('The key of the authority.'),
  ownca_privatekey_content: text('That key itself.', { secret: true }),
  ownca_privatekey_passphrase: text('Its passphrase.', { secret: true }),
  ownca_digest: text('The digest that it is signed with.', { default: 'sha256' }),
  ownca_not_before: text('From when it is valid: from now on alone.', { default: '+0s' }),
  ownca_not_after: text('How long it is valid: +3650d, +10w, whole days.', { default: '+3650d' }),
  ownca_version: integer('The version; there is only 3.', { default: 3 }),
  ownca_create_subject_key_identifier: choice(['create_if_not_provided', 'always_create', 'never_create'], 'Whether it has an identifier of its key.', { default: 'create_if_not_provided' }),
  ownca_create_authority_key_identifier: flag('It names the key of the authority.', { default: true }),
  ignore_timestamps: flag('Times are not compared: a certificate that runs out is made anew with force alone.', { default: true }),
  force: flag('Make it anew each time.', { default: false }),
  backup: flag('Keep the old certificate, with the time in its name.', { default: false }),
  return_content: flag('Tell the certificate in the result.', { default: false }),
  select_crypto_backend: choice(['auto', 'cryptography'], 'Whose cryptography.', { default: 'auto', inert: 'openssl of the host signs' }),
  unsafe_writes: flag('Write in place where a rename is not possible.', { default: false, inert: 'the certificate is made beside its place and renamed' }),
  ...fileParams,
} as const
type CertificateParams = Params<typeof params>

interface Certificate extends MadeFile {
  readonly wanted: Aside<string | Unknown>
  readonly pem: Aside<string>
}

export const x509Certificate = defineModule({
  name: 'x509_certificate',
  summary: 'Keep a certificate, signed by openssl on the host.',
  notes: [
    'Needs openssl 3 or newer on the host. A certificate that is there is compared by subject, issuer, key, digest and the extensions of the request; of one that an authority signs, its signature too.',
    'Times: only from now on, for whole days. The provider acme, absolute times and ignore_timestamps: false are refused.',
  ],
  examples: `
- name: A certificate for tests
  x509_certificate: { path: /etc/ssl/www.crt, provider: selfsigned, privatekey_path: /etc/ssl/private/www.pem, csr_path: /etc/ssl/www.csr }
- name: One of our own authority
  x509_certificate: { path: /etc/ssl/db.crt, provider: ownca, csr_path: /etc/ssl/db.csr, ownca_path: /etc/ssl/ca.crt, ownca_privatekey_path: /etc/ssl/private/ca.pem, ownca_not_after: +365d }
- name: An old one is gone
  x509_certificate: { path: /etc/ssl/old.crt, state: absent }
`,
  params,
  rules: { requiredIf: [['state', 'present', ['provider']]], atMostOneOf: [['csr_path', 'csr_content'], ['privatekey_path', 'privatekey_content'], ['ownca_path', 'ownca_content'], ['ownca_privatekey_path', 'ownca_privatekey_content']] },
  async probe(host, given): Promise<Certificate> {
    refuseAttributes(given)
    await refuseSelinux(host, given)
    const target = await readTarget(host, given.path, given, true)
    const empty = { ...target, checksum: '', text: '', wanted: aside(''), pem: aside('') }
    if (given.state === 'absent') return empty
    misused(given)
    const file = target.seen.value.path
    const inputs = [given.csr_path, given.privatekey_path, given.ownca_path, given.ownca_privatekey_path].filter((one) => one !== undefined)
    const fresher = await askProgram(host, OPENSSL, makeScript(given, '| openssl x509 -noout -text -nameopt RFC2253'), inputs)
    if (!(fresher instanceof Unknown) && !/Subject:/.test(fresher.stdout.toString())) fail(`openssl cannot make the certificate: ${fresher.stderr.toString().trim().split('\n').slice(0, 3).join('; ')}`)
    const old = target.kind === 'file' ? await askProgram(host, OPENSSL, `openssl x509 -in ${quote(file)} -noout -text -nameopt RFC2253 2>/dev/null; echo @@; ${verifyScript(given, file)}; echo @@; cat -- ${quote(file)}`, [file, ...inputs]) : undefined
    const [said = '', signed = '', pem = ''] = old === undefined || old instanceof Unknown ? [] : old.stdout.toString().split('@@\n')
    const text = old instanceof Unknown ? old : old === undefined ? '' : summary(said) === '' ? 'no certificate' : `${summary(said)}\nsigned: ${signed.trim()}`
    return { ...empty, text, wanted: aside(fresher instanceof Unknown ? fresher : `${summary(fresher.stdout.toString())}\nsigned: yes`), pem: aside(pem) }
  },
  plan: (given, before): Certificate => ({ ...before, ...planMade(before, given.state === 'absent' ? undefined : given.force ? again(before.wanted.value) : before.wanted.value, given) }),
  apply: ({ params: given, before, after }) => madeSteps(before, after, `${makeScript(given, '')} > "$t"`, given, `make the certificate ${before.seen.value.path}`),
  diff: ({ before, after }) => madeDiff(before, after),
  result({ params: given, before, after, replies, taken, changed }) {
    const backup = taken && given.backup && before.kind === 'file' ? replies[0]?.stdout.toString().trim().split('\n').at(-1) : undefined
    const about = { filename: before.seen.value.path, privatekey: given.privatekey_path ?? null, csr: given.csr_path ?? null, ...(given.provider === 'ownca' ? { ca_cert: given.ownca_path ?? null, ca_privatekey: given.ownca_privatekey_path ?? null } : {}) }
    return { outputs: { ...about, ...(after.kind === 'file' ? attributeOutputs(after, before) : {}), ...(backup ? { backup_file: backup } : {}), ...(given.return_content ? { certificate: changed ? again(before.wanted.value) : before.pem.value } : {}) } }
  },
})

const again = (wanted: string | Unknown): Unknown => new Unknown(wanted instanceof Unknown ? wanted.reason : 'made anew', true)

const isOwn = ({ provider }: CertificateParams): boolean => provider === 'ownca'

function misused(given: CertificateParams): void {
  if (given.provider === 'acme') fail('the provider acme is not supported: run an ACME client with the module command')
  if (!given.ignore_timestamps) fail('ignore_timestamps: false is not supported')
  const has = (one: string | undefined, other: string | undefined) => one !== undefined || other !== undefined
  if (isOwn(given) && !has(given.csr_path, given.csr_content)) fail('csr_path or csr_content is required for the provider ownca')
  if (isOwn(given) && (!has(given.ownca_path, given.ownca_content) || !has(given.ownca_privatekey_path, given.ownca_privatekey_content))) fail('ownca_path and ownca_privatekey_path (or their content) are required for the provider ownca')
  if (!isOwn(given) && !has(given.privatekey_path, given.privatekey_content)) fail('one of the following is required: privatekey_content, privatekey_path')
  const [digest, from, version] = isOwn(given) ? [given.ownca_digest, given.ownca_not_before, given.ownca_version] : [given.selfsigned_digest, given.selfsigned_not_before, given.selfsigned_version]
  if (!/^[\w-]+$/.test(digest)) fail(`${digest} is no digest`)
  if (!/^\+0[smhdw]?$/.test(from)) fail(`not_before ${from} is not supported: certificates are valid from now on`)
  if (version !== 3) fail('a certificate has the version 3')
}

/** Whole days of a time like +3650d, +52w or +1w2d. */
function daysOf(given: CertificateParams): number {
  const written = isOwn(given) ? given.ownca_not_after : given.selfsigned_not_after
  const [, weeks, days, hours] = /^\+(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?$/.exec(written) ?? fail(`not_after ${written} is not supported: say it as +3650d`)
  const all = Number(weeks ?? 0) * 7 + Number(days ?? 0) + Number(hours ?? 0) / 24
  return Number.isInteger(all) && all > 0 ? all : fail(`not_after ${written} is not supported: it must be whole days`)
}

function makeScript(given: CertificateParams, then: string): string {
  const call = new OpensslCall()
  const isCa = isOwn(given)
  const [identifier, digest] = isCa ? [given.ownca_create_subject_key_identifier, given.ownca_digest] : [given.selfsigned_create_subject_key_identifier, given.selfsigned_digest]
  const extensions = [...(identifier === 'never_create' ? [] : ['subjectKeyIdentifier = hash']), ...(isCa && given.ownca_create_authority_key_identifier ? ['authorityKeyIdentifier = keyid'] : [])]
  const key = isCa ? call.fd({ path: given.ownca_privatekey_path, content: given.ownca_privatekey_content }) : call.fd({ path: given.privatekey_path, content: given.privatekey_content })
  const pass = call.pass(isCa ? given.ownca_privatekey_passphrase : given.privatekey_passphrase)
  const signer = isCa ? `-CA ${call.fd({ path: given.ownca_path, content: given.ownca_content })} -CAkey ${key} -passin ${pass} -set_serial "0x$(openssl rand -hex 19)"` : `-key ${key} -passin ${pass}`
  const extra = extensions.length === 0 ? '' : ` -extfile ${call.fd({ content: `${extensions.join('\n')}\n` })}`
  const request = given.csr_path ?? given.csr_content
  const source = request === undefined ? '-new -subj / ' : `-req -in ${call.fd({ path: given.csr_path, content: given.csr_content })} -copy_extensions copyall `
  return call.script(`openssl x509 ${source}${signer} -days ${daysOf(given)} -${digest}${extra}${then === '' ? '' : ` ${then}`}`)
}

/** Whether who is said to have signed it has. */
function verifyScript(given: CertificateParams, file: string): string {
  const call = new OpensslCall()
  if (!isOwn(given)) return `openssl verify -no_check_time -partial_chain -check_ss_sig -CAfile ${quote(file)} -- ${quote(file)} >/dev/null 2>&1 && echo yes || echo no`
  const ca = call.fd({ path: given.ownca_path, content: given.ownca_content })
  return call.script(`openssl verify -no_check_time -partial_chain -CAfile ${ca} -- ${quote(file)} >/dev/null 2>&1 && echo yes || echo no`)
}

/** Subject, issuer, key, digest and extensions of `openssl x509 -text`. */
function summary(text: string): string {
  const subject = /^\s*Subject:(.*)$/m.exec(text)?.[1]
  if (subject === undefined) return ''
  const issuer = /^\s*Issuer:(.*)$/m.exec(text)?.[1] ?? ''
  const key = /Subject Public Key Info:\n([^]*?)(?=\n {8}\S)/.exec(text)?.[1]?.replace(/\s+/g, ' ').trim() ?? ''
  const digest = /^ {8}Signature Algorithm: (.*)$/m.exec(text)?.[1] ?? ''
  return [`subject: ${subject.trim()}`, `issuer: ${issuer.trim()}`, `key: ${key}`, `digest: ${digest.trim()}`, ...extensionsOf(text)].join('\n')
}
