import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asRoot, bringTutti, casePackages, runThere } from './spare-host.ts'
import { type TestHost, type TestLab, withLab } from './with-lab.ts'

let lab: TestLab
let host: TestHost
beforeAll(async () => {
  lab = await withLab('examples', { spare: { memory: '3G', cpus: 2 } })
  host = lab.host('spare')
  await bringTutti(host)
  await asRoot(host, `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${casePackages().join(' ')}`)
})
afterAll(() => lab.down())

test('what `tutti doc` shows of each module does what it says, and a second time nothing', async () => {
  const told = (await runThere(host, ['test/modules/examples.test.ts', '-t', 'examples run'], {}, 1500)).filter(({ name }) => name.endsWith('its examples run'))
  expect(told.filter(({ status }) => status === 'failed').map(({ name, message }) => `${name}\n${message}`)).toEqual([])
  const [, named = ''] = /^The examples of (.*) have not run either/m.exec(readFileSync(join(import.meta.dirname, '../../docs/unproven.md'), 'utf8')) ?? []
  expect([...named.matchAll(/`(\w+)`/g)].map(([, name]) => name)).toEqual(told.filter(({ status }) => status === 'skipped').map(({ name }) => name.split(' ')[0]).sort())
}, 1_600_000)
