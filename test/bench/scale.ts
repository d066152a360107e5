import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Cost, measure, measureIfInstalled } from './measure.ts'

/**
 * What the language itself costs: one play over many hosts on `connection: local`, whose tasks are `set_fact`, `debug`, `when`
 * and a small loop, under tutti and, where `ansible-playbook` is on the PATH (or ANSIBLE_PLAYBOOK names it), under Ansible in the same run.
 * Prints time per host and task, and the most memory that all processes of a runner held together (measure.ts).
 * Usage: node test/bench/scale.ts [HOSTS] [TASKS] [HOSTS FOR ANSIBLE]: fewer hosts for Ansible save an hour; times are compared a host and task.
 */
const here = dirname(fileURLToPath(import.meta.url))
const hosts = Number(process.argv[2] ?? 1000)
const tasks = Number(process.argv[3] ?? 50)
const theirHosts = Number(process.argv[4] ?? hosts)
const folder = mkdtempSync(join(tmpdir(), 'tutti-scale-'))

const kinds: readonly ((i: number) => string)[] = [
  (i) => `set_fact:\n        v${i}: "{{ number | int + ${i} }}"`,
  (i) => `debug:\n        msg: "{{ inventory_hostname }} {{ v${i - 1} }} of {{ groups.web | length }}"`,
  (i) => `debug:\n        var: v${i - 2}\n      when: number | int is even`,
  (i) => `set_fact:\n        s${i}: "{{ hostvars[groups.web[0]].number }}-{{ v${i - 3} }}"\n      when: inventory_hostname in groups.web`,
  (i) => `debug:\n        msg: "{{ item }} {{ s${i - 1} }}"\n      loop: [1, 2]`,
]

function prepare(count: number): void {
  const names = Array.from({ length: count }, (_, i) => `h${i} number=${i}`)
  writeFileSync(join(folder, 'ansible.cfg'), '')
  writeFileSync(join(folder, 'hosts.ini'), `[web]\n${names.join('\n')}\n[all:vars]\nansible_connection=local\n`)
  const list = Array.from({ length: tasks }, (_, i) => `    - name: task ${i}\n      ${kinds[i % kinds.length]!(i)}\n`)
  writeFileSync(join(folder, 'play.yml'), `- hosts: all\n  gather_facts: false\n  tasks:\n${list.join('')}`)
}

const files = ['-i', join(folder, 'hosts.ini'), join(folder, 'play.yml')]
const env = { ANSIBLE_CONFIG: join(folder, 'ansible.cfg'), ANSIBLE_HOME: folder }

prepare(hosts)
try {
  const ours = await measure([join(here, '../../bin/tutti'), 'run', ...files])
  const each = ({ seconds }: Cost, count: number): number => (seconds * 1e6) / (count * tasks)
  const show = (name: string, one: Cost, count: number): void => console.log(`${name.padEnd(8)} ${count} hosts: ${one.seconds.toFixed(1)} s · ${each(one, count).toFixed(0)} µs a host and task · ${one.megabytes.toFixed(0)} MB`)
  console.log(`${tasks} tasks, connection: local`)
  show('tutti', ours, hosts)
  prepare(theirHosts)
  const theirs = await measureIfInstalled([process.env.ANSIBLE_PLAYBOOK ?? 'ansible-playbook', '-f', String(availableParallelism()), ...files], { env })
  if (!theirs) console.log('ansible-playbook is not installed: not compared')
  else {
    show('Ansible', theirs, theirHosts)
    console.log(`ratio    ${(each(theirs, theirHosts) / each(ours, hosts)).toFixed(0)} times less time a host and task`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
