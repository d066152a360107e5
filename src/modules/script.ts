import { outcomeOf, settledBy } from '../contract/command-task.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { followedResource } from '../host/file.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { run } from '../host/step.ts'
import { temporaryPlace } from '../host/temporary-place.ts'
import { controllerFile, flag, path, text } from '../schema/field.ts'
import { commandLine } from '../shell/quote.ts'
import { splitWords } from '../shell/split-words.ts'
import { aside } from '../value/aside.ts'
import { Unknown, unknown } from '../value/value.ts'

export const script = defineModule({
  name: 'script',
  summary: 'Run a script of the controller on the host.',
  notes: ['The script is written to a temporary file, run and removed. What it does is unknown in a dry run unless creates or removes settle it.'],
  examples: `
- name: A script of the controller, once
  script: install.sh --prefix /opt/app
  args: { creates: /opt/app/installed }
- name: In another language
  script: { cmd: report.awk, executable: awk -f }
  changed_when: false
`,
  params: {
    cmd: controllerFile('files', 'The script with its arguments.', { words: true, aliases: ['free_form', '_raw_params'] }),
    chdir: path('The directory to run in.'),
    creates: path('A path or pattern: where it exists, nothing is run.'),
    removes: path('A path or pattern: where it does not exist, nothing is run.'),
    executable: text('The program that runs the script, with its arguments.'),
    decrypt: flag('Open a script in the Vault format before it is sent.', { default: true }),
  },
  freeForm: 'cmd',
  opaque: true,
  whenChecked: async (host, params, { environment }) => {
    const directory = params.chdir === undefined ? undefined : await resolvePath(host, params.chdir, environment)
    const settled = await settledBy(host, params, directory, environment)
    return { skipped: true, outputs: { msg: settled === undefined ? 'Check mode is not supported for this task.' : settledWords(settled, params) } }
  },
  async probe(host, params, { environment }) {
    if (!params.cmd?.content || params.cmd.content.kind === 'host') return fail('one of the following is required: _raw_params, cmd')
    const directory = params.chdir === undefined ? undefined : await resolvePath(host, params.chdir, environment)
    const settled = await settledBy(host, params, directory, environment)
    if (settled === undefined && directory !== undefined && known(await host.get(followedResource, directory)).kind !== 'directory') fail(`Unable to change directory before execution: '${directory}' is no directory`)
    return { ran: false as boolean | Unknown, seen: aside({ settled, directory, script: params.cmd, content: await bytesOf(params.cmd.content) }) }
  },
  plan: (_params, before) => (before.seen.value.settled === undefined ? { ...before, ran: unknown('what the script does') } : before),
  apply({ params: { executable }, before }) {
    const { script: { name }, directory, content } = before.seen.value
    const [file, ...args] = splitWords(name)
    const enter = directory === undefined ? '' : `cd -- ${commandLine([directory])} || exit; `
    const line = [
      temporaryPlace('t', { runnable: !executable }), 'chmod 700 "$t"', 'cat > "$t" || exit',
      // Half a script is not run: what comes ends too when the controller does.
      `[ "$(stat -c %s -- "$t")" = ${content.length} ] || exit 1`,
      `${enter}${executable ? `${executable} ` : ''}"$t" ${commandLine(args)} < /dev/null`,
    ].join('\n')
    return [run(line, [], { okay: 'any', opaque: true, stdin: content, sentence: `run the script ${[file, ...args].join(' ')}` })]
  },
  diff: () => [],
  result({ before, after, replies: [reply], params }) {
    const { settled } = before.seen.value
    if (settled !== undefined) return { skipped: true, outputs: { msg: settledWords(settled, params) } }
    if (!reply) return { outputs: { rc: after.ran as Unknown, stdout: after.ran as Unknown, stderr: after.ran as Unknown } }
    const { outputs: { rc, stdout, stderr }, failed } = outcomeOf(reply, '', false)
    return { outputs: { rc, stdout, stderr, ...(failed ? { msg: failed, changed: true } : {}) }, ...(failed ? { failed } : {}) }
  },
})

/** Ansible's words for what need not run. */
const settledWords = (settled: string, { creates, removes }: { readonly creates: string | undefined; readonly removes: string | undefined }): string =>
  settled.endsWith(' does not exist') ? `${removes} does not exist, matching removes option` : `${creates} exists, matching creates option`

async function bytesOf(content: import('../value/content.ts').Content): Promise<Buffer> {
  if (content.kind === 'bytes') return content.bytes
  if (content.kind === 'controller') return (await import('node:fs/promises')).readFile(content.file)
  return fail('the script is not known')
}
