import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { type OpenrcService, openrcResource } from '../host/openrc.ts'
import { leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { choice, flag, text } from '../schema/field.ts'
import { commandLine } from '../shell/quote.ts'
import { splitWords } from '../shell/split-words.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, fresh } from '../value/value.ts'

interface State {
  readonly running: boolean | Unknown | undefined
  readonly enabled: boolean | undefined
  readonly again: string | Unknown
  readonly found: Aside<OpenrcService>
}

/** What `service` does on hosts that are run by OpenRC. */
export const openrcService = defineModule({
  name: 'service',
  summary: 'Keep a service of OpenRC running or stopped, and in a runlevel or not.',
  params: {
    name: text('The service.', { required: true }),
    state: choice(['started', 'stopped', 'restarted', 'reloaded'], 'What it should be doing.'),
    enabled: flag('Whether it starts with the runlevel.'),
    runlevel: text('The runlevel.', { default: 'default' }),
    arguments: text('More words for rc-service.'),
  },
  async probe(host, { name, state, enabled, runlevel }): Promise<State> {
    if (!/^[\w+:][\w.@+:-]*$/.test(name)) fail(`Could not find the requested service ${name}: host`)
    if (!/^[\w][\w.-]*$/.test(runlevel)) fail(`${runlevel} is no runlevel`)
    const found = known(await host.get(openrcResource, name))
    if (!found.exists) fail(`Could not find the requested service ${name}: host`)
    return { running: state === undefined ? undefined : found.running, enabled: enabled === undefined ? undefined : found.levels.includes(runlevel), again: '', found: aside(found) }
  },
  plan: ({ state, enabled }, before): State => ({
    ...before, enabled, running: state === undefined ? undefined : state !== 'stopped', again: state === 'restarted' || (state === 'reloaded' && before.running !== false) ? fresh(state) : before.again,
  }),
  *apply({ params: { name, state, runlevel, arguments: words }, before, after }): Iterable<Step> {
    const found = before.found.value
    const levels = after.enabled === undefined || after.enabled === before.enabled ? found.levels : after.enabled ? [...found.levels, runlevel] : found.levels.filter((level) => level !== runlevel)
    const effects = [leaves(openrcResource, name, { exists: true, running: after.running ?? found.running, levels })]
    if (after.enabled !== before.enabled) yield run(['rc-update', after.enabled ? 'add' : 'delete', name, runlevel], effects, { environment: { LC_ALL: 'C' } })
    const verb = state === 'restarted' ? 'restart' : state === 'reloaded' ? (before.running === false ? 'start' : 'reload') : after.running === before.running ? undefined : after.running ? 'start' : 'stop'
    if (verb === undefined) return
    const line = commandLine(['rc-service', name, verb, ...splitWords(words ?? '')])
    // A daemon that keeps what it inherits must not keep the conversation.
    yield run(`o=$(mktemp) || exit 1; LC_ALL=C ${line} </dev/null >"$o" 2>&1; c=$?; cat "$o" >&2; rm -f "$o"; exit $c`, effects, { sentence: `run ${line}`, failure: `Unable to ${verb} service ${name}` })
  },
  result: ({ params: { name, state, enabled } }) => ({ outputs: { name, ...(enabled === undefined ? {} : { enabled }), ...(state === undefined ? {} : { state: state === 'stopped' ? 'stopped' : 'started' }) } }),
})
