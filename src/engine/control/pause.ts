import { setTimeout as delay } from 'node:timers/promises'
import { flag, number, raw, text } from '../../schema/field.ts'
import type { Value } from '../../value/value.ts'
import { taskName } from '../announce.ts'
import type { TaskCall } from '../call.ts'
import { failedResult, plain } from '../task-result.ts'
import { defineControl } from './control.ts'

export const pause = defineControl({
  name: 'pause',
  summary: 'Wait for a time, or for somebody to answer.',
  notes: ['Runs once for all hosts, on the controller. A dry run does not wait. Without a terminal nobody is asked, as in Ansible.'],
  examples: `
- name: The cluster needs a moment
  pause: { seconds: 1 }
- name: Somebody looks
  pause: { prompt: Is the site as it should be? Enter goes on }
  when: ask_somebody | default(false)
- name: A password that nobody should write down
  pause: { prompt: The password of the database, echo: false }
  register: typed
  no_log: true
  when: ask_somebody | default(false)
`,
  asModule: true,
  params: {
    seconds: raw('How long.'), minutes: number('How long.'),
    prompt: text('What to ask.'), echo: flag('Show what is typed.', { default: true }),
  },
  act: async (call, { seconds: written, minutes, prompt, echo }) => {
    if (written !== undefined && minutes !== undefined) return failedResult('parameters are mutually exclusive: minutes|seconds')
    const seconds = written === undefined ? undefined : Number(written)
    if (seconds !== undefined && !Number.isFinite(seconds)) return failedResult(`argument 'seconds' is of type str and we were unable to convert to int: invalid literal for int() with base 10: '${String(written)}'`)
    const started = new Date()
    const timed = seconds ?? (minutes === undefined ? undefined : minutes * 60)
    const wait = timed === undefined ? undefined : Math.max(1, Math.trunc(timed))
    // A dry run waits for nothing: nothing was done that needs time.
    const typed = call.playRun.run.settings.check ? '' : await call.round.once(() => waitOrAsk(call, wait, prompt, echo))
    const passed = (Date.now() - started.getTime()) / 1000
    const unit = seconds === undefined ? 'minutes' : 'seconds'
    return plain('ok', {
      changed: false, rc: 0, stdout: `Paused for ${asFloat(unit === 'minutes' ? passed / 60 : passed)} ${unit}`, stderr: '', start: stamp(started), stop: stamp(new Date()), delta: Math.floor(passed), echo, user_input: typed as Value,
    })
  },
})

/** What was typed. Where a time is given that is nothing: only Ctrl-C ends the wait early. */
async function waitOrAsk(call: TaskCall, wait: number | undefined, prompt: string | undefined, echo: boolean): Promise<string> {
  const { run } = call.playRun
  const hidden = echo ? '' : ' (output is hidden)'
  const question = prompt ?? (wait === undefined ? 'Press enter to continue, Ctrl+C to interrupt' : undefined)
  const timed = wait === undefined ? '' : `Pausing for ${wait} seconds${hidden}\n(ctrl+C then 'C' = continue early, ctrl+C then 'A' = abort)\r\n`
  const text = `${timed}${question === undefined ? '' : `[${taskName(call)}]\n${question}${hidden}:`}${echo || question === undefined ? '\n' : ''}`
  const answer = await run.ask(text, { pausing: true, secret: !echo, ...(wait === undefined ? {} : { seconds: wait }) })
  if (answer !== undefined) return wait === undefined ? answer : ''
  if (wait === undefined) run.emit({ type: 'warning', text: 'Not waiting for response to prompt as stdin is not interactive' })
  else await delay(wait * 1000, undefined, { signal: run.signal })
  return ''
}

/** Two digits at most, and one at least, as Python shows them. */
const asFloat = (value: number): string => String(Math.round(value * 100) / 100).replace(/^(-?\d+)$/, '$1.0')

const stamp = (time: Date): string => time.toISOString().replace('T', ' ').replace('Z', '000')
