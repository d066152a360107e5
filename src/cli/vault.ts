import { existsSync } from 'node:fs'
import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'
import { loadVaultSecrets, parseVaultId } from '../vault/load-secrets.ts'
import { type Opened, type VaultSecret, type VaultSecrets, encrypt, isVaulted, openText } from '../vault/vault.ts'
import { type Terminal, defineCommand } from './command.ts'
import { asking, remarking, vaultSources } from './open-vault.ts'
import { UsageProblem, type Values, flag, list, text } from './options.ts'
import { playbookOptions } from './playbook-options.ts'
import { type Settings, readSettings } from './settings.ts'
import { editBytes, makeDirectoryOf, readInput, writeFileSafely } from './vault-files.ts'

const { vaultId, vaultPasswordFile, askVaultPass, verbose } = playbookOptions
const options = {
  vaultId, vaultPasswordFile, askVaultPass, verbose,
  encryptVaultId: text('--encrypt-vault-id', 'ID', 'Which of several passwords to encrypt with.'),
  output: text('--output', 'FILE', 'encrypt, decrypt, encrypt_string: write here instead; `-` is standard output.'),
  newVaultId: text('--new-vault-id', 'ID@SOURCE', 'rekey: the new password, with its id.'),
  newVaultPasswordFile: text('--new-vault-password-file', 'FILE', 'rekey: the new password.'),
  name: list('-n --name', 'NAME', 'encrypt_string: the name of the variable; one for each text.'),
  stdinName: text('--stdin-name', 'NAME', 'encrypt_string: the name for the text from standard input.'),
  prompt: flag('-p --prompt', 'encrypt_string: ask for the text.'),
  showInput: flag('--show-input', 'encrypt_string: show what is typed.'),
  skipTtyCheck: flag('--skip-tty-check', 'create: open the editor without a terminal, too.'),
}
const ACTIONS: Readonly<Record<string, (work: Work) => Promise<void> | void>> = { create, decrypt: decryptFiles, edit, view, encrypt: encryptFiles, encrypt_string: encryptStrings, rekey }

interface Work {
  readonly files: readonly string[]
  readonly values: Values<typeof options>
  readonly settings: Settings
  readonly terminal: Terminal
}

export const vaultCommand = defineCommand({
  name: 'vault',
  summary: 'Encrypt, view, edit and decrypt files and values as ansible-vault does.',
  operands: `${Object.keys(ACTIONS).join('|')} [FILE…]`,
  examples: [
    ['tutti vault encrypt group_vars/all/secrets.yml', 'Asks for a password, twice, and encrypts the file.'],
    ['tutti vault edit group_vars/all/secrets.yml --vault-password-file ~/.vault', 'In $EDITOR; encrypted again with the same password.'],
    ["tutti vault encrypt_string --vault-id prod@prod.pw --name db_password 's3cret'", 'A value to paste into a file of variables.'],
    ['tutti vault rekey secrets.yml --new-vault-password-file new.pw', 'The same text under another password.'],
  ],
  notes: ['Files and values are the same byte for byte as those of ansible-vault: each opens what the other encrypted.'],
  options,
  async run({ values, operands }, terminal) {
    const [word = '', ...files] = operands
    const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined
    if (!action) throw new UsageProblem({ code: 'bad-operands', summary: word ? 'There is no such action' : 'An action must be named', ...(word ? { detail: `'${word}'` } : {}), hint: didYouMean(word, Object.keys(ACTIONS)) ?? `one of ${Object.keys(ACTIONS).join(', ')}` })
    if (values.newVaultId !== undefined && values.newVaultPasswordFile !== undefined) return refuseBoth(terminal)
    await action({ files, values, settings: readSettings(terminal.env, process.cwd()), terminal })
    return 0
  },
})

/** Options that exclude each other: argparse, and so ansible-vault, ends with 2. */
function refuseBoth(terminal: Terminal): number {
  terminal.err('error: --new-vault-id and --new-vault-password-file exclude each other\n')
  return 2
}

async function loaded({ values, settings, terminal }: Work, asNew: boolean): Promise<VaultSecrets> {
  const sources = vaultSources(values, settings)
  const secrets = await loadVaultSecrets(sources.length > 0 ? sources : [{ id: 'default', source: 'prompt' }], { ask: asking(terminal), warn: remarking(terminal), asNew })
  return { secrets, matchIds: settings.flag('vaultIdMatch') ?? false }
}

/** The password to encrypt with. Of several it must be said which: the wrong one would lock out those who have the other. */
async function encryptor(work: Work): Promise<VaultSecret> {
  const { secrets } = await loaded(work, true)
  const wanted = work.values.encryptVaultId ?? work.settings.text('vaultEncryptIdentity')
  if (wanted === undefined && secrets.length > 1) throw new UsageProblem({ code: 'vault-which-id', summary: 'Several vault passwords are available to encrypt with', detail: secrets.map(({ id }) => id).join(','), hint: 'say which with --encrypt-vault-id' })
  return wanted === undefined ? secrets[0]! : ofId(secrets, wanted)
}

function ofId(secrets: readonly VaultSecret[], wanted: string): VaultSecret {
  const found = secrets.find(({ id }) => id === wanted)
  if (found) return found
  throw new Problem({ code: 'vault-unknown-id', summary: `Did not find a match for --encrypt-vault-id=${wanted} in the known vault-ids [${secrets.map(({ id }) => `'${id}'`).join(', ')}]` })
}

function sealed(plain: string | Uint8Array, { id, secret }: VaultSecret, settings: Settings): string {
  const salt = settings.text('vaultEncryptSalt')
  return encrypt(plain, secret, { id, ...(salt === undefined ? {} : { salt: Buffer.from(salt) }) })
}

/** The files, or standard input and output where none is named. */
function inputs({ files, values }: Work): readonly string[] {
  if (values.output !== undefined && files.length > 1) throw new UsageProblem({ code: 'vault-one-output', summary: 'At most one input file may be used with the --output option' })
  return files.length > 0 ? files : ['-']
}

async function encryptFiles(work: Work): Promise<void> {
  const names = inputs(work)
  const secret = await encryptor(work)
  for (const name of names) {
    const plain = readInput(name)
    if (isVaulted(plain)) throw new Problem({ code: 'vault-twice', summary: 'input is already encrypted', detail: name })
    put(work, name, sealed(plain, secret, work.settings))
  }
  if (work.terminal.isTerminal) work.terminal.err('Encryption successful\n')
}

async function decryptFiles(work: Work): Promise<void> {
  const names = inputs(work)
  const secrets = await loaded(work, false)
  for (const name of names) put(work, name, opened(name, secrets).plain)
  if (work.terminal.isTerminal) work.terminal.err('Decryption successful\n')
}

/** To `--output`, to standard output for what came from standard input, else in place of the file. */
function put({ values, terminal }: Work, name: string, bytes: string | Buffer): void {
  const to = values.output ?? name
  if (to === '-') return terminal.out(typeof bytes === 'string' ? bytes : bytes.toString('utf8'))
  writeFileSafely(to, bytes)
}

function opened(name: string, secrets: VaultSecrets): Opened {
  const bytes = readInput(name)
  if (!isVaulted(bytes)) throw new Problem({ code: 'vault-plain', summary: 'Input is not vault encrypted data.', detail: name })
  return openText(bytes.toString('latin1'), secrets, name === '-' ? undefined : { file: name, line: 1, column: 1 })
}

async function view(work: Work): Promise<void> {
  needFiles(work)
  const secrets = await loaded(work, false)
  for (const name of work.files) work.terminal.out(opened(name, secrets).plain.toString('utf8'))
}

async function edit(work: Work): Promise<void> {
  needFiles(work)
  const secrets = await loaded(work, false)
  for (const name of work.files) {
    const { plain, id, by } = opened(name, secrets)
    const after = editBytes(plain, work.settings.text('editor') ?? 'vi', name)
    if (after.equals(plain)) continue
    const wanted = work.values.encryptVaultId
    writeFileSafely(name, sealed(after, wanted === undefined ? { ...by, id } : ofId(secrets.secrets, wanted), work.settings), true)
  }
}

async function create(work: Work): Promise<void> {
  const [name, ...more] = work.files
  if (name === undefined || more.length > 0) throw new UsageProblem({ code: 'bad-operands', summary: 'ansible-vault create can take only one filename argument' })
  if (existsSync(name)) throw new UsageProblem({ code: 'vault-file-exists', summary: 'The file exists already', detail: name, hint: '`tutti vault edit` changes it' })
  if (!work.terminal.isTerminal && !work.values.skipTtyCheck) throw new UsageProblem({ code: 'no-terminal', summary: 'not a tty, editor cannot be opened', hint: '--skip-tty-check opens it all the same' })
  const secret = await encryptor(work)
  makeDirectoryOf(name)
  writeFileSafely(name, sealed(editBytes(new Uint8Array(), work.settings.text('editor') ?? 'vi', name), secret, work.settings))
}

async function rekey(work: Work): Promise<void> {
  needFiles(work)
  const { values, settings, terminal } = work
  const secrets = await loaded(work, false)
  const source = values.newVaultId !== undefined ? parseVaultId(values.newVaultId) : { id: values.encryptVaultId ?? 'default', source: values.newVaultPasswordFile ?? 'prompt' }
  const [fresh] = await loadVaultSecrets([source], { ask: asking(terminal), asNew: true })
  // All are opened before the first is written: a wrong password must not leave half of them under the new one.
  const plains = work.files.map((name) => [name, opened(name, secrets).plain] as const)
  for (const [name, plain] of plains) writeFileSafely(name, sealed(plain, fresh!, settings), true)
  terminal.err('Rekey successful\n')
}

function needFiles({ files }: Work): void {
  if (files.length === 0) throw new UsageProblem({ code: 'bad-operands', summary: 'At least one file must be named' })
}

interface Named {
  readonly text: string
  readonly name: string | undefined
}

async function encryptStrings(work: Work): Promise<void> {
  const { values, terminal } = work
  const secret = await encryptor(work)
  const texts: Named[] = []
  if (values.prompt) texts.push(await promptedText(work))
  const args = work.files.filter((arg) => arg !== '-')
  if (work.files.includes('-') || values.stdinName !== undefined || (args.length === 0 && !values.prompt)) texts.push(pipedText(work))
  texts.push(...args.map((text, i) => ({ text, name: values.name[i] })))
  const block = texts.map((one) => `${yamlBlock(sealed(one.text, secret, work.settings), one.name)}\n`).join('')
  if (values.output === undefined || values.output === '-') terminal.out(block)
  else writeFileSafely(values.output, block)
  if (terminal.isTerminal) terminal.err('Encryption successful\n')
}

async function promptedText({ values, terminal }: Work): Promise<Named> {
  const name = values.name[0] ?? (await terminal.ask('Variable name (enter for no name): '))
  const typed = await terminal.ask(`String to encrypt${values.showInput ? '' : ' (hidden)'}: `, { secret: !values.showInput, piped: true })
  if (!typed) throw new UsageProblem({ code: 'vault-empty', summary: 'The plaintext provided from the prompt was empty, not encrypting' })
  return { text: typed, name: name || undefined }
}

function pipedText({ values, terminal }: Work): Named {
  if (terminal.isTerminal) terminal.err('Reading plaintext input from stdin. (ctrl-d to end input, twice if your content does not already have a newline)\n')
  const text = readInput('-').toString('utf8')
  if (text === '') throw new UsageProblem({ code: 'vault-empty', summary: 'stdin was empty, not encrypting' })
  return { text, name: values.stdinName }
}

/** A value for a file of variables: `name: !vault |` and the text below it. */
const yamlBlock = (vaulted: string, name: string | undefined): string => `${name === undefined ? '' : `${name}: `}!vault |\n${vaulted.trimEnd().split('\n').map((line) => `          ${line}`).join('\n')}`
