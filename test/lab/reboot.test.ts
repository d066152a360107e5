import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TuttiRun, runTutti } from './run-tutti.ts'
import { type TestHost, type TestLab, withLab } from './with-lab.ts'

const directory = mkdtempSync(join(tmpdir(), 'tutti-reboot-'))
let lab: TestLab
let host: TestHost
beforeAll(async () => {
  lab = await withLab('reboot', 1)
  host = lab.hosts[0]!
  // The lab's own inventory has only hosts that run.
  const vars = { ansible_host: host.address, ansible_user: host.user, ansible_ssh_private_key_file: host.privateKeyFile, tutti_known_hosts_files: [host.knownHostsFile] }
  writeFileSync(join(directory, 'hosts.yml'), JSON.stringify({ all: { hosts: { n1: vars } } }))
})
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true })
  await lab.down()
})

const bootId = async (): Promise<string> => (await host.run('cat /proc/sys/kernel/random/boot_id')).stdout.trim()

function play(tasks: readonly object[], { become = true, check = false } = {}): Promise<TuttiRun> {
  const file = join(directory, 'play.yml')
  writeFileSync(file, JSON.stringify([{ hosts: 'all', become, gather_facts: false, tasks }]))
  return runTutti('run', file, '-i', join(directory, 'hosts.yml'), ...(check ? ['--check'] : []))
}

test('a dry run says that it would, and does not', async () => {
  const before = await bootId()
  expect((await play([{ name: 'restart', reboot: {} }, { name: 'after', file: { path: '/run/after', state: 'touch' } }], { check: true })).results).toEqual(['n1 changed restart', 'n1 changed after'])
  expect(await bootId()).toBe(before)
})

test('the host is started anew, and the tasks after it find it there', async () => {
  const before = await bootId()
  await host.run('sudo touch /run/before')
  const ran = await play([{ name: 'restart', reboot: { msg: "it's \"time\"", post_reboot_delay: 1 } }, { name: 'look', stat: { path: '/run/before' } }])
  expect(ran.results, ran.output).toEqual(['n1 changed restart', 'n1 ok look'])
  expect(ran.result('restart').outputs).toMatchObject({ rebooted: true, changed: true, elapsed: expect.any(Number) })
  expect(ran.result('look').outputs.stat.exists).toBe(false)
  expect(await bootId()).not.toBe(before)
})

test('by a command of one’s own, with a test of one’s own', async () => {
  const before = await bootId()
  const ran = await play([{ name: 'restart', reboot: { reboot_command: 'systemctl reboot', boot_time_command: 'cat /proc/sys/kernel/random/boot_id', test_command: 'systemctl is-active ssh' } }])
  expect(ran.results, ran.output).toEqual(['n1 changed restart'])
  expect(await bootId()).not.toBe(before)
})

test('who may not is told at once, and nothing happens', async () => {
  const before = await bootId()
  const started = Date.now()
  const refused = await play([{ name: 'restart', reboot: {} }], { become: false })
  expect(refused.result('restart')).toMatchObject({ status: 'failed', reason: expect.stringContaining('Reboot command failed. Error was:'), outputs: { rebooted: false } })
  const missing = await play([{ name: 'restart', reboot: { reboot_command: 'no-such-command now' } }])
  expect(missing.result('restart')).toMatchObject({ status: 'failed', reason: expect.stringContaining('Unable to find command "no-such-command" in search paths: /sbin, /bin') })
  const says = await play([{ name: 'restart', reboot: { reboot_command: 'false' } }])
  expect(says.result('restart')).toMatchObject({ status: 'failed', outputs: { rebooted: false } })
  expect(Date.now() - started).toBeLessThan(30_000)
  expect(await bootId()).toBe(before)
})

test('a host that does not come back is a failure after the time it has', async () => {
  const ran = await play([{ name: 'restart', reboot: { reboot_command: 'systemctl poweroff', reboot_timeout: 5, connect_timeout: 1 } }])
  expect(ran.result('restart')).toMatchObject({ status: 'failed', reason: expect.stringContaining('Timed out waiting for last boot time check (timeout=5)'), outputs: { rebooted: true } })
})

test('wait_for_connection waits for a host that is off until it is started', async () => {
  await host.powerOff()
  const dry = await play([{ name: 'wait', wait_for_connection: { timeout: 60 } }, { name: 'after', command: 'true' }], { check: true })
  expect(dry.results, dry.output).toEqual(['n1 unknown wait', 'n1 unknown after'])
  const begun = join(directory, 'begun')
  const running = play([
    { name: 'begin', command: `touch ${begun}`, delegate_to: 'localhost', become: false },
    { name: 'wait', wait_for_connection: { timeout: 60, connect_timeout: 2 } },
    { name: 'after', command: 'true' },
  ])
  for (const end = Date.now() + 60_000; !existsSync(begun) && Date.now() < end; ) await sleep(100)
  // Whole seconds are reported.
  await sleep(3000)
  await host.start()
  const ran = await running
  expect(ran.results, ran.output).toEqual(['n1 changed begin', 'n1 ok wait', 'n1 changed after'])
  expect(ran.result('wait').outputs.elapsed).toBeGreaterThan(0)
})
