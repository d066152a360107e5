import { expect, test } from 'vitest'
import { parsePackages } from '../../src/host/package.ts'

test('installed, held, removed with its configuration, provided, and unknown', () => {
  const found = 'nginx|nginx|amd64|1.22|ii \nvim:amd64|vim|amd64|9.0|hi \nold|old|all|1|rc \n'
  const provided = 'installed|postfix|default-mta, mail-transport-agent (= 3)\n'
  expect(parsePackages(['nginx', 'vim', 'old', 'mail-transport-agent', 'nope', 'vim:amd64'], found, provided)).toEqual([
    { installed: true, version: '1.22', configured: false, held: false }, { installed: true, version: '9.0', configured: false, held: true }, { installed: false, version: '', configured: true, held: false },
    { installed: true, version: '', configured: false, held: false, provider: 'postfix' }, { installed: false, version: '', configured: false, held: false }, { installed: true, version: '9.0', configured: false, held: true },
  ])
})
