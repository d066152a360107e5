import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

/** The parts' own tests need no hosts: Go alone. */
test.each(['k3s', 'pack', 'parts/klipper-lb', 'parts/crictl', 'parts/counter-app'])('the program %s passes its own tests', (name) => {
  const told = execFileSync('nice', ['-n', '19', 'go', 'test', '.'], { cwd: new URL(name, import.meta.url), env: { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off' }, encoding: 'utf8', timeout: 300_000 })
  expect(told).toMatch(/^ok\s/m)
})
