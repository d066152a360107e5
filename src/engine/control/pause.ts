import { setTimeout as delay } from 'node:timers/promises'
import { flag, number, text } from '../../schema/field.ts'
import { plain } from '../task-result.ts'
import { defineControl } from './control.ts'

export const pause = defineControl({
  name: 'pause',
  summary: 'Wait for a time, or for somebody to answer.',
  params: {
    seconds: number('How long.'), minutes: number('How long.'),
    prompt: text('What to ask.'), echo: flag('Show what is typed.', { default: true }),
  },
  act: async (call, { seconds, minutes, prompt, echo }) => {
    const { run } = call.playRun
    const started = new Date()
    const wait = seconds ?? (minutes === undefined ? undefined : minutes * 60)
    // A dry run waits for nothing: nothing was done that needs time.
    const typed = run.settings.check ? '' : await call.round.once(async () => (wait === undefined || prompt !== undefined ? run.ask(prompt ?? 'Press enter to continue', { secret: !echo, ...(wait === undefined ? {} : { seconds: wait }) }) : void (await delay(wait * 1000, undefined, { signal: run.signal }))))
    const passed = Math.round((Date.now() - started.getTime()) / 1000)
    return plain('ok', { changed: false, rc: 0, stdout: `Paused for ${wait === undefined ? `${passed} seconds` : minutes === undefined ? `${wait} seconds` : `${minutes} minutes`}`, stderr: '', start: String(started), stop: String(new Date()), delta: passed, echo, user_input: typed ?? '' })
  },
})
