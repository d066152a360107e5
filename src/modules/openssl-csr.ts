import { askProgram } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { fileParams, refuseAttributes } from '../contract/file-attributes.ts'
import { attributeOutputs, readTarget } from '../contract/file-target.ts'
import { type MadeFile, madeDiff, madeSteps, planMade } from '../contract/made-file.ts'
import { OPENSSL, OpensslCall, configValue, extensionsOf } from '../contract/openssl.ts'
import { refuseSelinux } from '../contract/selinux.ts'
import { type Params, choice, flag, integer, list, path, raw, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { Unknown, type Value, isDict } from '../value/value.ts'

const params = {
  path: path('The request.', { required: true }),
  state: choice(['absent', 'present'], 'Whether it is there.', { default: 'present' }),
  privatekey_path: path('The private key on the host.'),
  privatekey_content: text('The private key itself.', { secret: true }),
  privatekey_passphrase: text('The passphrase of the key.', { secret: true }),
  digest: text('The digest that it is signed with.', { default: 'sha256' }),
  version: integer('The version; there is only 1.', { default: 1 }),
  subject: raw('A dict of the parts of the subject, each with a value or a list of values.'),
  subject_ordered: list(raw('A dict of one part.'), 'The parts of the subject in their order.'),
  country_name: text('Of the subject: C.', { aliases: ['C', 'countryName'] }),
  state_or_province_name: text('Of the subject: ST.', { aliases: ['ST', 'stateOrProvinceName'] }),
  locality_name: text('Of the subject: L.', { aliases: ['L', 'localityName'] }),
  organization_name: text('Of the subject: O.', { aliases: ['O', 'organizationName'] }),
  organizational_unit_name: text('Of the subject: OU.', { aliases: ['OU', 'organizationalUnitName'] }),
  common_name: text('Of the subject: CN.', { aliases: ['CN', 'commonName'] }),
  email_address: text('Of the subject: the mail address.', { aliases: ['E', 'emailAddress'] }),
  subject_alt_name: list(text(''), 'Other names: DNS:, IP:, email:, URI: or RID: with a value.', { aliases: ['subjectAltName'] }),
  subject_alt_name_critical: flag('Whoever does not understand them must refuse.', { default: false, aliases: ['subjectAltName_critical'] }),
  use_common_name_for_san: flag('The common name is another name where none is given.', { default: true, aliases: ['useCommonNameForSAN'] }),
  key_usage: list(text(''), 'What the key is for: digitalSignature, keyEncipherment …', { aliases: ['keyUsage'] }),
  key_usage_critical: flag('It is critical.', { default: false, aliases: ['keyUsage_critical'] }),
  extended_key_usage: list(text(''), 'What else it is for: serverAuth, clientAuth …', { aliases: ['extKeyUsage', 'extendedKeyUsage'] }),
  extended_key_usage_critical: flag('It is critical.', { default: false, aliases: ['extKeyUsage_critical', 'extendedKeyUsage_critical'] }),
  basic_constraints: list(text(''), 'CA:TRUE, pathlen:0 …', { aliases: ['basicConstraints'] }),
  basic_constraints_critical: flag('They are critical.', { default: false, aliases: ['basicConstraints_critical'] }),
  ocsp_must_staple: flag('The server must bring an answer of OCSP.', { default: false, aliases: ['ocspMustStaple'] }),
  ocsp_must_staple_critical: flag('It is critical.', { default: false, aliases: ['ocspMustStaple_critical'] }),
  create_subject_key_identifier: flag('The identifier of the key is made from it.', { default: false }),
  force: flag('Make it anew each time.', { default: false }),
  backup: flag('Keep the old request, with the time in its name.', { default: false }),
  return_content: flag('Tell the request in the result.', { default: false }),
  select_crypto_backend: choice(['auto', 'cryptography'], 'Whose cryptography.', { default: 'auto', inert: 'openssl of the host makes the request' }),
  unsafe_writes: flag('Write in place where a rename is not possible.', { default: false, inert: 'the request is made beside its place and renamed' }),
  ...fileParams,
} as const
type CsrParams = Params<typeof params>

interface Request extends MadeFile {
  /** What a request made now would be. */
  readonly wanted: Aside<string | Unknown>
  readonly pem: Aside<string>
}

export const opensslCsr = defineModule({
  name: 'openssl_csr',
  summary: 'Keep a request for a certificate, made by openssl on the host.',
  notes: ['Needs openssl on the host. A request that is there is compared as a whole with the one that would be made: subject, key, digest and extensions.'],
  examples: `
- name: A request for two names
  openssl_csr: { path: /etc/ssl/www.csr, privatekey_path: /etc/ssl/private/www.pem, common_name: www.example.org, subject_alt_name: ["DNS:www.example.org", "DNS:example.org"] }
- name: For an authority of our own
  openssl_csr:
    path: /etc/ssl/ca.csr
    privatekey_path: /etc/ssl/private/www.pem
    common_name: Our authority
    use_common_name_for_san: false
    basic_constraints: ["CA:TRUE"]
    basic_constraints_critical: true
    key_usage: [keyCertSign, cRLSign]
    key_usage_critical: true
`,
  params,
  rules: { atMostOneOf: [['privatekey_path', 'privatekey_content']] },
  async probe(host, given): Promise<Request> {
    refuseAttributes(given)
    await refuseSelinux(host, given)
    const target = await readTarget(host, given.path, given, true)
    const empty = { ...target, checksum: '', text: '', wanted: aside(''), pem: aside('') }
    if (given.state === 'absent') return empty
    if (given.privatekey_path === undefined && given.privatekey_content === undefined) fail('one of the following is required: privatekey_content, privatekey_path')
    if (given.version !== 1) fail('a request has the version 1')
    const file = target.seen.value.path
    const old = target.kind === 'file' ? await askProgram(host, OPENSSL, `openssl req -in ${quote(file)} -noout -text 2>/dev/null; echo @@; cat -- ${quote(file)}`, [file]) : undefined
    const fresher = await askProgram(host, OPENSSL, `${makeScript(given, '-text')}`, given.privatekey_path === undefined ? [] : [given.privatekey_path])
    if (!(fresher instanceof Unknown) && fresher.code !== 0) fail(`openssl cannot make the request: ${fresher.stderr.toString().trim()}`, { rc: fresher.code })
    const [said = '', pem = ''] = old === undefined || old instanceof Unknown ? [] : old.stdout.toString().split('@@\n')
    return { ...empty, text: old instanceof Unknown ? old : old === undefined ? '' : summary(said) || 'no request', wanted: aside(fresher instanceof Unknown ? fresher : summary(fresher.stdout.toString())), pem: aside(pem) }
  },
  plan: (given, before): Request => ({ ...before, ...planMade(before, given.state === 'absent' ? undefined : given.force ? again(before.wanted.value) : before.wanted.value, given) }),
  apply: ({ params: given, before, after }) => madeSteps(before, after, `${makeScript(given, '')} > "$t"`, given, `make the request ${before.seen.value.path}`),
  diff: ({ before, after }) => madeDiff(before, after),
  result({ params: given, before, after, replies, taken, changed }) {
    const backup = taken && given.backup && before.kind === 'file' ? replies[0]?.stdout.toString().trim().split('\n').at(-1) : undefined
    const about = { filename: before.seen.value.path, privatekey: given.privatekey_path ?? null, subject: subjectOf(given).map(([name, value]) => [name, value] as Value), subjectAltName: namesOf(given), keyUsage: given.key_usage ?? null, extendedKeyUsage: given.extended_key_usage ?? null, basicConstraints: given.basic_constraints ?? null, ocspMustStaple: given.ocsp_must_staple, name_constraints_permitted: [], name_constraints_excluded: [] }
    return { outputs: { ...about, ...(after.kind === 'file' ? attributeOutputs(after, before) : {}), ...(backup ? { backup_file: backup } : {}), ...(given.return_content ? { csr: changed ? again(before.wanted.value) : before.pem.value } : {}) } }
  },
})

const again = (wanted: string | Unknown): Unknown => new Unknown(wanted instanceof Unknown ? wanted.reason : 'made anew', true)

/** Key, subject, digest and extensions of `openssl req -text`. */
function summary(text: string): string {
  const subject = /^\s*Subject:\s*(.*)$/m.exec(text)?.[1]
  if (subject === undefined) return ''
  const key = /Subject Public Key Info:\n([^]*?)(?=\n {8}\S)/.exec(text)?.[1]?.replace(/\s+/g, ' ').trim() ?? ''
  const digest = /^ {4}Signature Algorithm: (.*)$/m.exec(text)?.[1] ?? ''
  return [`subject: ${subject.trim()}`, `key: ${key}`, `digest: ${digest.trim()}`, ...extensionsOf(text)].join('\n')
}

function subjectOf(given: CsrParams): readonly (readonly [string, string])[] {
  const plain = [['C', given.country_name], ['ST', given.state_or_province_name], ['L', given.locality_name], ['O', given.organization_name], ['OU', given.organizational_unit_name], ['CN', given.common_name], ['emailAddress', given.email_address]] as const
  const parts = (value: Value): readonly (readonly [string, string])[] => (isDict(value) ? [...value].flatMap(([name, one]) => (Array.isArray(one) ? one : [one]).map((word) => [String(name), String(word)] as const)) : [])
  const all = [...plain.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])), ...parts(given.subject ?? null), ...(given.subject_ordered ?? []).flatMap((one) => parts(one as Value))]
  for (const [name, value] of all) if (!/^[A-Za-z0-9.]+$/.test(name) || value.includes('\n')) fail(`a subject cannot have the part ${name}=${value}`)
  return all
}

function namesOf({ subject_alt_name, use_common_name_for_san, common_name }: CsrParams): readonly string[] {
  return subject_alt_name ?? (use_common_name_for_san && common_name !== undefined ? [`DNS:${common_name}`] : [])
}

function config(given: CsrParams): string {
  const names = namesOf(given).map((one, i) => {
    const [, kind, value = ''] = /^(DNS|IP|email|URI|RID):([^\n]+)$/.exec(one) ?? fail(`Cannot parse Subject Alternative Name "${one}"`)
    return `${kind}.${i + 1} = ${configValue(value)}`
  })
  const extension = (name: string, values: readonly string[] | undefined, critical: boolean) => {
    for (const value of values ?? []) if (!/^[\w .:/-]+$/.test(value)) fail(`${name} cannot be ${value}`)
    return values && values.length > 0 ? [`${name} = ${[...(critical ? ['critical'] : []), ...values].join(', ')}`] : []
  }
  const extensions = [
    ...(names.length > 0 ? [`subjectAltName = ${given.subject_alt_name_critical ? 'critical, ' : ''}@names`] : []), ...extension('keyUsage', given.key_usage, given.key_usage_critical), ...extension('extendedKeyUsage', given.extended_key_usage, given.extended_key_usage_critical),
    ...extension('basicConstraints', given.basic_constraints, given.basic_constraints_critical), ...(given.ocsp_must_staple ? extension('tlsfeature', ['status_request'], given.ocsp_must_staple_critical) : []), ...(given.create_subject_key_identifier ? ['subjectKeyIdentifier = hash'] : []),
  ]
  const subject = subjectOf(given).map(([name, value], i) => `${i}.${name} = ${configValue(value)}`)
  return ['[req]', 'prompt = no', 'utf8 = yes', 'string_mask = utf8only', 'distinguished_name = dn', ...(extensions.length > 0 ? ['req_extensions = ext'] : []), '[dn]', ...subject, ...(extensions.length > 0 ? ['[ext]', ...extensions] : []), ...(names.length > 0 ? ['[names]', ...names] : []), ''].join('\n')
}

function makeScript(given: CsrParams, form: '' | '-text'): string {
  if (!/^[\w-]+$/.test(given.digest)) fail(`${given.digest} is no digest`)
  const call = new OpensslCall()
  const key = call.fd({ path: given.privatekey_path, content: given.privatekey_content })
  // An empty subject cannot be said in a configuration.
  const subject = subjectOf(given).length === 0 ? ' -subj /' : ''
  return call.script(`openssl req -new -config ${call.fd({ content: config(given) })} -key ${key} -passin ${call.pass(given.privatekey_passphrase)} -${given.digest}${subject}${form === '-text' ? ' -noout -text' : ''}`)
}
