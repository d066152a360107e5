import { spawn } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { runProgram } from '../../src/lab/run-program.ts'
import type { TestHost } from './with-lab.ts'

const repository = join(import.meta.dirname, '../..')
/** Where the repository lies on a spare host. */
const THERE = '/opt/tutti'
/** What types and documentation are made of stays here, and what tests that run meanwhile change. */
const NOT_NEEDED = ['.vite', '.vite-temp', '.vitest-cache', '@typescript', 'typescript', 'node/include', 'node/share']

/** One test as Vitest tells it: `passed`, `failed`, or `skipped` where the machine is not one for it. */
export interface Told {
  readonly name: string
  readonly status: 'passed' | 'failed' | 'skipped'
  readonly message: string
}

/** Copies the repository with its Node to a host that a test may change as it likes. */
export async function bringTutti(host: TestHost): Promise<void> {
  await bringFolder(host, repository, THERE, ['.git', '.tutti', 'dist', 'node_modules'])
  // It may be a link.
  await bringFolder(host, realpathSync(join(repository, 'node_modules')), `${THERE}/node_modules`, NOT_NEEDED)
}

/** Copies a folder of this machine. */
export function bringFolder(host: TestHost, folder: string, to: string, leftOut: readonly string[] = []): Promise<void> {
  const script = `tar -c ${leftOut.map((path) => `--exclude=./${path}`).join(' ')} . | ssh ${login(host).map(quoted).join(' ')} 'sudo mkdir -p ${to} && sudo tar -x --no-same-owner -C ${to}'`
  return new Promise((resolve, reject) => spawn('bash', ['-o', 'pipefail', '-c', script], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] }).on('close', (code) => (code === 0 ? resolve() : reject(new Error(`cannot bring ${folder} to ${host.name}`)))))
}

/** The Debian packages with the programs that cases are about. */
export const casePackages = (): readonly string[] => parse(readFileSync(join(repository, 'test/modules/case-packages.yml'), 'utf8')) as readonly string[]

/** As root, without the limit of a minute. */
export async function asRoot(host: TestHost, script: string, seconds = 600): Promise<string> {
  const { code, stdout, stderr } = await runProgram(['ssh', '-n', ...login(host), `sudo env DEBIAN_FRONTEND=noninteractive sh -c ${quoted(script)}`], { timeout: seconds })
  if (code !== 0) throw new Error(`${script}: ${stderr}${stdout}`.slice(-2000))
  return stdout
}

/** Runs test files there as root, and tells what became of each test. Arguments as for `vitest run`. */
export async function runThere(host: TestHost, args: readonly string[], environment: Readonly<Record<string, string>> = {}, seconds = 1400): Promise<readonly Told[]> {
  const variables = Object.entries({ ...environment, TUTTI_SPARE_HOST: '1', TUTTI_TEST_JSON: '/tmp/told.json', PATH: `${THERE}/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` })
  await asRoot(host, `cd ${THERE} && rm -f /tmp/told.json && { env ${variables.map(([name, value]) => quoted(`${name}=${value}`)).join(' ')} node_modules/.bin/vitest run ${args.map(quoted).join(' ')} >/tmp/told.log 2>&1 </dev/null || true; }; [ -s /tmp/told.json ] || { tail -c 1500 /tmp/told.log; exit 1; }`, seconds)
  return toldIn(await asRoot(host, 'cat /tmp/told.json'))
}

/** What Vitest's reporter for programs wrote. */
export function toldIn(json: string): readonly Told[] {
  const { testResults } = JSON.parse(json) as { testResults: { assertionResults: { fullName: string; status: string; failureMessages: string[] }[] }[] }
  return testResults.flatMap(({ assertionResults }) => assertionResults.map(({ fullName, status, failureMessages }) => ({ name: fullName, status: status === 'passed' || status === 'failed' ? status : 'skipped', message: failureMessages.join('\n') }) as const))
}

const login = ({ address, user, privateKeyFile, knownHostsFile }: TestHost): readonly string[] => ['-F', 'none', '-o', 'BatchMode=yes', '-o', 'ServerAliveInterval=10', '-o', `UserKnownHostsFile=${knownHostsFile}`, '-i', privateKeyFile, `${user}@${address}`]
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`
