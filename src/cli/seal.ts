import { SCOPES } from '../seal/scope.ts'
import { type Terminal, defineCommand } from './command.ts'
import { UsageProblem, type Values, choice, flag, list, text } from './options.ts'
import { playbookOptions } from './playbook-options.ts'
import { reEncrypt } from './re-encrypt.ts'
import { SealInput } from './seal-input.ts'
import { unseal, validate } from './seal-open.ts'
import { mergeInto, seal } from './seal-write.ts'

const { vaultId, vaultPasswordFile, askVaultPass } = playbookOptions
const options = {
  cert: text('--cert', 'FILE|URL', "The controller's certificate. Default: $SEALED_SECRETS_CERT."),
  fingerprint: text('--fingerprint', 'SHA256', 'Refuse any other certificate than this.'),
  name: text('--name', 'NAME', 'The name of the Secret; a manifest has its own.'),
  namespace: text('-n --namespace', 'NAME', 'Its namespace.'),
  scope: choice('--scope', SCOPES, 'Where it may be opened: under this name and namespace (the default), under any name in the namespace, or anywhere.'),
  type: text('--type', 'TYPE', 'The type of the Secret, as kubernetes.io/tls. Default: that of the manifest, or Opaque.'),
  fromFile: list('--from-file', '[KEY=]FILE', 'A value from a file, whole; `KEY=-` is standard input; a directory gives all its files.'),
  fromEnvFile: list('--from-env-file', 'FILE', 'Values from a dotenv file.'),
  ask: list('--ask', 'KEY', 'Ask for a value, without showing it.'),
  fromLiteral: list('--from-literal', 'KEY=VALUE', 'A value right here. Everybody on this machine can read it in the list of processes, and the shell remembers it: --ask and --from-file are better.'),
  mergeInto: text('--merge-into', 'FILE', 'Set or add the values in this SealedSecret; every other byte of the file stays.'),
  output: text('-w --output', 'FILE', 'Write here; default is standard output.'),
  format: choice('-o --format', ['yaml', 'json'], 'Default: yaml.'),
  hmacKey: text('--hmac-key', 'FILE', 'A key (16 bytes or more) to note in an annotation what each value was sealed from: what has not changed then stays as it is.'),
  validate: flag('--validate', 'Check SealedSecrets; with a recovery key, that they open.'),
  unseal: flag('--unseal', 'Open SealedSecrets with recovery keys, and print the Secrets.'),
  reEncrypt: flag('--re-encrypt', 'Seal all SealedSecrets of files and directories again, for another certificate.'),
  recoveryPrivateKey: list('--recovery-private-key', 'FILE', "The controller's private keys: PEM, or the backup of its Secrets. May be repeated."),
  check: flag('-C --check', '--re-encrypt: write nothing, and say what would be.'),
  vaultId, vaultPasswordFile, askVaultPass,
}
export type SealValues = Values<typeof options>
type Name = keyof typeof options

/** What one kind of work of `tutti seal` is given. */
export interface SealWork {
  readonly values: SealValues
  readonly operands: readonly string[]
  readonly terminal: Terminal
  readonly input: SealInput
}

const CERTIFICATE = ['cert', 'fingerprint'] as const
const SOURCES = ['fromFile', 'fromEnvFile', 'ask', 'fromLiteral', 'name', 'namespace', 'scope', 'hmacKey'] as const
const ALWAYS = ['vaultId', 'vaultPasswordFile', 'askVaultPass'] as const
/** Each kind of work, its own option, and those that have a meaning with it. */
const WORKS: readonly { readonly by?: Name; readonly takes: readonly Name[]; readonly work: (work: SealWork) => Promise<void> }[] = [
  { by: 'validate', takes: [...CERTIFICATE, 'recoveryPrivateKey'], work: validate },
  { by: 'unseal', takes: ['recoveryPrivateKey', 'output', 'format'], work: unseal },
  { by: 'reEncrypt', takes: [...CERTIFICATE, 'recoveryPrivateKey', 'check', 'hmacKey'], work: reEncrypt },
  { by: 'mergeInto', takes: [...CERTIFICATE, ...SOURCES], work: mergeInto },
  { takes: [...CERTIFICATE, ...SOURCES, 'type', 'output', 'format'], work: seal },
]

export const sealCommand = defineCommand({
  name: 'seal',
  summary: 'Seal Secrets of Kubernetes as kubeseal does, open them, and renew them.',
  operands: '[FILE…]',
  examples: [
    ['tutti seal --cert sealing.pem -n shop --name db --ask password -w db.yml', 'A SealedSecret with one value that is asked for. Nothing but the certificate is needed.'],
    ['tutti seal --cert sealing.pem secret.yml', 'What is in the manifests of a file, or of standard input.'],
    ['tutti seal --cert sealing.pem --merge-into db.yml --from-file tls.key', 'Sets one value and leaves everything else in the file as it is.'],
    ['tutti seal --validate --recovery-private-key backup.yml clusters/', 'Whether all of a directory would open.'],
    ['tutti seal --re-encrypt --cert new.pem --recovery-private-key backup.yml clusters/', 'After the keys were changed: all SealedSecrets below a directory, or none.'],
    ['tutti seal --unseal --recovery-private-key backup.yml db.yml', 'The Secret in the clear, where the cluster is lost.'],
  ],
  notes: [
    'What is sealed here kubeseal and the controller open, and the other way round. Values that are sealed never come out the same twice; with --hmac-key a second run changes nothing all the same.',
    'Keys, certificates, manifests and files of values may be encrypted with `tutti vault`. No value appears in output, errors, arguments or temporary files, but for --unseal, whose purpose it is.',
  ],
  options,
  async run({ values, operands }, terminal) {
    const { work } = chosen(values)
    await work({ values, operands, terminal, input: new SealInput(values, terminal) })
    return 0
  },
})

function chosen(values: SealValues): (typeof WORKS)[number] {
  const asked = WORKS.filter(({ by }) => by && isGiven(values[by]))
  const spelling = (name: Name): string => options[name].names.at(-1)!
  if (asked.length > 1) throw new UsageProblem({ code: 'seal-one-work', summary: 'Options exclude each other', detail: asked.map(({ by }) => spelling(by!)).join(' and ') })
  const found = asked[0] ?? WORKS.at(-1)!
  const stray = (Object.keys(options) as Name[]).find((name) => isGiven(values[name]) && name !== found.by && !found.takes.includes(name) && !(ALWAYS as readonly Name[]).includes(name))
  if (stray) throw new UsageProblem({ code: 'seal-stray-option', summary: 'An option has no meaning here', detail: found.by ? `${spelling(stray)} with ${spelling(found.by)}` : spelling(stray) })
  return found
}

const isGiven = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false)
