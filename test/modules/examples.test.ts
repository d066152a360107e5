import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { allDocumented } from '../../src/cli/documented.ts'
import { fakeTerminal } from '../cli/fake-terminal.ts'
import { tutti } from '../lab/tutti.ts'
import { type ExampleWeb, openExampleWeb } from './example-web.ts'
import { type Needs, exampleProject, needsOf, runsHere } from './example.ts'

/** What `tutti doc` shows of each module is read by the real loader; on a host that may be changed (TUTTI_SPARE_HOST=1, root) it is run as well. */
let web: ExampleWeb | undefined
if (runsHere({})) {
  beforeAll(async () => {
    web = await openExampleWeb()
  })
  afterAll(() => web?.close())
}

for (const one of await allDocumented()) {
  const needs = needsOf(one.name)
  describe(one.name, () => {
    test('says what it does and shows how', () => {
      expect(one.notes?.length, 'notes').toBeGreaterThan(0)
      for (const sentence of [one.summary, ...one.notes!]) expect(sentence).toMatch(/^\S[^]*\.$/)
      const shown = parse(one.examples ?? '') as readonly Readonly<Record<string, unknown>>[]
      expect(shown.length, 'examples').toBeGreaterThan(0)
      for (const example of shown) expect(example.name, 'each has a name that says what it is for').toMatch(/^\S.*[^.]$/)
      expect(shown.some((example) => JSON.stringify(example).includes(`"${one.name}":`)), 'it is among them').toBe(true)
    })
    test('its examples are without a fault', async () => {
      const directory = exampleProject(one, needs)
      const terminal = fakeTerminal()
      const exitCode = await dispatch(['syntax-check', join(directory, 'site.yml'), '-i', join(directory, 'hosts.yml')], terminal)
      rmSync(directory, { recursive: true })
      expect({ exitCode, told: terminal.errors() }).toEqual({ exitCode: 0, told: '' })
    })
    test.skipIf(!runsHere(needs))('its examples run', () => runExamples(one, needs), 300_000)
  })
}

async function runExamples(one: Parameters<typeof exampleProject>[0], needs: Needs): Promise<void> {
  const directory = exampleProject(one, needs)
  web!.name([...JSON.stringify([one.examples, needs]).matchAll(/\b(?:[a-z0-9-]+\.)*example\.(?:com|org|net)\b/g)].map(([name]) => name))
  web!.put(needs.web ?? {})
  let ended = false
  try {
    await script(directory, needs.prepare)
    await dryRunAndRuns(directory, needs)
    ended = true
  } finally {
    // What failed before says more than what cannot be cleaned up after it.
    await script(directory, needs.cleanup).catch((error) => ended && Promise.reject(error))
    rmSync(directory, { recursive: true })
  }
}

async function dryRunAndRuns(directory: string, { fails = [], always = [] }: Needs): Promise<void> {
  const dry = await tutti(['diff', 'site.yml'], { cwd: directory })
  expect(dry.code, `the dry run: ${dry.stdout}${dry.stderr}`).toBeOneOf(fails.length > 0 ? [1] : [0, 2])
  const run = await tutti(['run', 'site.yml', '--audit', '--output', 'json'], { cwd: directory })
  expect(failures(run.events, fails), `exit code ${run.code} ${run.stderr}`).toEqual(fails)
  expect(run.events.find(({ type }) => type === 'audit')?.differences, `where the run differs from its dry run; exit code ${run.code} ${run.stderr}`).toEqual([])
  const again = await tutti(['run', 'site.yml', '--output', 'json'], { cwd: directory })
  expect(failures(again.events, fails), `exit code ${again.code} ${again.stderr}`).toEqual(fails)
  expect(told(again.events).filter(({ status }) => status === 'changed').map(({ name }) => name), 'a second run changes').toEqual(always)
}

/** What became of each task. */
function told(events: readonly any[]): readonly { readonly name: string; readonly status: string; readonly said: string }[] {
  const names = new Map(events.filter(({ type }) => type === 'task-start').map(({ task, name }) => [task, name as string]))
  return events.filter(({ type }) => type === 'result').map(({ task, result }) => ({ name: names.get(task) ?? task, status: result.status, said: String(result.reason ?? result.outputs?.msg ?? '') }))
}

/** Tasks that failed; where nobody expects it, with the reason. */
const failures = (events: readonly any[], expected: readonly string[] = []): readonly string[] =>
  told(events).filter(({ status }) => status === 'failed' || status === 'unreachable').map(({ name, said }) => (expected.includes(name) ? name : `${name}: ${said}`))

const script = (directory: string, text: string | undefined): Promise<void> => new Promise((resolve, reject) => {
  if (text === undefined) return resolve()
  let output = ''
  const child = spawn('sh', ['-ec', text], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, WEB: web!.directory, DEBIAN_FRONTEND: 'noninteractive' } })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${text}\n${output.slice(-1500)}`))))
})
