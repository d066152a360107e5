import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runIn } from './run-yaml.ts'

let directory = ''
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'tutti-async-'))))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const play = (tasks: string): string => `- hosts: all\n  gather_facts: false\n  vars:\n    ansible_async_dir: DIR/jobs\n  tasks:\n${tasks.replace(/^(?=.)/gm, '    ')}`
const jobs = (): readonly string[] => (existsSync(join(directory, 'jobs')) ? readdirSync(join(directory, 'jobs')) : [])

describe('async', () => {
  it('waits for a polled program, tells of it and leaves nothing behind', async () => {
    const ran = await runIn(directory, play(`
- name: slow
  shell: read x; echo "$x" "$WORD"; sleep 1.2; exit 3
  args: { stdin: given }
  environment: { WORD: 'a b' }
  async: 10
  poll: 0.5
  failed_when: false
`))
    expect(ran.outputs('slow')).toMatchObject({ rc: 3, stdout: 'given a b', started: true, finished: true, ansible_job_id: expect.stringMatching(/^j\d+\.\d+$/) })
    expect(ran.events.filter(({ type }) => type === 'async').map((event) => 'state' in event && event.state)).toEqual(expect.arrayContaining(['poll', 'failed']))
    expect(jobs()).toEqual([])
  })

  it('leaves a program to the host, which goes on after the run; a later run can ask', async () => {
    const first = await runIn(directory, play(`
- name: start
  shell: sleep 1; echo done > DIR/made; echo said
  async: 30
  poll: 0
- name: at work
  async_status: { jid: '{{ jid }}' }
  vars: { jid: '{{ lookup("pipe", "ls DIR/jobs") }}' }
`))
    expect(first.results).toEqual(['h1 changed start', 'h1 ok at work'])
    expect(first.outputs('at work')).toMatchObject({ started: true, finished: false })
    expect(existsSync(join(directory, 'made'))).toBe(false)
    await delay(1500)
    expect(readFileSync(join(directory, 'made'), 'utf8')).toBe('done\n')
    const jid = first.outputs('start').ansible_job_id
    const second = await runIn(directory, play(`
- name: ask
  async_status: { jid: ${jid} }
- name: forget
  async_status: { jid: ${jid}, mode: cleanup }
- name: gone
  async_status: { jid: ${jid} }
  ignore_errors: true
`))
    expect(second.outputs('ask')).toMatchObject({ finished: true, rc: 0, stdout: 'said', cmd: `sleep 1; echo done > ${directory}/made; echo said` })
    expect(second.results).toEqual(['h1 changed ask', 'h1 ok forget', 'h1 failed gone'])
    expect(second.outputs('gone').msg).toBe('could not find job')
    expect(jobs()).toEqual([])
  })

  it('ends what takes longer than its time, with its children', async () => {
    const ran = await runIn(directory, play(`
- name: endless
  shell: (sleep 30; echo late > DIR/late) & wait; echo late > DIR/late
  async: 1
  poll: 1
  ignore_errors: true
`))
    expect(ran.outputs('endless')).toMatchObject({ failed: true, msg: 'Timeout exceeded' })
    expect(existsSync(join(directory, 'late'))).toBe(false)
  })

  it('carries modules out beside the play, whose end waits for them', async () => {
    const ran = await runIn(directory, play(`
- name: facts
  setup: { gather_subset: ['!all', platform] }
  async: 60
  poll: 0
  register: job
- name: none yet
  assert: { that: ansible_facts.kernel is not defined }
- name: wait
  async_status: { jid: '{{ job.ansible_job_id }}' }
  register: asked
  until: asked is finished
  delay: 0.2
  retries: 50
- name: there
  assert: { that: [ansible_facts.kernel is defined, job is started, job is not finished] }
- name: last
  file: { path: DIR/last, state: touch }
  async: 60
  poll: 0
`))
    expect(ran.exitCode).toBe(0)
    expect(existsSync(join(directory, 'last'))).toBe(true)
  })

  it('starts nothing in a dry run, and says of the job what was planned', async () => {
    const ran = await runIn(directory, play(`
- name: program
  shell: touch DIR/made
  async: 10
  poll: 0
- name: module
  file: { path: DIR/made, state: touch }
  async: 10
  poll: 0
  register: job
- name: ask
  async_status: { jid: '{{ job.ansible_job_id }}' }
`), { check: true })
    expect(ran.results).toEqual(['h1 unknown program', 'h1 changed module', 'h1 changed ask'])
    expect([existsSync(join(directory, 'made')), ...jobs()]).toEqual([false])
  })

  it('refuses what the controller has a part in, as Ansible does', async () => {
    const ran = await runIn(directory, play(`
- name: message
  debug: { msg: hello }
  async: 10
  ignore_errors: true
`))
    expect(ran.outputs('message').msg).toBe('This action (debug) does not support async.')
  })
})
