import { setTimeout as delay } from 'node:timers/promises'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import type { Acting } from '../host/act.ts'
import { act } from '../host/step.ts'
import { integer, list, path, text } from '../schema/field.ts'
import { Problem } from '../problem/problem.ts'
import { quote } from '../shell/quote.ts'
import { Unreachable } from '../transport/connection.ts'
import { type Unknown, fresh } from '../value/value.ts'

export const reboot = defineModule({
  name: 'reboot',
  action: true,
  summary: 'Start the host anew and wait until it is back.',
  notes: ['The connection must lead to another host than this one. Needs shutdown on the host, or what `reboot_command` names; the host is back when `boot_time_command` says something else than before.'],
  examples: `
- name: The new kernel is taken
  reboot: { reboot_timeout: 600, msg: The host starts anew for its new kernel }
  when: kernel is changed
- name: It is back when the service is
  reboot: { test_command: systemctl is-active app, post_reboot_delay: 10 }
  when: kernel is changed
`,
  eager: false,
  params: {
    reboot_timeout: integer('Seconds until the host must be back; and again until the test command succeeds.', { default: 600 }),
    test_command: text('What must succeed before the host counts as back.', { default: 'whoami' }),
    boot_time_command: text('What prints something that differs after a start.', { default: 'cat /proc/sys/kernel/random/boot_id' }),
    pre_reboot_delay: integer('Seconds before it; rounded down to minutes by shutdown.', { default: 0 }),
    post_reboot_delay: integer('Seconds to wait when the host is back.', { default: 0 }),
    connect_timeout: integer('Seconds that one attempt may take.'),
    msg: text('What users of the host are told.', { default: 'Reboot initiated by Ansible' }),
    search_paths: list(path(''), 'Where shutdown is looked for.', { default: ['/sbin', '/bin', '/usr/sbin', '/usr/bin', '/usr/local/sbin'] }),
    reboot_command: text('Instead of shutdown: a command, searched for like it.'),
  },
  async probe(_host, _params, { hostName, delegatedTo, other }): Promise<{ readonly boot: string | Unknown }> {
    if ((await other(delegatedTo ?? hostName)).connection.name === 'local') fail('Running reboot with local connection would reboot the control node.', { rebooted: false, elapsed: 0 })
    return { boot: 'running' }
  },
  plan: () => ({ boot: fresh('started anew') }),
  apply: ({ params }) => [act('start the host anew and wait for it', async (host) => {
    const started = performance.now()
    const boot = await bootTime(host, params.boot_time_command)
    await begin(host, params)
    await delay(Math.max(1, params.post_reboot_delay) * 1000, undefined, { signal: host.signal })
    const test = params.connect_timeout ?? 10
    await until(host, params.reboot_timeout, 'Timed out waiting for last boot time check', async () => {
      // The old shells die with the host: each attempt is a new connection, as long as the host is the old one or away.
      await host.connection.again?.()
      return (await bootTime(host, params.boot_time_command, test)) !== boot
    })
    await until(host, params.reboot_timeout, 'Timed out waiting for post-reboot test command', async () => (await host.run(params.test_command, { timeout: Math.max(test, 30) })).code === 0)
    return Math.floor((performance.now() - started) / 1000)
  })],
  diff: () => [],
  result: ({ replies: [reply] }) => ({ outputs: { rebooted: true, elapsed: reply ? (reply.value as number) : fresh('how long it takes') } }),
})

/** Seconds for the command that starts the host anew: after that the host is going down, or never will. */
const ANSWER = 30

async function bootTime(host: Acting, command: string, timeout?: number): Promise<string> {
  const { code, stdout, stderr } = await host.run(command, timeout === undefined ? {} : { timeout })
  return code === 0 ? stdout.toString().trim() : fail(`${command} failed: ${stderr.toString().trim()}`)
}

/** The answer may come before the connection ends or not at all; a program that says no is a failure. */
async function begin(host: Acting, params: { readonly pre_reboot_delay: number; readonly msg: string; readonly search_paths: readonly string[]; readonly reboot_command: string | undefined }): Promise<void> {
  const minutes = Math.floor(params.pre_reboot_delay / 60)
  const [program = 'shutdown', ...words] = params.reboot_command?.trim().split(/\s+/) ?? ['shutdown']
  const line = params.reboot_command === undefined ? `"$c" -r ${minutes === 0 ? 'now' : `+${minutes}`} ${quote(params.msg)}` : `"$c" ${words.join(' ')}`
  const search = program.startsWith('/') ? `c=${quote(program)}; [ -x "$c" ]` : `c=; for d in ${params.search_paths.map(quote).join(' ')}; do [ ! -x "$d/"${quote(program)} ] || { c=$d/${quote(program)}; break; }; done; [ -n "$c" ]`
  const missing = `Unable to find command "${program}" in search paths: ${params.search_paths.join(', ')}`
  const reply = await host.run(`${search} || exit 99\nexec </dev/null; ${line}`, { timeout: ANSWER }).catch((thrown: unknown) => {
    if (thrown instanceof Unreachable || (thrown instanceof Problem && thrown.code === 'timed-out')) return undefined
    throw thrown
  })
  if (reply?.code === 99) fail(missing, { rebooted: false })
  // Above 128 it was killed with everything else.
  if (reply && reply.code > 0 && reply.code < 128) fail(`Reboot command failed. Error was: '${reply.stdout.toString().trim()}, ${reply.stderr.toString().trim()}'`, { rebooted: false })
}

/** Tries until it succeeds; the connection may fail as often as it likes meanwhile. */
async function until(host: Acting, seconds: number, late: string, attempt: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + seconds * 1000
  for (let wait = 1, last = ''; ; wait = Math.min(wait * 2, 12)) {
    try {
      if (await attempt()) return
    } catch (error) {
      if (host.signal.aborted) throw error
      last = error instanceof Error ? `: ${error.message}` : ''
    }
    if (performance.now() > end) fail(`${late} (timeout=${seconds})${last}`, { rebooted: true })
    await delay(wait * 1000, undefined, { signal: host.signal })
  }
}
