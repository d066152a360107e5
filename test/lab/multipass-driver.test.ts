import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { parseLabFile } from '../../src/lab/lab-file.ts'
import { type Lab, labDown, labLines, labUp } from '../../src/lab/lab.ts'
import { listInstances } from '../../src/lab/multipass/multipass-cli.ts'
import { runProgram } from '../../src/lab/run-program.ts'
import { problemsOf } from '../../src/problem/problem.ts'
import { fromJson } from '../../src/value/json.ts'
import { labDriverContract } from '../contracts/lab-driver.ts'
import type { TestLab } from './with-lab.ts'

// The stand-in goes before a real multipass: its instances are hosts of nspawn, and its misbehaviour can be asked for.
const home = mkdtempSync(join(tmpdir(), 'tutti-stand-in-'))
process.env['TUTTI_STAND_IN_HOME'] = home
process.env['PATH'] = `${resolve(import.meta.dirname, '../multipass')}:${process.env['PATH']}`
const behave = (...words: string[]): void => void (process.env['TUTTI_STAND_IN'] = words.join(','))
const instanceNames = async (): Promise<string[]> => [...(await listInstances()).keys()]
afterAll(() => rmSync(home, { recursive: true, force: true }))

labDriverContract('multipass', ({ lab }: TestLab) => {
  const names = ['n1', 'n_2', 'n3'].map((name) => lab.host(name).instance)
  return async () => (await instanceNames()).filter((name) => names.includes(name))
})

describe('the multipass driver, when things go their usual wrong way', () => {
  const said: string[] = []
  let lab: Lab | undefined
  const spec = parseLabFile(fromJson({ lab: `odd-${process.pid}`, driver: 'multipass', hosts: { n1: { zone: 'zone2' } } }), '/nowhere/lab.yml')
  const up = async (): Promise<Lab> => (lab = await labUp(spec, (text) => said.push(text)))
  const instance = `tutti-odd-${process.pid}-n1`
  const works = async () => expect((await labLines(spec)).map(({ state }) => state)).toEqual(['running'])
  afterEach(async () => {
    behave()
    if (lab) await labDown(lab)
    lab = undefined
    said.length = 0
  })
  const refusal = async (): Promise<string> => up().then(() => 'it came up', (error) => problemsOf(error)?.map(({ message }) => message).join() ?? String(error))

  it('adopts a machine whose launch timed out', async () => {
    behave('launch-timeout', '1.16', 'spinner')
    await up()
    await works()
    expect(said.join('\n')).toMatch(/multipass gave up waiting .*timed out waiting for response/)
  })

  it('recovers a machine that was deleted but not purged, and puts it into the zone of its name', async () => {
    const { directory } = await up()
    expect(JSON.parse(readFileSync(join(home, 'instances.json'), 'utf8'))[instance].zone).toBe('zone2')
    await runProgram(['multipass', 'delete', instance])
    expect(await labLines(spec)).toMatchObject([{ state: 'stopped', remark: 'Deleted' }])
    await up()
    await works()
    expect(lab?.directory).toBe(directory)
  })

  it('makes a machine anew that is gone', async () => {
    await up()
    await runProgram(['multipass', 'delete', '--purge', instance])
    expect(await labLines(spec)).toMatchObject([{ state: 'missing' }])
    await up()
    await works()
  })

  it('leaves alone an instance of that name that it did not make', async () => {
    await runProgram(['multipass', 'launch', '24.04', '--name', instance])
    expect(await refusal()).toMatch(/was not made by this lab/)
    expect(await instanceNames()).toEqual([instance])
    await runProgram(['multipass', 'delete', '--purge', instance])
  })

  it('says that the daemon does not answer', async () => {
    behave('daemon-down')
    expect(await refusal()).toMatch(/Multipass cannot be used: its daemon does not answer/)
  })
})
