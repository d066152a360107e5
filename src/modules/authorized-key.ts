import { dirname } from 'node:path/posix'
import { defineModule } from '../contract/define-module.ts'
import { type AuthorizedKey, editAuthorizedKeys, parseKey } from '../contract/edit-authorized-keys.ts'
import { fail } from '../contract/failure.ts'
import { showMode } from '../contract/file-attributes.ts'
import { known } from '../contract/file-target.ts'
import { isAddress, loadAddress } from '../contract/load-address.ts'
import { contentResource, followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { type Step, attributes, mkdir, write } from '../host/step.ts'
import { userResource } from '../host/user.ts'
import { type Params, choice, flag, path, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { bytesContent } from '../value/content.ts'
import { Unknown } from '../value/value.ts'

const params = {
  user: text('Whose file it is.', { required: true }),
  key: text('The keys, one a line, or an address that gives them.', { required: true }),
  path: path("The file; ~/.ssh/authorized_keys of the user unless given."),
  manage_dir: flag('Make the directory, and keep it the user\'s with mode 0700. Say no with a path outside of the home directory.', { default: true }),
  state: choice(['present', 'absent'], 'Whether the keys are in the file.', { default: 'present' }),
  key_options: text('Options before each key, instead of those that stand there.'),
  exclusive: flag('Every other key goes. In a loop each round would remove the keys of the others: give all keys at once, a line each.', { default: false }),
  validate_certs: flag('Whether the certificate of an address must be valid.', { default: true }),
  comment: text('The comment after each key, instead of the one that stands there.'),
  follow: flag('Follow a link at the path.', { default: false }),
} as const
type KeyParams = Params<typeof params>

/** A directory or file: who owns it and its mode; '' where it is not there, 'any' where nobody asks. */
interface KeysFile {
  readonly directory: string
  readonly file: string
  readonly text: string | undefined
  readonly seen: Aside<{ readonly place: string; readonly owner: string; readonly group: string; readonly keys: readonly AuthorizedKey[] }>
}

export const authorizedKey = defineModule({
  name: 'authorized_key',
  summary: "Keep keys in a user's authorized_keys file, or out of it.",
  notes: ['Needs nothing on the host but its shell; for a key from an address curl or wget. The account must be there.'],
  examples: `
- name: Ann may log in
  authorized_key: { user: ann, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKYfHyPXA/ckj4oT4QbkKCGMCCFR8U6qiVDFChJLbvGj ann@home" }
- name: These keys and no others, out of a file of the controller
  authorized_key: { user: ann, key: "{{ lookup('file', 'ann.pub') }}", exclusive: true }
- name: Only to fetch backups
  authorized_key:
    user: backup
    key: "{{ lookup('file', 'ann.pub') }}"
    key_options: 'command="/usr/local/bin/backup",no-pty'
    path: /etc/ssh/keys/backup
    manage_dir: false
`,
  params,
  async probe(host, given): Promise<KeysFile> {
    const user = known(await host.get(userResource, given.user))
    if (!user.exists) fail(`Failed to lookup user ${given.user}: "getpwnam(): name not found: '${given.user}'"`)
    const place = given.path === undefined ? `${user.home}/.ssh/authorized_keys` : expanded(given.path, given.user, user.home)
    const [directory, file, content, keys] = await Promise.all([host.get(followedResource, dirname(place)), host.get(followedResource, place), host.get(contentResource, place), keysOf(host, given)])
    const [dir, now] = [known(directory), known(file)]
    const about = (state: typeof dir) => (state.kind === 'absent' ? '' : `${state.owner} ${showMode(state.mode)}`)
    const group = user.group instanceof Unknown ? given.user : user.group
    if (!given.manage_dir && dir.kind === 'absent' && given.state === 'present') fail(`the directory ${dirname(place)} does not exist, and manage_dir is false`)
    return { directory: given.manage_dir ? about(dir) : 'any', file: about(now), text: known(content)?.toString(), seen: aside({ place, owner: given.user, group, keys }) }
  },
  plan(given, before): KeysFile {
    const { keys, owner } = before.seen.value
    if (given.state === 'absent' && before.text === undefined) return before
    const text = editAuthorizedKeys(before.text ?? '', { keys, state: given.state, exclusive: given.exclusive })
    // Without a key that is to be there nobody asks for the directory.
    return { ...before, text, directory: given.manage_dir ? `${owner} 0700` : 'any', file: `${owner} 0600` }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const { place, owner, group } = after.seen.value
    if (before.directory === '') yield mkdir(dirname(place), { owner, group, mode: 0o700 })
    else if (before.directory !== after.directory) yield attributes(dirname(place), { owner, group, mode: 0o700 })
    if (before.text !== after.text) yield write(place, bytesContent(after.text ?? ''), { owner, group, mode: 0o600 }, given.follow ? {} : { replaceLink: true })
    else if (before.file !== after.file) yield attributes(place, { owner, group, mode: 0o600 })
  },
  diff({ before, after }) {
    const { place } = before.seen.value
    const header = (name: string) => ({ before: name, after: name })
    const side = (state: string) => (state === '' || state === 'any' ? '' : `${state}\n`)
    return [
      ...(before.directory === after.directory ? [] : [{ header: header(dirname(place)), before: side(before.directory), after: side(after.directory) }]),
      ...(before.text === after.text && before.file !== after.file ? [{ header: header(place), before: side(before.file), after: side(after.file) }] : []),
      ...(before.text === after.text ? [] : [{ header: header(place), before: before.text ?? '', after: after.text ?? '' }]),
    ]
  },
  result: ({ params: { user, key, state, exclusive, manage_dir, key_options, comment, validate_certs, follow, path }, after }) => ({
    outputs: { user, key, state, exclusive, manage_dir, key_options: key_options ?? null, comment: comment ?? null, validate_certs, follow, path: path ?? null, keyfile: after.seen.value.place },
  }),
})

/** sshd's own signs for the user and their home. */
const expanded = (path: string, user: string, home: string): string => path.replace(/^~(?=\/)/, () => home).replace(/%([uh%])/g, (_, letter: string) => (letter === 'u' ? user : letter === 'h' ? home : '%'))

async function keysOf(host: Reader, { key, key_options, comment, validate_certs }: KeyParams): Promise<readonly AuthorizedKey[]> {
  const text = isAddress(key) ? (await loadAddress(host, key, validate_certs)).toString() : key
  return text.split('\n').filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#')).map((line) => {
    const parsed = parseKey(line) ?? fail(`invalid key specified: ${line}`)
    return { ...parsed, ...(key_options === undefined ? {} : { options: key_options }), ...(comment === undefined ? {} : { comment }) }
  })
}
