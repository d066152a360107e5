import { SYSTEM_PATH } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, choice, flag, integer, list, text } from '../schema/field.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { splitWords } from '../shell/split-words.ts'
import { type Unknown, type Value, dict, fresh } from '../value/value.ts'

const params = {
  name: text('The service: the name of its init script.', { required: true, aliases: ['service'] }),
  state: choice(['started', 'stopped', 'restarted', 'reloaded'], 'What it should be doing. Restarting and reloading happen each time.'),
  enabled: flag('Whether it starts with the host.'),
  runlevels: list(text(''), 'The run levels that enabled is about, in place of those of the script.'),
  pattern: text('The service runs where a process has this in its command line; for scripts that know no status.'),
  arguments: text('More arguments for the script.', { aliases: ['args'] }),
  sleep: integer('Seconds between stop and start of a restart.', { default: 1 }),
  daemonize: flag('Let the script work apart from the conversation, for those that hold on to it.', { default: false }),
} as const
type InitParams = Params<typeof params>

/** Whether a line of shell ends well. Key: the line. */
const answerResource: Resource<boolean> = {
  kind: 'init-script',
  async load(shell, keys) {
    const { stdout } = await shell.run(`${SYSTEM_PATH}; ${keys.map((key) => `if ${key}; then echo y; else echo n; fi`).join('; ')}`)
    const lines = stdout.toString().split('\n')
    return keys.map((_, i) => lines[i] === 'y')
  },
}

const runs = (name: string, pattern: string | undefined): string => (pattern === undefined ? `/etc/init.d/${name} status >/dev/null 2>&1 </dev/null` : `ps -ef | grep -F -- ${quote(pattern)} | grep -Fvq grep`)
const starts = (name: string, levels: readonly string[] | undefined): string => (levels ?? ['2', '3', '4', '5']).map((level) => `ls /etc/rc${level}.d/S[0-9][0-9]${name} >/dev/null 2>&1`).join(levels ? ' && ' : ' || ')

interface Service {
  readonly running: boolean | undefined
  readonly enabled: boolean | undefined
  readonly again: string | Unknown
}

export const sysvinit = defineModule({
  name: 'sysvinit',
  summary: 'Keep a service with an init script running or stopped, and enabled or not.',
  notes: ['Needs the script /etc/init.d/NAME on the host, and for `enabled` update-rc.d or chkconfig.'],
  examples: `
- name: It runs, and starts on the levels 3 and 5
  sysvinit: { name: app, state: started, enabled: true, runlevels: [3, 5] }
- name: This one does not run
  sysvinit: { name: report, state: stopped, enabled: false }
`,
  params,
  rules: { oneOf: [['state', 'enabled']] },
  async probe(host, { name, state, enabled, runlevels, pattern }): Promise<Service> {
    if (!/^[\w@+:-][\w.@+:-]*$/.test(name)) fail(`Could not find the requested service ${name}: host`)
    for (const level of runlevels ?? []) if (!/^[0-9S]$/.test(level)) fail(`${level} is no run level`)
    if (known(await host.run(`[ -x /etc/init.d/${name} ]`, [`/etc/init.d/${name}`])).code !== 0) fail(`Could not find the requested service ${name}: host`)
    const [running, comes] = await Promise.all([state === undefined ? undefined : host.get(answerResource, runs(name, pattern)), enabled === undefined ? undefined : host.get(answerResource, starts(name, runlevels))])
    return { running: known(running), enabled: known(comes), again: '' }
  },
  plan: ({ state, enabled }, before): Service => ({
    running: state === undefined ? undefined : state !== 'stopped', enabled: enabled === undefined ? undefined : enabled,
    again: state === 'restarted' || state === 'reloaded' ? fresh(state) : before.again,
  }),
  *apply({ params: given, before, after }): Iterable<Step> {
    const { name, state, runlevels, sleep, pattern } = given
    const running = [leaves(answerResource, runs(name, pattern), state !== 'stopped')]
    if (before.enabled !== after.enabled) {
      const debian = after.enabled ? (runlevels ? `{ ls /etc/rc?.d/[SK][0-9][0-9]${name} >/dev/null 2>&1 || update-rc.d ${name} defaults; } && update-rc.d ${name} enable ${runlevels.join(' ')}` : `update-rc.d ${name} defaults && update-rc.d ${name} enable`) : `update-rc.d ${name} disable${runlevels ? ` ${runlevels.join(' ')}` : ''}`
      yield run(`${SYSTEM_PATH}; if command -v update-rc.d >/dev/null; then ${debian}; elif command -v chkconfig >/dev/null; then chkconfig${runlevels ? ` --level ${runlevels.join('')}` : ''} ${name} ${after.enabled ? 'on' : 'off'}; else echo 'Failed to find required executable "update-rc.d" or "chkconfig"' >&2; exit 9; fi`, [leaves(answerResource, starts(name, runlevels), after.enabled!)], { sentence: `${after.enabled ? 'enable' : 'disable'} ${name}` })
    }
    if (state === 'restarted' || state === 'reloaded') yield run(`${script(given, 'stop')}; sleep ${sleep}; ${script(given, 'start')}`, running, { sentence: `restart ${name}`, failure: `Failed to restart ${name}` })
    else if (before.running !== after.running) yield run(script(given, after.running ? 'start' : 'stop'), running, { sentence: `${after.running ? 'start' : 'stop'} ${name}`, failure: `Failed to ${after.running ? 'start' : 'stop'} ${name}` })
  },
  result({ params: { name, state, enabled }, before, after }) {
    const did = (changed: boolean) => dict({ changed, rc: 0, stdout: '', stderr: '' })
    const status = dict({ ...(enabled === undefined ? {} : { [enabled ? 'enabled' : 'disabled']: did(before.enabled !== after.enabled) }), ...(state === undefined ? {} : { [state]: did(before.running !== after.running || typeof after.again !== 'string') }) })
    return { outputs: { name, status, ...(enabled === undefined ? {} : { enabled }), ...(state === undefined ? {} : { state }) } satisfies Record<string, Value> }
  },
})

function script({ name, arguments: words, daemonize }: InitParams, verb: string): string {
  const line = commandLine([`/etc/init.d/${name}`, verb, ...splitWords(words ?? '')])
  return daemonize ? `setsid ${line} >/dev/null 2>&1 </dev/null` : `LC_ALL=C ${line} </dev/null`
}
