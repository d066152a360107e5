import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { loadScript } from '../contract/load-address.ts'
import { type Resource, leaves } from '../host/resource.ts'
import type { Reader } from '../host/reader.ts'
import { type Step, run } from '../host/step.ts'
import { temporaryPlace } from '../host/temporary-place.ts'
import { type Params, choice, flag, path, text } from '../schema/field.ts'
import { printBytes } from '../shell/bytes.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import type { Value } from '../value/value.ts'

/** Fingerprints and key ids that apt trusts; undefined without apt-key. Key: a keyring, or '' for all. */
const trustedResource: Resource<readonly string[] | undefined> = {
  kind: 'apt-keys',
  load: (shell, keys) => Promise.all(keys.map(async (keyring) => {
    const { code, stdout } = await shell.run(`export LC_ALL=C APT_KEY_DONT_WARN_ON_DANGEROUS_USAGE=1; command -v apt-key >/dev/null || exit 9; ${commandLine(['apt-key', ...keyringArgs(keyring), 'adv', '--list-public-keys', '--keyid-format=long', '--with-colons'])} 2>/dev/null; exit 0`)
    return code === 9 ? undefined : parseKeyIds(stdout.toString())
  })),
}

const params = {
  id: text('The key: its id or fingerprint.'),
  url: text('An address that gives the key.'),
  data: text('The key itself.'),
  file: path('A file of the host that holds the key.'),
  keyserver: text('A server that is asked for the id.'),
  keyring: path('The file that holds it, in /etc/apt/trusted.gpg.d.'),
  state: choice(['present', 'absent'], 'Whether apt trusts it.', { default: 'present' }),
  validate_certs: flag('Whether the certificate of the address must be valid.', { default: true }),
} as const
type KeyParams = Params<typeof params>

interface Trusted {
  readonly keys: Readonly<Record<string, boolean>>
  readonly seen: Aside<{ readonly all: readonly string[]; readonly wanted: readonly string[] }>
}

export const aptKey = defineModule({
  name: 'apt_key',
  summary: 'Keep a key that apt trusts for every package source.',
  notes: ['Needs apt-key and gpg on the host. Newer distributions have no apt-key: use deb822_repository with signed_by.'],
  examples: `
- name: A key from a file, for apt alone
  apt_key: { data: "{{ lookup('file', 'own.asc') }}", keyring: /etc/apt/trusted.gpg.d/own.gpg }
- name: A key from an address
  apt_key: { url: "https://apt.example.com/key.asc", keyring: /etc/apt/trusted.gpg.d/other.gpg, state: present }
- name: An old one is not trusted any more
  apt_key: { id: 0x5A1C3F8E90B2D764, state: absent }
`,
  params,
  eager: false,
  async probe(host, given): Promise<Trusted> {
    const all = known(await host.get(trustedResource, given.keyring ?? '')) ?? fail('Failed to find required executable "apt-key": this distribution has none; use deb822_repository with signed_by')
    const wanted = given.id === undefined ? await idsOf(host, given) : [idOf(given.id)]
    return { keys: Object.fromEntries(wanted.map((id) => [id, all.some((one) => one.endsWith(id))])), seen: aside({ all, wanted }) }
  },
  plan: ({ state }, before) => ({ ...before, keys: Object.fromEntries(Object.keys(before.keys).map((id) => [id, state === 'present'])) }),
  *apply({ params: given, before, after }): Iterable<Step> {
    const { all, wanted } = before.seen.value
    const keyring = keyringArgs(given.keyring ?? '')
    const left = given.state === 'present' ? [...all, ...wanted] : all.filter((one) => !wanted.some((id) => one.endsWith(id)))
    const effects = [leaves(trustedResource, given.keyring ?? '', left)]
    const prefix = 'export LC_ALL=C APT_KEY_DONT_WARN_ON_DANGEROUS_USAGE=1; '
    if (given.state === 'absent') for (const id of wanted.filter((one) => before.keys[one] !== after.keys[one])) yield run(`${prefix}${commandLine(['apt-key', ...keyring, 'del', id])}`, effects, { sentence: `run apt-key del ${id}` })
    else if (given.keyserver !== undefined) yield run(`${prefix}${commandLine(['apt-key', ...keyring, 'adv', '--no-tty', '--keyserver', given.keyserver, '--recv', wanted[0] ?? ''])}`, effects, { sentence: `let apt trust ${wanted.join(', ')} from ${given.keyserver}` })
    else yield run(`${prefix}{ ${sourceScript(given)}; } | ${commandLine(['apt-key', ...keyring, 'add', '-'])}`, effects, { sentence: `let apt trust ${wanted.join(', ')}` })
  },
  result: ({ before, after }) => ({
    outputs: { key_id: before.seen.value.wanted[0] ?? null, short_id: before.seen.value.wanted[0]?.slice(-8) ?? null, fp: before.seen.value.wanted[0] ?? null, id: before.seen.value.wanted[0] ?? null, before: trueNames(before.keys), after: trueNames(after.keys) },
  }),
})

const trueNames = (keys: Readonly<Record<string, boolean>>): Value => Object.keys(keys).filter((id) => keys[id])
const keyringArgs = (keyring: string): readonly string[] => (keyring === '' ? [] : ['--keyring', keyring])

function idOf(id: string): string {
  const bare = id.replace(/^0x/i, '').replace(/\s+/g, '').toUpperCase()
  return /^[0-9A-F]{8,40}$/.test(bare) ? bare : fail(`Invalid key_id: ${id}`)
}

/** Prints the key, wherever it comes from. */
function sourceScript({ url, data, file, validate_certs }: KeyParams): string {
  if (data !== undefined) return printBytes(Buffer.from(data))
  if (file !== undefined) return `cat -- ${quote(file)}`
  return url === undefined ? fail('one of id, url, data, file, keyserver is needed; a key from a keyserver needs its id') : loadScript(url, validate_certs)
}

/** The fingerprints in the key that is given. */
async function idsOf(host: Reader, given: KeyParams): Promise<readonly string[]> {
  const script = `export LC_ALL=C; command -v gpg >/dev/null || { echo 'Failed to find required executable "gpg": install the package gpg on the host' >&2; exit 9; }; ${temporaryPlace('t', { directory: true })}\n{ ${sourceScript(given)}; } > "$t/key" || exit; GNUPGHOME=$t gpg --batch --show-keys --with-colons < "$t/key"`
  const { code, stdout, stderr } = known(await host.run(script, given.file === undefined ? [] : [given.file], { timeout: 120 }))
  const fingerprints = [...stdout.toString().matchAll(/^pub:[^\n]*\n(?:[^\n]*\n)*?fpr:{9}([0-9A-F]+):/gm)].map(([, print]) => print!)
  return code === 0 && fingerprints.length > 0 ? fingerprints : fail(`No key to add was found: ${stderr.toString().trim()}`)
}

/** Ids and fingerprints of primary keys and subkeys. */
const parseKeyIds = (output: string): readonly string[] => output.split('\n').flatMap((line) => {
  const fields = line.split(':')
  return /^(?:pub|sub)$/.test(fields[0]!) ? [fields[4] ?? ''] : fields[0] === 'fpr' ? [fields[9] ?? ''] : []
}).filter(Boolean)
