import { randomBytes } from 'node:crypto'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { type FileState, fileResource, followedResource } from '../host/file.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { act } from '../host/step.ts'
import { choice, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { aside } from '../value/aside.ts'
import { type Unknown, type Value, fresh, unknown } from '../value/value.ts'

export const tempfile = defineModule({
  name: 'tempfile',
  summary: 'Make a new temporary file or directory.',
  notes: ['Needs nothing on the host but its shell. It is a change each time; remove what it made.'],
  examples: `
- name: A directory for what is unpacked
  tempfile: { state: directory, suffix: .install }
  register: work
- name: It goes again
  file: { path: "{{ work.path }}", state: absent }
`,
  params: {
    state: choice(['file', 'directory'], 'What to make.', { default: 'file' }),
    path: path('Where to make it; the directory for temporary files of the host unless given.'),
    prefix: text('The name begins with it.', { default: 'ansible.' }),
    suffix: text('The name ends with it.', { default: '' }),
  },
  whenChecked: 'remote module (tempfile) does not support check mode',
  async probe(host, params, { environment }) {
    const asked = params.path ?? (environment['TMPDIR'] || undefined)
    const directory = asked === undefined ? '/tmp' : await resolvePath(host, asked, environment)
    const found = known(await host.get(followedResource, directory))
    if (found.kind !== 'directory') fail(`[Errno 2] No such file or directory: '${directory}'`)
    return { path: null as null | Unknown, seen: aside({ found, directory: asked === undefined ? undefined : directory, me: await host.whoami() }) }
  },
  plan: (_params, before) => ({ ...before, path: fresh('a new name') }),
  apply({ params: { state, prefix, suffix }, before }) {
    const { directory, found } = before.seen.value
    const where = directory === undefined ? '"${TMPDIR:-/tmp}"' : quote(directory)
    return [act(`make a temporary ${state}`, async ({ run }) => {
      const name = `${prefix}${randomBytes(6).toString('base64url').replaceAll('-', 'x')}${suffix}`
      const { code, stdout, stderr } = await run(`p=${where}/${quote(name)}; umask 077; ${state === 'file' ? 'set -C; : > "$p"' : 'mkdir -- "$p"'} && stat -c %s -- "$p" && printf '%s' "$p"`)
      return code === 0 ? stdout.toString() : fail(`cannot make a temporary ${state}: ${stderr.toString().trim()}`)
    }, directory === undefined ? [] : [{ resource: fileResource, key: directory, state: stirred(found) }])]
  },
  result({ params: { state }, before, replies: [reply] }) {
    const { me } = before.seen.value
    const [, size, made] = /^(\d+)\n([^]*)$/.exec((reply?.value as string | undefined) ?? '') ?? []
    const found = made ?? fresh('a new name')
    return { outputs: { path: found, state, owner: me.user, group: me.group, uid: me.uid, gid: me.gid, mode: state === 'file' ? '0600' : '0700', size: (state === 'file' ? 0 : size === undefined ? unknown('the size of a directory') : Number(size)) as Value } }
  },
})

/** A directory in which something was made. */
function stirred(state: FileState): object {
  const now = fresh('something was made in it')
  return { ...state, modified: now, changed: now, size: unknown('the size of a directory'), links: unknown('what was made in it') }
}
