import { execFile, execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { fakeTerminal } from '../cli/fake-terminal.ts'
import { type ListingCase, listingCases } from './listing-cases.ts'

const directory = join(import.meta.dirname, 'cases')
const argsOf = ({ args }: ListingCase): readonly string[] => ['--list', ...args.map((arg) => arg.replace(/@(?=\/)/, directory))]
const answerFile = ({ name, answer }: ListingCase): string => join(directory, name, answer === undefined ? 'expected.json' : `expected-${answer}.json`)
const title = ({ name, answer }: ListingCase): string => (answer === undefined ? name : `${name}, ${answer}`)

async function ours(listed: ListingCase): Promise<unknown> {
  const terminal = fakeTerminal({ env: { HOME: '/nowhere', ...listed.env } })
  const exitCode = await dispatch(['inventory', ...argsOf(listed)], terminal)
  expect(exitCode, terminal.errors()).toBe(0)
  return JSON.parse(terminal.text())
}

function installed(): string | undefined {
  try {
    return execFileSync('ansible-inventory', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return undefined
  }
}

const theirs = (listed: ListingCase): Promise<string> => new Promise((done, fail) => {
  execFile('ansible-inventory', argsOf(listed), { env: { ...process.env, ...listed.env }, cwd: directory }, (error, stdout) => (error ? fail(error) : done(stdout)))
})

describe('as ansible-inventory --list', () => {
  test('there are more than forty inventories', () => expect(new Set(listingCases.map(({ name }) => name)).size).toBeGreaterThan(40))
  test.each(listingCases.map((listed) => ({ listed, title: title(listed) })))('$title', async ({ listed }) => {
    expect(await ours(listed)).toEqual(JSON.parse(readFileSync(answerFile(listed), 'utf8')))
  })
})

const version = installed()
/** The answers that lie here are Ansible's still. `RECORD=1` writes them anew. */
describe.skipIf(!version?.includes('core 2.19'))(version ? 'beside ansible-inventory' : 'beside ansible-inventory (left out: it is not on PATH)', () => {
  test.each(listingCases.map((listed) => ({ listed, title: title(listed) })))('$title', { timeout: 60_000 }, async ({ listed }) => {
    const answer = await theirs(listed)
    if (process.env['RECORD']) writeFileSync(answerFile(listed), `${answer.trimEnd()}\n`)
    expect(JSON.parse(readFileSync(answerFile(listed), 'utf8'))).toEqual(JSON.parse(answer))
  })
})
