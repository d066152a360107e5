import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadCases } from '../modules/run-case.ts'
import { type Told, asRoot, bringTutti, casePackages, runThere, toldIn } from './spare-host.ts'
import { type TestHost, type TestLab, withLab } from './with-lab.ts'

const CASES = 'test/modules/cases.test.ts'
/** Modules that must run where there are no programs but those of busybox. */
const BUSYBOX = ['assemble', 'authorized_key', 'blockinfile', 'command', 'copy', 'cron', 'fetch', 'file', 'find', 'group', 'ini_file', 'known_hosts', 'lineinfile', 'ping', 'raw', 'replace', 'script', 'shell', 'slurp', 'stat', 'tempfile', 'template', 'user', 'wait_for', 'xml', 'apk', 'package', 'package_facts', 'service', 'service_facts']

let lab: TestLab
let host: TestHost
const passes = new Map<string, readonly Told[]>()
beforeAll(async () => {
  lab = await withLab('cases', { spare: { memory: '4G', cpus: 2 } })
  host = lab.host('spare')
  await bringTutti(host)
})
afterAll(() => lab.down())

/** Cases beside an API server: `docs/unproven.md` says where they run. */
function wantsKubernetes(told: string): boolean {
  const [, module, file, name] = /^(\S+) ([^:]+): (.*)$/.exec(told) ?? []
  const path = join(import.meta.dirname, '../modules/cases', module ?? '', `${file}.yml`)
  return existsSync(path) && loadCases(path).some((one) => one.name === name && 'kubernetes' in one)
}

const failures = (told: readonly Told[]): readonly string[] => told.filter(({ status }) => status === 'failed').map(({ name, message }) => `${name}\n${message}`)

async function pass(name: string, args: readonly string[], environment: Readonly<Record<string, string>>): Promise<readonly Told[]> {
  const told = await runThere(host, args, environment)
  passes.set(name, told)
  expect(failures(told)).toEqual([])
  expect(told.filter(({ status }) => status === 'passed').length, 'cases that ran').toBeGreaterThan(20)
  return told
}

/** A pass on the machine that runs the tests. */
function passHere(name: string, program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): void {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-told-'))
  try {
    const { stderr } = spawnSync(program, args, { env: { ...process.env, ...environment, TUTTI_TEST_JSON: join(folder, 'told.json') }, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: 480_000 })
    if (!existsSync(join(folder, 'told.json'))) throw new Error(stderr)
    const told = toldIn(readFileSync(join(folder, 'told.json'), 'utf8'))
    passes.set(name, told)
    expect(failures(told)).toEqual([])
    expect(told.some(({ status }) => status === 'passed')).toBe(true)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('the cases of modules on one fresh Debian 12 host', () => {
  // A machine of its own, though not over a connection: no program, no account and no file of Debian is there, only busybox's.
  test.each([['busybox', BUSYBOX, {}], ['lacking', [], { TUTTI_CASES: 'lacking' }]] as const)('where there are no programs but those of busybox, as on Alpine: %s', (name, modules, environment) => {
    passHere(name, join(import.meta.dirname, '../modules/on-busybox.sh'), modules, environment)
  })

  // npm is heavy on Debian, and here anyway.
  test('npm', () => passHere('npm', process.execPath, [join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs'), 'run', CASES, '-t', '^npm ']))

  test('all that a host with their programs can run', async () => {
    await asRoot(host, `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${casePackages().join(' ')}`)
    await pass('whole', [CASES], { TUTTI_KEEP_CASES: '/srv/cases' })
  }, 1_500_000)

  test('a second pass over what they left changes nothing', async () => {
    // Times that tasks name are of the host's zone, which cases of the first pass have changed.
    await asRoot(host, 'ln -sfn /usr/share/zoneinfo/Etc/UTC /etc/localtime')
    await pass('second', [CASES], { TUTTI_KEEP_CASES: '/srv/cases', TUTTI_SECOND_PASS: '1' })
  }, 1_500_000)

  test('those that ran nowhere are named as unproven', () => {
    const all = passes.get('whole')!.map(({ name }) => name).filter((name) => !wantsKubernetes(name))
    const ran = new Set(['busybox', 'lacking', 'npm', 'whole'].flatMap((name) => passes.get(name)!).filter(({ status }) => status === 'passed').map(({ name }) => name))
    const named = [...readFileSync(join(import.meta.dirname, '../../docs/unproven.md'), 'utf8').matchAll(/^- `(.*)`$/gm)].map(([, name]) => name)
    const unproven = all.filter((name) => !ran.has(name))
    expect({ ran: named.filter((name) => !unproven.includes(name!)), unnamed: unproven.filter((name) => !named.includes(name)) }).toEqual({ ran: [], unnamed: [] })
  })
})
