import { readFile } from 'node:fs/promises'
import { defineModule } from '../contract/define-module.ts'
import { fileParams, refuseAttributes } from '../contract/file-attributes.ts'
import { fail } from '../contract/failure.ts'
import { known, readTarget } from '../contract/file-target.ts'
import { backupOutput, md5Of, planPut, putDiff, putOutputs, putSteps, sumOf, withOldContent } from '../contract/put-file.ts'
import { pythonPattern } from '../contract/python-pattern.ts'
import { refuseSelinux } from '../contract/selinux.ts'
import { contentResource, followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { type ControllerFile, controllerFile, flag, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { aside } from '../value/aside.ts'
import { type Content, bytesContent, unknownContent } from '../value/content.ts'
import { Unknown } from '../value/value.ts'

export const assemble = defineModule({
  name: 'assemble',
  summary: 'Make a file out of the fragments in a directory.',
  notes: ['Needs nothing on the host but its shell. With `remote_src: false` the fragments come from the controller; they are joined in the order of their names.'],
  examples: `
- name: One configuration out of the parts on the host
  assemble: { src: /etc/app/conf.d, dest: /etc/app/app.conf, regexp: '\\.conf$', mode: "0644" }
- name: Out of parts on the controller, with a line between them
  assemble: { src: fragments, dest: /etc/app/all.conf, remote_src: false, delimiter: "# ----", backup: true }
`,
  params: {
    src: controllerFile('files', 'The directory, of the host unless remote_src is false.', { required: true, onHost: true, tree: true }),
    dest: path('The file to make.', { required: true }),
    delimiter: text('Stands between fragments.'),
    regexp: text('Fragments whose names match; all unless given.'),
    remote_src: flag('src is on the host.', { default: true }),
    ignore_hidden: flag('Leave out names that begin with a dot.', { default: false }),
    backup: flag('Keep the old file, with the time in its name.', { default: false }),
    decrypt: flag('Open fragments of the controller that are in the Vault format.', { default: true }),
    validate: text('A command that must accept the new file; %s is its name.'),
    unsafe_writes: flag('Write in place where a rename is not possible.', { default: false }),
    ...fileParams,
  },
  rules: { words: { missing: 'src and dest are required' } },
  async probe(host, params, { environment, diff }) {
    refuseAttributes(params)
    await refuseSelinux(host, params)
    const source = params.src as ControllerFile | string
    const fragments = typeof source === 'string' ? await hostFragments(host, await resolvePath(host, source, environment)) : await controllerFragments(source)
    const content = join(fragments, params)
    const target = await readTarget(host, params.dest, params, true)
    const state = await withOldContent(host, target, sumOf(content), diff)
    return { ...state, made: aside({ content, source: typeof source === 'string' ? source : source.name }) }
  },
  plan: (params, before) => ({ ...before, ...planPut(before, before.made.value.content, params) }),
  apply: ({ params: { backup, validate, unsafe_writes }, before, after }) => putSteps(before, after, before.made.value.content, { backup, validate, unsafe: unsafe_writes }),
  diff: ({ before, after }) => putDiff(before, after),
  result: ({ params, before, after, replies: [reply], taken }) => ({
    outputs: { dest: before.seen.value.path, src: before.made.value.source, ...putOutputs(before, after, before.made.value.content), md5sum: md5Of(before.made.value.content), msg: 'OK', ...backupOutput(params.backup, before, after, reply, taken) },
  }),
})

interface Fragment {
  readonly name: string
  readonly content: Buffer | Unknown
}

async function hostFragments(host: Reader, directory: string): Promise<readonly Fragment[]> {
  const { kind } = known(await host.get(followedResource, directory.replace(/(.)\/+$/, '$1')))
  if (kind === 'absent') fail(`Source (${directory}) does not exist`)
  if (kind !== 'directory') fail(`Source (${directory}) is not a directory`)
  const listing = known(await host.run(`cd -- ${quote(directory)} && for f in * .*; do [ ! -f "$f" ] || printf '%s\\0' "$f"; done`, [directory]))
  const names = listing.stdout.toString().split('\0').filter(Boolean)
  const contents = await Promise.all(names.map((name) => host.get(contentResource, `${directory.replace(/\/+$/, '')}/${name}`)))
  return names.flatMap((name, i) => (contents[i] === undefined ? [] : [{ name, content: contents[i] }]))
}

async function controllerFragments({ kind, entries, name }: ControllerFile): Promise<readonly Fragment[]> {
  if (kind !== 'directory') return fail(`Source (${name}) is not a directory`)
  const files = (entries ?? []).filter((entry) => entry.kind === 'file' && !entry.path.includes('/'))
  return Promise.all(files.map(async ({ path, content }) => ({ name: path, content: content?.kind === 'bytes' ? content.bytes : content?.kind === 'controller' ? await readFile(content.file) : Buffer.alloc(0) })))
}

/** Fragments by name; a line end between those that have none, the delimiter on lines of its own. */
function join(all: readonly Fragment[], { regexp, ignore_hidden, delimiter }: { readonly regexp: string | undefined; readonly ignore_hidden: boolean; readonly delimiter: string | undefined }): Content {
  const pattern = regexp === undefined ? undefined : pythonPattern(regexp)
  const fragments = all.filter(({ name }) => (!pattern || pattern.test(name)) && !(ignore_hidden && name.startsWith('.'))).sort((a, b) => (a.name < b.name ? -1 : 1))
  const between = delimiter === undefined || delimiter === '' ? undefined : delimiter.replace(/\\n/g, '\n').replace(/\\t/g, '\t').replace(/([^\n])$/, '$1\n')
  const parts: Buffer[] = []
  for (const { content } of fragments) {
    if (content instanceof Unknown) return unknownContent(content)
    if (parts.length > 0 && parts.at(-1)!.length > 0 && parts.at(-1)!.at(-1) !== 10) parts.push(Buffer.from('\n'))
    if (parts.length > 0 && between !== undefined) parts.push(Buffer.from(between))
    parts.push(content)
  }
  return bytesContent(Buffer.concat(parts))
}
