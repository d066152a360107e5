import { defineModule } from '../contract/define-module.ts'
import { applyCommand, commandParams, commandResult, planCommand, probeCommand } from '../contract/command-task.ts'
import { fail } from '../contract/failure.ts'
import { flag, list, text } from '../schema/field.ts'
import { splitWords } from '../shell/split-words.ts'

export const command = defineModule({
  name: 'command',
  summary: 'Run a program, without a shell.',
  notes: ['In a dry run, programs that are known to only read are really run; what any other would do is unknown unless creates or removes settle it.'],
  params: {
    ...commandParams,
    free_form: text('The program and its arguments as one text.'),
    cmd: text('The program and its arguments as one text.'),
    argv: list(text('A word.'), 'The program and its arguments as a list.'),
    expand_argument_vars: flag('Replace $NAME and ~ in arguments.', { default: true }),
  },
  freeForm: 'free_form',
  opaque: true,
  probe: (host, params, around) => probeCommand(host, { ...params, program: wordsOf(params), expand: params.expand_argument_vars }, around),
  plan: (_params, before) => planCommand(before),
  apply: ({ before }) => applyCommand(before),
  result: commandResult,
  diff: () => [],
})

function wordsOf({ free_form, cmd, argv }: { readonly free_form: string | undefined; readonly cmd: string | undefined; readonly argv: readonly string[] | undefined }): readonly string[] {
  const line = free_form?.trim() ? free_form : cmd
  if (line !== undefined && argv !== undefined) fail('only command or argv can be given, not both')
  const words = argv ?? splitWords(line ?? '')
  return words.length > 0 ? words : fail('no command given', { rc: 256 })
}
