import { setTimeout as delay } from 'node:timers/promises'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { act } from '../host/step.ts'
import { integer } from '../schema/field.ts'
import { type Unknown, unknown } from '../value/value.ts'

export const waitForConnection = defineModule({
  name: 'wait_for_connection',
  action: true,
  awaitsHost: true,
  summary: 'Wait until a host is there and can run commands.',
  notes: ['It logs in anew until the host runs a command. A dry run waits for nothing.'],
  examples: `
- name: The host is there, though it may be starting
  wait_for_connection: { delay: 0, timeout: 300 }
- name: Only now is it asked for facts
  setup: { gather_subset: [min] }
`,
  eager: false,
  params: {
    connect_timeout: integer('Seconds that one attempt may take.', { default: 5 }),
    delay: integer('Seconds to wait before the first attempt.', { default: 0 }),
    sleep: integer('Seconds between attempts.', { default: 1 }),
    timeout: integer('Seconds until it is given up.', { default: 600 }),
  },
  probe: (): { reached: boolean | Unknown } => ({ reached: false }),
  plan: () => ({ reached: unknown('it waits for the host') }),
  apply: ({ params }) => [act('wait for the host', async (host) => {
    const started = performance.now()
    const elapsed = () => (performance.now() - started) / 1000
    await delay(params.delay * 1000, undefined, { signal: host.signal })
    for (let last = ''; ; ) {
      try {
        // Shells that were lost once stay lost.
        if (last !== '') await host.connection.again?.()
        if ((await host.run('exit 0', { timeout: params.connect_timeout })).code === 0) return Math.floor(elapsed())
      } catch (error) {
        last = error instanceof Error ? error.message : String(error)
      }
      if (elapsed() > params.timeout) return fail(`timed out waiting for ping module test: ${last}`, { elapsed: Math.floor(elapsed()) })
      await delay(params.sleep * 1000, undefined, { signal: host.signal })
    }
  })],
  diff: () => [],
  result: ({ replies: [reply], after }) => ({ changed: false, outputs: { elapsed: reply ? (reply.value as number) : (after.reached as Unknown) } }),
})
