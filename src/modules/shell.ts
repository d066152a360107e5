import { defineModule } from '../contract/define-module.ts'
import { applyCommand, commandParams, commandResult, commandWhenChecked, planCommand, probeCommand } from '../contract/command-task.ts'
import { fail } from '../contract/failure.ts'
import { path, text } from '../schema/field.ts'

export const shell = defineModule({
  name: 'shell',
  summary: 'Run a line in a shell.',
  notes: ['In a dry run, lines that are provably pipelines of programs that only read are really run; what any other would do is unknown unless creates or removes settle it.'],
  examples: `
- name: A pipeline that only looks
  shell: ps -ef | grep -c '[s]shd'
  register: count
  changed_when: false
- name: With bash, in a directory, once
  shell:
    cmd: |
      set -o pipefail
      sort names | uniq > unique
    chdir: /srv/app
    creates: unique
    executable: /bin/bash
- name: What a variable says goes through quote
  shell: 'wc -c < {{ document | quote }}'
  changed_when: false
`,
  params: {
    ...commandParams,
    free_form: text('The line.'),
    cmd: text('The line.'),
    executable: path('The shell that reads the line; /bin/sh unless given.'),
  },
  freeForm: 'free_form',
  rules: { words: { unknown: { expand_argument_vars: 'Unsupported parameters for (shell) module: expand_argument_vars' } } },
  opaque: true,
  probe: (host, params, around) => probeCommand(host, { ...params, program: lineOf(params), expand: false }, around),
  whenChecked: (host, params, around) => commandWhenChecked(host, { ...params, program: lineOf(params), expand: false }, around),
  plan: (_params, before) => planCommand(before),
  apply: ({ before }) => applyCommand(before),
  result: commandResult,
  diff: () => [],
})

function lineOf({ free_form, cmd }: { readonly free_form: string | undefined; readonly cmd: string | undefined }): string {
  const line = free_form?.trim() ? free_form : cmd ?? ''
  return line.trim() === '' ? fail('no command given', { rc: 256 }) : line
}
