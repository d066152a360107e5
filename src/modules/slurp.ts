import { defineModule } from '../contract/define-module.ts'
import { known } from '../contract/file-target.ts'
import { fail } from '../contract/failure.ts'
import { contentResource, followedResource } from '../host/file.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { path } from '../schema/field.ts'
import { Unknown } from '../value/value.ts'

export const slurp = defineModule({
  name: 'slurp',
  summary: 'Read a file of the host, as base64.',
  params: { src: path('The file.', { required: true, aliases: ['path'] }) },
  async probe(host, { src }, { environment }) {
    const source = await resolvePath(host, src, environment)
    const [state, content] = await Promise.all([host.get(followedResource, source), host.get(contentResource, source)])
    const { kind } = known(state)
    if (kind === 'absent') fail(`File not found: ${source}`)
    if (kind === 'directory') fail(`Source is a directory and must be a file: ${source}`)
    return { source, content: content ?? (await special(host, source)) }
  },
  plan: (_params, before) => before,
  apply: () => [],
  result: ({ before: { source, content } }) => ({ outputs: { content: content instanceof Unknown ? content : content.toString('base64'), encoding: 'base64', source } }),
})

/** Devices and pipes have no content to remember: read here and now. */
async function special(host: import('../host/reader.ts').Reader, source: string): Promise<Buffer | Unknown> {
  const { quote } = await import('../shell/quote.ts')
  const reply = await host.run(`cat < ${quote(source)}`, [source])
  if (reply instanceof Unknown) return reply
  return reply.code === 0 ? reply.stdout : fail(`Unable to slurp file: ${reply.stderr.toString().trim()}`)
}
