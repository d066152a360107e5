import { askProgram } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { loadAddress } from '../contract/load-address.ts'
import { contentResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { choice, flag, list, text } from '../schema/field.ts'
import { printBytes } from '../shell/bytes.ts'
import { type Aside, aside } from '../value/aside.ts'

/** Whether rpm trusts a key; undefined without rpm. Key: the last eight digits of its id. */
const keyResource: Resource<boolean | undefined> = {
  kind: 'rpm-key',
  async load(shell, keys) {
    const { code, stdout } = await shell.run("export LC_ALL=C; command -v rpm >/dev/null || exit 97; rpm -q --qf '%{VERSION}\\n' gpg-pubkey; :")
    // Newer rpm keeps whole fingerprints.
    const there = stdout.toString().split('\n').map((line) => line.trim().slice(-8).toLowerCase())
    return keys.map((key) => (code === 97 ? undefined : there.includes(key)))
  },
}

interface State {
  readonly trusted: boolean
  readonly key: Aside<{ readonly id: string; readonly bytes: Buffer | undefined }>
}

export const rpmKey = defineModule({
  name: 'rpm_key',
  summary: 'Trust a key that signs RPM packages, or no longer.',
  notes: ['Needs rpm, and gpg for keys of files and addresses, on the host.'],
  examples: `
- name: The key of our packages
  rpm_key: { key: "https://rpm.example.com/key", fingerprint: "{{ own_fingerprint }}" }
- name: A key that lies on the host
  rpm_key: { key: /var/tmp/other.key }
- name: One is not trusted any more
  rpm_key: { key: 5A1C3F8E, state: absent }
`,
  params: {
    key: text('The key: an address, a file on the host, or the id of one that is trusted.', { required: true }),
    state: choice(['absent', 'present'], 'Whether it is trusted.', { default: 'present' }),
    fingerprint: list(text(''), 'What it must be.'),
    validate_certs: flag('Check the certificate of the server.', { default: true }),
  },
  async probe(host, given): Promise<State> {
    const key = await readKey(host, given)
    const trusted = known(await host.get(keyResource, key.id)) ?? fail('Failed to find required executable "rpm": this host has no RPM packages')
    if (given.state === 'present' && !trusted && key.bytes === undefined) fail('When importing a key, a valid file must be given')
    return { trusted, key: aside(key) }
  },
  plan: ({ state }, before): State => ({ ...before, trusted: state === 'present' }),
  *apply({ params: { state }, before }): Iterable<Step> {
    const { id, bytes } = before.key.value
    const effects = [leaves(keyResource, id, state === 'present')]
    if (state === 'present') yield run(`t=$(mktemp) || exit; trap 'rm -f -- "$t"' EXIT; trap 'exit 143' HUP INT TERM; cat > "$t" && rpm --import "$t"`, effects, { stdin: bytes!, sentence: `trust the key ${id}` })
    else yield run(`set -- $(rpm -q gpg-pubkey --qf '%{VERSION} %{NAME}-%{VERSION}-%{RELEASE}\\n' | while read -r version package; do case $version in *${id}) echo "$package" ;; esac; done); exec rpm --erase "$@"`, effects, { sentence: `trust the key ${id} no longer` })
  },
})

const ID = /^(?:0x)?([0-9a-f]{8}|[0-9a-f]{16}|[0-9a-f]{40})$/i

async function readKey(host: Reader, given: { readonly key: string; readonly fingerprint: readonly string[] | undefined; readonly validate_certs: boolean }): Promise<{ readonly id: string; readonly bytes: Buffer | undefined }> {
  const id = ID.exec(given.key)?.[1]
  if (id !== undefined) return { id: id.slice(-8).toLowerCase(), bytes: undefined }
  const bytes = given.key.includes('://') ? await loadAddress(host, given.key, given.validate_certs) : known(await host.get(contentResource, await resolvePath(host, given.key)))
  if (bytes === undefined) return fail(`Not a valid key ${given.key}`)
  const reply = known(await askProgram(host, { gpg: 'gpg' }, `t=$(mktemp -d) || exit; trap 'rm -rf -- "$t"' EXIT; trap 'exit 143' HUP INT TERM; ${printBytes(bytes)} | GNUPGHOME=$t gpg --batch --show-keys --with-colons 2>/dev/null`, []))
  const lines = reply.stdout.toString().split('\n').map((line) => line.split(':'))
  const found = lines.find(([kind]) => kind === 'pub')?.[4]
  if (found === undefined) return fail(`Not a valid key ${given.key}`)
  const fingerprints = lines.filter(([kind]) => kind === 'fpr').map((fields) => fields[9] ?? '')
  const strange = given.fingerprint?.find((one) => !fingerprints.includes(one.replace(/\s/g, '').toUpperCase()))
  if (strange !== undefined) fail(`The specified fingerprint, '${strange}', does not match any key fingerprints in '${given.key}'`)
  return { id: found.slice(-8).toLowerCase(), bytes }
}
