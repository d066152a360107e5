import { dirname } from 'node:path/posix'
import { defineModule } from '../contract/define-module.ts'
import { known } from '../contract/file-target.ts'
import { fail } from '../contract/failure.ts'
import { contentResource, followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import type { Resource } from '../host/resource.ts'
import { Problem } from '../problem/problem.ts'
import { path } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { Unknown } from '../value/value.ts'

export const slurp = defineModule({
  name: 'slurp',
  summary: 'Read a file of the host, as base64.',
  notes: ['Needs nothing on the host but its shell. The whole file becomes a variable: for a large one take fetch.'],
  examples: `
- name: A file of the host
  slurp: { src: /etc/hostname }
  register: slurped
- name: Its text
  debug: { msg: "{{ slurped.content | b64decode | trim }}" }
`,
  params: { src: path('The file.', { required: true, aliases: ['path'] }) },
  async probe(host, { src }, { environment }) {
    const source = await resolvePath(host, src, environment)
    const [state, content, above] = await Promise.all([readable(host, source, followedResource), readable(host, source, contentResource), readable(host, dirname(source), followedResource)])
    const { kind } = known(state)
    if (kind === 'absent' && !(above instanceof Unknown) && above.kind === 'file') fail(`unable to slurp file: ${dirname(source)} is not a directory`)
    if (kind === 'absent') fail(`file not found: ${source}`)
    if (kind === 'directory') fail(`source is a directory and must be a file: ${source}`)
    return { source, content: content ?? (await special(host, source)) }
  },
  plan: (_params, before) => before,
  result: ({ before: { source, content } }) => ({ outputs: { content: content instanceof Unknown ? content : content.toString('base64'), encoding: 'base64', source } }),
})

/** What the host has, or that the user may not read it. */
async function readable<T>(host: Reader, source: string, resource: Resource<T>): Promise<T | Unknown> {
  try {
    return await host.get(resource, source)
  } catch (thrown) {
    if (thrown instanceof Problem && (thrown.code === 'permission-denied' || thrown.code === 'unreadable')) return fail(`file is not readable: ${source}`)
    throw thrown
  }
}

/** Devices and pipes have no content to remember: read here and now. */
async function special(host: Reader, source: string): Promise<Buffer | Unknown> {
  const reply = await host.run(`cat < ${quote(source)}`, [source])
  if (reply instanceof Unknown) return reply
  return reply.code === 0 ? reply.stdout : fail(`unable to slurp file: ${reply.stderr.toString().trim()}`)
}
