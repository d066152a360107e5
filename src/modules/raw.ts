import { outcomeOf } from '../contract/command-task.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { run } from '../host/step.ts'
import { path, text } from '../schema/field.ts'
import { type Unknown, unknown } from '../value/value.ts'

export const raw = defineModule({
  name: 'raw',
  summary: 'Send a line to the host as it is.',
  notes: ['Nothing is needed on the host but a shell. It is a change each time, and unknown in a dry run; there is no check mode and no creates, so take command or shell where you can.'],
  examples: `
- name: A line as it is
  raw: 'echo "$HOME"'
  changed_when: false
- name: On a host without anything yet
  raw: test -e /usr/bin/sudo || apt-get install -y sudo
  register: sudo_installed
  changed_when: "'Setting up' in sudo_installed.stdout"
`,
  params: { free_form: text('The line.', { required: true }), executable: path('The shell that reads the line.') },
  freeForm: 'free_form',
  opaque: true,
  whenChecked: () => Promise.resolve({ outputs: {}, skipped: true }),
  probe: (_host, { free_form }): { ran: boolean | Unknown } => (free_form.trim() === '' ? fail('no command given') : { ran: false }),
  plan: () => ({ ran: unknown('what the command does') }),
  apply: ({ params: { free_form, executable } }) => [run(free_form, [], { okay: 'any', opaque: true, ...(executable === undefined ? {} : { executable }) })],
  diff: () => [],
  result({ replies: [reply], after }) {
    if (!reply) return { outputs: { rc: after.ran as Unknown, stdout: after.ran as Unknown, stderr: after.ran as Unknown } }
    const { outputs: { rc, stdout, stderr }, failed } = outcomeOf(reply, '', false)
    return { outputs: { rc, stdout, stderr, ...(failed ? { msg: failed } : {}) }, ...(failed ? { failed } : {}) }
  },
})
