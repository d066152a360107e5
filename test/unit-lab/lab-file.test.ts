import { describe, expect, it } from 'vitest'
import { isLabFile, parseLabFile } from '../../src/lab/lab-file.ts'
import { problemsOf } from '../../src/problem/problem.ts'
import { type Json, fromJson } from '../../src/value/json.ts'

// The folder is not test/lab, where all that src/lab has would be looked for: that one needs root and real hosts, these tests nothing.

const parse = (content: Json) => parseLabFile(fromJson(content), 'inventory/lab.yml')
function problems(content: Json): readonly string[] {
  try {
    parse(content)
    return []
  } catch (error) {
    return problemsOf(error)!.map(({ detail }) => detail!.replace('inventory/lab.yml: ', ''))
  }
}

describe('a lab file', () => {
  it('gives hosts the defaults, unless they say otherwise', () => {
    const { hosts, name } = parse({ lab: 'home', defaults: { cpus: 2, memory: '2G', vars: { a: 1, b: 1 } }, hosts: { n1: null, n2: { memory: '512M', zone: 2, vars: { b: 2 } } } })
    expect(name).toBe('home')
    expect(hosts).toMatchObject([
      { name: 'n1', index: 0, cpus: 2, memory: 2 ** 31, disk: 5 * 2 ** 30, zone: undefined },
      { name: 'n2', index: 1, cpus: 2, memory: 2 ** 29, zone: '2' },
    ])
    expect([...hosts[1]!.vars]).toEqual([['a', 1], ['b', 2]])
  })

  it('knows the groups that hosts or other groups only name', () => {
    const { groups } = parse({ lab: 'home', groups: { k3s: { children: ['servers'], vars: { x: 1 } } }, hosts: { n1: { groups: ['redis'] } } })
    expect([...groups.keys()].sort()).toEqual(['k3s', 'redis', 'servers'])
    expect(groups.get('k3s')!.children).toEqual(['servers'])
  })

  it('tells everything that is wrong at once', () => {
    expect(problems({ lab: 'Home!', drivr: 1, driver: 'docker', hosts: { n1: { memory: 'much', cpus: 0.5, disk: '1M', zone: ['a'] }, '-': {} } })).toEqual([
      "the file: unknown key 'drivr'", "lab: 'Home!' is no name for a lab", "driver: 'docker' is not one of multipass, nspawn",
      'hosts.n1.cpus: a whole number of processors is wanted', 'hosts.n1.memory: a size is wanted', 'hosts.n1.disk: 1M is too little',
      'hosts.n1.zone: text is wanted', "hosts.-: '-' is no host name",
    ])
    expect(problems({ lab: 'home' })).toEqual(['hosts: there are none'])
  })

  it('is told from an inventory of Ansible', () => {
    expect(isLabFile(fromJson({ lab: 'home', hosts: {} }))).toBe(true)
    expect(isLabFile(fromJson({ lab: { hosts: { n1: null } } }))).toBe(false)
    expect(isLabFile(fromJson(['lab']))).toBe(false)
  })
})
