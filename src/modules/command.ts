import { defineModule } from '../contract/define-module.ts'
import { type CommandTask, applyCommand, commandParams, commandResult, commandWhenChecked, planCommand, probeCommand } from '../contract/command-task.ts'
import { fail } from '../contract/failure.ts'
import { flag, list, text } from '../schema/field.ts'
import { splitWords } from '../shell/split-words.ts'

export const command = defineModule({
  name: 'command',
  summary: 'Run a program, without a shell.',
  notes: ['In a dry run, programs that are known to only read are really run; what any other would do is unknown unless creates or removes settle it.'],
  examples: `
- name: Which version it is, which is no change
  command: git --version
  register: git_version
  changed_when: false
- name: Only where the result is not there yet
  command: tar -xzf /opt/app.tar.gz -C /opt
  args: { creates: /opt/app/run }
- name: Word by word, in a directory, with a text to read
  command:
    argv: [tee, file with spaces]
    chdir: /opt/app
    stdin: a line
    creates: file with spaces
- name: Nothing is done where the database is not there
  command: { cmd: rm -r /var/lib/app/cache, removes: /var/lib/app/cache }
`,
  params: {
    ...commandParams,
    free_form: text('The program and its arguments as one text.'),
    cmd: text('The program and its arguments as one text.'),
    argv: list(text('A word.'), 'The program and its arguments as a list.'),
    executable: text('Without effect, with a warning: a command runs without a shell.'),
    expand_argument_vars: flag('Replace $NAME and ~ in arguments.', { default: true }),
  },
  freeForm: 'free_form',
  opaque: true,
  probe: (host, params, around) => probeCommand(host, taskOf(params), around),
  whenChecked: (host, params, around) => commandWhenChecked(host, taskOf(params), around),
  plan: (_params, before) => planCommand(before),
  apply: ({ before }) => applyCommand(before),
  result(ending) {
    const result = commandResult(ending)
    const { executable } = ending.params
    return executable === undefined ? result : { ...result, outputs: { ...result.outputs, warnings: [`the parameter 'executable' is no longer supported with the 'command' module. Not using '${executable}'.`] } }
  },
  diff: () => [],
})

type CommandParams = Omit<CommandTask, 'program' | 'expand'> & Parameters<typeof wordsOf>[0] & { readonly expand_argument_vars: boolean }

const taskOf = (params: CommandParams): CommandTask => ({ ...params, program: wordsOf(params), expand: params.expand_argument_vars, executable: undefined })

function wordsOf({ free_form, cmd, argv }: { readonly free_form: string | undefined; readonly cmd: string | undefined; readonly argv: readonly string[] | undefined }): readonly string[] {
  const line = free_form?.trim() ? free_form : cmd
  if (line !== undefined && argv !== undefined) fail('only command or argv can be given, not both', { rc: 256 })
  const words = argv ?? splitWords(line ?? '')
  return words.length > 0 ? words : fail('no command given', { rc: 256 })
}
