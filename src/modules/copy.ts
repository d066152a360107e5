import { dumpJson } from '../value/dump-json.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { fileParams } from '../contract/file-attributes.ts'
import { type PutParams, putSource } from '../contract/put-source.ts'
import { type Source, controllerSource, hostSource } from '../contract/source-entries.ts'
import { followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { type ControllerFile, controllerFile, flag, mode, path, raw, text } from '../schema/field.ts'
import { bytesContent } from '../value/content.ts'
import { type Value, Tuple, Unknown, isDict } from '../value/value.ts'

interface CopyParams extends PutParams {
  readonly src: ControllerFile | undefined
  readonly content: Value | undefined
  readonly checksum: string | undefined
  readonly remote_src: boolean
  readonly local_follow: boolean
}

export const copy = defineModule({
  name: 'copy',
  summary: 'Put files, trees or text onto the host.',
  notes: ['Needs nothing on the host but its shell. Of a tree only what differs is sent, in one stream; a file is put in its place by a rename. A `src` that ends with a slash stands for what is in it.'],
  examples: `
- name: A file of the controller
  copy: { src: app.conf, dest: /etc/app/app.conf, owner: root, group: root, mode: "0644", backup: true }
- name: A text, in a file that only its owner reads
  copy:
    dest: /etc/app/token
    content: "{{ app_token }}\\n"
    mode: "0600"
- name: A tree, with what is in it
  copy: { src: site/, dest: /srv/www/site/, mode: "0644", directory_mode: "0755" }
- name: Taken over only if the program accepts it
  copy: { src: sudoers, dest: /etc/sudoers.d/app, mode: "0440", validate: /usr/sbin/visudo -cf %s }
- name: From one place of the host to another
  copy: { src: /etc/app/app.conf, dest: /etc/app/app.conf.before, remote_src: true, force: false }
`,
  params: {
    src: controllerFile('files', 'A file or directory: of the controller, or with remote_src of the host. A slash at its end means what is in it.', { tree: true }),
    content: raw('The text of the file, instead of src; dicts and lists become JSON.', { hidden: true }),
    dest: path('Where it goes; a slash at the end makes it a directory.', { required: true }),
    remote_src: flag('src is on the host already.', { default: false }),
    directory_mode: mode('Permissions of directories that are made.'),
    backup: flag('Keep the old file, with the time in its name.', { default: false }),
    force: flag('Replace a file whose content differs; no: only where there is none.', { default: true }),
    follow: flag('Follow a link at the destination instead of replacing it.', { default: false }),
    local_follow: flag('Copy what links of the source tree lead to instead of the links.', { default: true }),
    checksum: text('SHA-1 that the source must have.'),
    decrypt: flag('Open files in the Vault format before they are copied.', { default: true }),
    validate: text('A command that must accept the new file; %s is its name.'),
    unsafe_writes: flag('Write in place where a rename is not possible.', { default: false }),
    ...fileParams,
  },
  rules: { oneOf: [['src', 'content']], atMostOneOf: [['src', 'content']], words: { missing: 'dest is required', one: 'src (or content) is required', exclusive: 'src and content are mutually exclusive' } },
  ...putSource(sourceOf),
})

async function sourceOf(host: Reader, { src, content, checksum, remote_src, local_follow, dest }: CopyParams, { environment }: { readonly environment: Readonly<Record<string, string>> }): Promise<Source> {
  if (src === undefined) {
    const place = await host.get(followedResource, (await resolvePath(host, dest, environment)).replace(/(.)\/+$/, '$1'))
    if (!(place instanceof Unknown) && place.kind === 'directory') fail('can not use content with a dir as dest')
    return contentSource(content ?? '', dest)
  }
  const name = typeof src === 'string' ? src : src.name
  const source = remote_src || typeof src === 'string' ? await hostSource(host, await resolvePath(host, name, environment), local_follow) : controllerSource(src)
  const sum = source.kind === 'file' ? source.entries[0]?.content : undefined
  if (checksum !== undefined && sum && 'sha1' in sum && sum.sha1 !== checksum) fail(`Copied file does not match the expected checksum. Transfer failed.`, { checksum: sum.sha1, expected_checksum: checksum })
  return source
}

function contentSource(content: Value, dest: string): Source {
  if (dest.endsWith('/')) fail("can not use content with a dir as dest")
  const words = isDict(content) || Array.isArray(content) || content instanceof Tuple ? dumpJson(content) : content === null ? '' : typeof content === 'boolean' ? (content ? 'True' : 'False') : dumpText(content)
  return { name: dest, kind: 'file', entries: [{ path: '', kind: 'file', mode: 0o644, content: bytesContent(words) }] }
}

const dumpText = (value: Value): string => (typeof value === 'string' ? value : dumpJson(value))
