import { expect, test } from 'vitest'
import { runYaml } from './run-yaml.ts'

const PLAY = `
- hosts: all
  gather_facts: false
  tasks:
    - name: long on one
      command: sleep {{ 0.3 if inventory_hostname == 'h2' else 0 }}
    - name: nothing to reach
      set_fact: {x: 1}
    - name: three items
      command: echo {{ item }}
      loop: [1, 2, 3]
`

test('a profile counts each task once, and results add up to it', async () => {
  const { events } = await runYaml(PLAY, { settings: { profile: true } })
  const profile = events.find((event) => event.type === 'profile')!
  expect(profile.tasks.map(({ name }) => name)).toEqual(['long on one', 'nothing to reach', 'three items'])
  expect(profile.tasks[1]).toMatchObject({ roundTrips: 0, bytesSent: 0, waited: 0 })
  expect(profile.tasks[2]!.roundTrips).toBe(3)
  const results = events.flatMap((event) => (event.type === 'result' ? [event.result] : []))
  expect(results.reduce((sum, { cost }) => sum + cost!.roundTrips, 0)).toBe(profile.tasks.reduce((sum, { roundTrips }) => sum + roundTrips, 0))
  expect(profile.hosts.get('h1')!.roundTrips).toBe(profile.tasks.reduce((sum, { roundTrips }) => sum + roundTrips, 0))
})

test('what items of a loop wait for together is counted once', async () => {
  const items = '[' + Array.from({ length: 60 }, (_, index) => index).join(', ') + ']'
  const { events } = await runYaml(`- hosts: all\n  gather_facts: false\n  tasks:\n    - stat: {path: '/{{ item }}'}\n      loop: ${items}\n`, { settings: { profile: true } })
  const [task] = events.find((event) => event.type === 'profile')!.tasks
  expect(task!.connecting + task!.waited).toBeLessThanOrEqual(task!.seconds)
})

test('where hosts keep in step, the critical path goes by the slowest of each task', async () => {
  const { events } = await runYaml(PLAY, { hosts: ['h1', 'h2', 'h3'], settings: { profile: true } })
  const { path } = events.find((event) => event.type === 'profile')!
  expect(path.map(({ name }) => name)).toEqual(['long on one', 'nothing to reach', 'three items'])
  expect(path[0]!.host).toBe('h2')
})

test('without it results say nothing of costs', async () => {
  const { events } = await runYaml(PLAY)
  expect(events.some((event) => event.type === 'profile' || (event.type === 'result' && event.result.cost !== undefined))).toBe(false)
})
