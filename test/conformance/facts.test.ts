import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

test('with run_once every host still tells its own facts, also where two names are one machine', async () => {
  const ran = await runYaml(`
- hosts: h1
  tasks:
    - file: { path: DIR/facts.d, state: directory }
    - copy: { dest: DIR/facts.d/one.fact, mode: '0755', content: "#!/bin/sh\\necho \\"\\\\\\"$(od -An -N8 -tx8 /dev/urandom)\\\\\\"\\"" }
- hosts: all
  run_once: true
  gather_facts: true
  fact_path: DIR/facts.d
  tasks: [{ name: look, debug: { msg: "{{ hostvars.h1.ansible_local.one }} {{ hostvars.h2.ansible_local.one }}" } }]
`, { hosts: ['h1', 'h2'] })
  const [one, two] = ran.outputs('look').msg.trim().split(/ +/)
  expect([one, two]).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), expect.stringMatching(/^[0-9a-f]{16}$/)])
  expect(one).not.toBe(two)
})
