import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { text } from '../schema/field.ts'

export const ping = defineModule({
  name: 'ping',
  summary: 'Ask a host whether it is there and can run commands.',
  notes: ['It needs no Python: it says whether the shell of the host answers.'],
  examples: `
- name: Is it there?
  ping:
- name: With another answer
  ping: { data: here }
`,
  params: { data: text("What it answers; 'crash' makes it fail.", { default: 'pong' }) },
  async probe(host, { data }) {
    await host.whoami()
    const reply = await host.run('echo ok', [])
    return 'code' in reply && reply.code === 0 && data !== 'crash' ? data : fail('boom', { module_stdout: '', module_stderr: 'Exception: boom\n', rc: 1 })
  },
  plan: (_params, before) => before,
  result: ({ before }) => ({ outputs: { ping: before } }),
})
