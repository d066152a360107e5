import { randomInt } from 'node:crypto'
import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { act } from '../host/step.ts'
import { Problem } from '../problem/problem.ts'
import { choice, integer, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { decrypt, encrypt } from '../vault/vault.ts'

interface Files {
  readonly secret: string
  readonly key: string
}

interface State {
  readonly key: 'missing' | 'open to others' | 'kept'
  readonly secret: string | undefined
  readonly previous: string | undefined
  /** Texts that a plan may take (a plan itself makes nothing up), and absolute paths. */
  readonly seen: Aside<{ readonly fresh: Files; readonly files: Files; readonly made: number; readonly planned: Map<string, unknown> | undefined }>
}

/** What a dry run has planned for a file, after so many secrets made for it. */
type Planned = Pick<State, 'secret' | 'previous'> & { readonly made: number }

export const generatedSecret = defineModule({
  name: 'generated_secret',
  summary: 'Make a secret once, and keep it vault-encrypted on the controller with its key in a file that only you can read.',
  notes: [
    'It touches the controller only; run it once (`run_once: true`).',
    'While a rotation goes on the file holds the secret before it too; `state: settled` ends it. A second `rotated` before that changes nothing, so that a rotation can be taken up again.',
    'Losing the key loses the secret: keep a copy of it, and keep it out of version control.',
  ],
  examples: `
- name: The password of the cluster, made once
  generated_secret: { path: secrets/cluster.yml, key_path: secrets/cluster.key, length: 40 }
  register: cluster_secret
  run_once: true
  no_log: true
- name: It goes into a configuration
  copy: { content: "requirepass {{ cluster_secret.secret }}\\n", dest: /etc/app/secret.conf, mode: "0600" }
`,
  params: {
    path: text('The file of the secret: a vaulted text. Relative to the playbook.', { required: true }),
    key_path: text('The file of its key: a vault password. Made with mode 0600 where it is missing.', { required: true }),
    length: integer('Characters of a new secret: letters and digits.', { default: 40 }),
    secret: text('With state rotated: the new secret, where it was made elsewhere.', { hidden: true }),
    state: choice(['present', 'rotated', 'settled'], 'Whether there is to be one; a new one beside the present one; or only the new one.', { default: 'present' }),
  },
  async probe(_host, params, around): Promise<State> {
    if (params.secret !== undefined && params.state !== 'rotated') fail('secret is the new one of a rotation: it goes with state: rotated')
    const at = (path: string) => (isAbsolute(path) ? path : join(around.playbookDirectory, path))
    const files = { secret: at(params.path), key: at(params.key_path) }
    const held = await readSecret(files)
    const planned = around.planned?.get(files.secret) as Planned | undefined
    const { made: count, ...known } = planned ?? { made: made.get(files.secret) ?? 0 }
    const state: State = { ...held, ...known, ...(planned && held.key !== 'missing' ? { key: 'kept' } : {}), seen: aside({ fresh: freshFor(files.secret, count, params.length), files, made: count, planned: around.planned }) }
    const { fresh } = state.seen.value
    for (const secret of [state.secret, state.previous, fresh.secret, fresh.key, params.secret]) if (secret) around.secret?.(secret)
    return state
  },
  plan({ state, secret }, before): State {
    const kept: State = { ...before, key: 'kept' }
    const { fresh } = before.seen.value
    if (before.secret === undefined) return { ...kept, secret: secret ?? fresh.secret }
    if (secret !== undefined) return secret === before.secret ? kept : { ...kept, secret, previous: before.previous ?? before.secret }
    if (state === 'rotated' && before.previous === undefined) return { ...kept, secret: fresh.secret, previous: before.secret }
    return state === 'settled' ? { ...kept, previous: undefined } : kept
  },
  *apply({ params, before, after }) {
    yield act(`keep the secret in ${params.path}`, () => keepSecret(before, after))
  },
  // A secret is never part of a diff, not even behind a mask.
  diff: ({ params, before, after }) => [{ header: { before: params.path, after: params.path }, before: describe(before), after: describe(after) }],
  result({ before, after: { secret, previous, seen } }) {
    const { planned, files, made: count } = seen.value
    planned?.set(files.secret, { secret, previous, made: count + (secret === before.secret ? 0 : 1) } satisfies Planned)
    return { outputs: { secret: secret ?? '', previous: previous ?? '' } }
  },
})

const describe = ({ key, secret, previous }: State): string => `key: ${key}\nsecret: ${secret === undefined ? 'none' : previous === undefined ? 'one' : 'a new one, and the one before it'}\n`

async function readSecret({ secret, key }: Files): Promise<Pick<State, 'key' | 'secret' | 'previous'>> {
  const password = (await readFile(key, 'utf8').catch(ifMissing))?.trim()
  const sealed = await readFile(secret, 'utf8').catch(ifMissing)
  if (sealed !== undefined && password === undefined)
    throw new Problem({ code: 'secret-without-key', summary: 'A secret is there and its key is not', detail: `${secret} without ${key}`, hint: 'bring the key back; without it the secret cannot be read' })
  const held = sealed === undefined ? {} : (JSON.parse(decrypt(sealed, { secrets: [{ id: 'default', secret: Buffer.from(password!) }] })) as { secret?: string; previous?: string })
  const isKept = password !== undefined && ((await stat(key)).mode & 0o077) === 0
  return { key: password === undefined ? 'missing' : isKept ? 'kept' : 'open to others', secret: held.secret, previous: held.previous }
}

async function keepSecret({ key, seen: { value: { fresh, files, made: count } }, ...before }: State, after: State): Promise<void> {
  const password = key === 'missing' ? fresh.key : (await readFile(files.key, 'utf8')).trim()
  // The key first: a secret without its key would be lost.
  if (key === 'missing') await replaceFile(files.key, `${password}\n`)
  else await chmod(files.key, 0o600)
  if (before.secret === after.secret && before.previous === after.previous) return
  await replaceFile(files.secret, encrypt(JSON.stringify({ secret: after.secret, ...(after.previous === undefined ? {} : { previous: after.previous }) }), password))
  made.set(files.secret, count + 1)
}

async function replaceFile(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const beside = `${path}.${process.pid}.new`
  await writeFile(beside, content, { mode: 0o600 })
  await rename(beside, path)
}

/** How many secrets this process has kept in a file. */
const made = new Map<string, number>()

/** One candidate in a process for the first secret of a path, the second …, so that a dry run and the run after it speak of the same ones. */
const candidates = new Map<string, Files>()
function freshFor(path: string, number: number, length: number): Files {
  const key = `${number} ${path}`
  const known = candidates.get(key) ?? { secret: randomText(length), key: randomText(40) }
  candidates.set(key, known)
  return known
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const randomText = (length: number): string => Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')

const ifMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw new Problem({ code: 'secret-unreadable', summary: 'A file of a secret cannot be read', detail: error.message })
  return undefined
}
