import { expect, test } from 'vitest'
import { runYaml } from '../engine/run-yaml.ts'

test('defaults for the module that does the work count for the one that stands for it', async () => {
  const ran = await runYaml(`
- hosts: all
  ignore_errors: true
  tasks:
    - name: under
      service:
      module_defaults: { systemd: { name: there-is-no-such-unit, state: started } }
    - name: over
      service:
      module_defaults: { systemd: { name: under-it }, service: { name: over-it, state: started } }
    - name: use
      package: { name: nothing-of-the-kind }
      vars: { ansible_package_use: lola }
    - name: precedence
      package: { name: nothing-of-the-kind, use: lila }
      vars: { ansible_package_use: lola }
`)
  expect(ran.outputs('under').msg).toMatch(/there-is-no-such-unit|systemd does not answer/)
  expect(ran.outputs('over').msg).toMatch(/over-it|systemd does not answer/)
  expect(ran.outputs('use').msg).toBe('Could not find a matching action for the "lola" package manager.')
  expect(ran.outputs('precedence').msg).toContain('"lila"')
})
