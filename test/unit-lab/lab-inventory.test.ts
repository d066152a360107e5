import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { labInventory } from '../../src/lab/lab-inventory.ts'
import { LabRecord, loadLabState } from '../../src/lab/lab-record.ts'
import { startOf } from '../../src/lab/process-identity.ts'
import { fromJson, toJson } from '../../src/value/json.ts'

const content = fromJson({ lab: 'unit', vars: { everywhere: true }, groups: { web: { vars: { port: 80 } } }, hosts: { n1: { zone: 'a', groups: ['web'], vars: { own: 1 } }, n2: { zone: 'b' } } })
let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tutti-home-'))
  vi.stubEnv('TUTTI_LAB_HOME', home)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true })
})

function makeLab(process_: { pid: number; started: string }): LabRecord {
  const record = new LabRecord(join(home, 'unit'))
  record.create({ version: 1, name: 'unit', file: '/lab.yml', driver: 'nspawn', hosts: {} })
  record.updateHost('n1', { instance: 't-1', user: 'admin', address: '10.9.8.11', hostKey: 'ssh-ed25519 AAAA', ...process_ })
  record.updateHost('n2', { instance: 't-2', user: 'admin', address: '10.9.8.12' })
  return record
}
const running = { pid: process.pid, started: startOf(process.pid) ?? '' }

describe('the inventory of a lab', () => {
  it('says how to bring up a lab that is not', () => {
    expect(() => labInventory(content, 'inventory/lab.yml')).toThrow(expect.objectContaining({ code: 'lab-not-running', hint: 'tutti lab up -f inventory/lab.yml' }))
  })

  it('takes a lab whose processes are gone for one that is not up', () => {
    makeLab({ pid: process.pid, started: 'in another life' })
    expect(() => labInventory(content, 'lab.yml')).toThrow('the lab is not running')
  })

  it.runIf(process.platform === 'linux')('holds addresses, keys, zones, groups and variables', () => {
    makeLab(running)
    const { hosts, groups } = labInventory(content, 'lab.yml')
    expect(toJson(hosts.get('n1')!.vars)).toEqual({
      ansible_host: '10.9.8.11', ansible_user: 'admin', ansible_ssh_private_key_file: join(home, 'unit/id_ed25519'),
      tutti_known_hosts_files: [join(home, 'unit/known_hosts')], zone: 'a', own: 1,
    })
    expect(groups.get('web')).toEqual({ hosts: ['n1'], children: [], vars: new Map([['port', 80]]) })
    expect(groups.get('all')).toEqual({ hosts: ['n1', 'n2'], children: [], vars: new Map([['everywhere', true]]) })
  })

  it('writes known hosts as hosts become known, and forgets them', async () => {
    const record = makeLab(running)
    const { readFile } = await import('node:fs/promises')
    const text = () => readFile(join(home, 'unit/known_hosts'), 'utf8')
    expect(await text()).toBe('10.9.8.11 ssh-ed25519 AAAA\n')
    record.updateHost('n1', { pid: undefined })
    expect(loadLabState(record.directory)!.hosts['n1']).not.toHaveProperty('pid')
    record.forgetHost('n1')
    expect(await text()).toBe('')
  })
})
