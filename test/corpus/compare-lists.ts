import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { dispatch } from '../../src/cli/dispatch.ts'
import { type Repository, findRepositories, linkNames } from './find-playbooks.ts'

/**
 * Measures how far `--syntax-check` and `--list-tasks` say what ansible-playbook says, over checked-out repositories:
 *   node test/corpus/compare-lists.ts --sources DIR --ansible PATH/ansible-playbook [--scratch DIR] [--only TEXT]
 * What Ansible said is kept in the scratch directory, so that only ours is run again: in this process, for hundreds of starts would take
 * most of the time. Only playbooks that Ansible accepts count.
 */
export interface Answer {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}
export interface Verdict {
  readonly playbook: string
  readonly mode: Mode
  readonly agrees: boolean
  readonly ansible: Answer
  readonly ours: Answer
}
type Mode = (typeof MODES)[number]
const MODES = ['--syntax-check', '--list-tasks'] as const

export interface Wishes {
  readonly sources: string
  readonly ansible: string
  readonly scratch: string
  readonly only?: string | undefined
}

/** Every playbook that Ansible accepts, in both modes. */
export async function compareLists({ sources, ansible, scratch, only }: Wishes): Promise<readonly Verdict[]> {
  const all = findRepositories(sources)
  const { roles, collections } = linkNames(all, scratch)
  const env = { ...process.env, ANSIBLE_ROLES_PATH: roles, ANSIBLE_COLLECTIONS_PATH: collections, ANSIBLE_NOCOLOR: '1', ANSIBLE_DEPRECATION_WARNINGS: '0', ANSIBLE_LOCALHOST_WARNING: '0', ANSIBLE_INVENTORY_UNPARSED_WARNING: '0' }
  const jobs = all.flatMap((repository) => repository.playbooks.flatMap((playbook) => MODES.map((mode) => ({ repository, playbook, mode })))).filter(({ repository, playbook }) => !only || `${repository.name}/${playbook}`.includes(only))
  const verdicts: Verdict[] = []
  for (const job of jobs) {
    const { repository, playbook, mode } = job
    const theirs = await kept(scratch, job, () => ask(ansible, [mode, playbook], repository.directory, env))
    if (theirs.exitCode !== 0) continue
    const ours = await askOurs(['run', mode, playbook], repository.directory, env)
    verdicts.push({ playbook: `${repository.name}/${playbook}`, mode, agrees: ours.exitCode === 0 && (mode === '--syntax-check' || tidy(ours.out) === tidy(theirs.out)), ansible: theirs, ours })
  }
  return verdicts.sort((a, b) => (`${a.mode}${a.playbook}` < `${b.mode}${b.playbook}` ? -1 : 1))
}

/** Ours, as the command line would be. */
async function askOurs(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Answer> {
  const [out, err, before]: [string[], string[], string] = [[], [], process.cwd()]
  process.chdir(cwd)
  try {
    const exitCode = await dispatch(args, { out: (text) => out.push(text), err: (text) => err.push(text), env, isTerminal: false, width: 80, ask: async () => undefined, signal: new AbortController().signal })
    return { exitCode, out: out.join(''), err: err.join('') }
  } finally {
    process.chdir(before)
  }
}

async function ask(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Answer> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd, env, timeout: 120_000, maxBuffer: 1 << 26 })
    return { exitCode: 0, out: stdout, err: stderr }
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string }
    return { exitCode: typeof code === 'number' ? code : 255, out: stdout, err: stderr }
  }
}

async function kept(scratch: string, { repository, playbook, mode }: { repository: Repository; playbook: string; mode: Mode }, make: () => Promise<Answer>): Promise<Answer> {
  const file = join(scratch, 'ansible', `${repository.name}__${playbook.replaceAll('/', '__')}${mode}.json`)
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Answer
  const answer = await make()
  mkdirSync(join(scratch, 'ansible'), { recursive: true })
  writeFileSync(file, JSON.stringify(answer))
  return answer
}

/** Blank lines and trailing white space carry nothing, and Ansible keeps the tags of a play in no order. */
const tidy = (text: string): string => text.split('\n').map((line) => sorted(line.trimEnd())).filter(Boolean).join('\n')
const sorted = (line: string): string => (line.startsWith('  play #') ? line.replace(/TAGS: \[(.*)\]$/, (_all, tags: string) => `TAGS: [${tags.split(',').toSorted().join(',')}]`) : line)

if (import.meta.main) {
  const { values } = parseArgs({ options: { sources: { type: 'string' }, ansible: { type: 'string', default: 'ansible-playbook' }, scratch: { type: 'string', default: '/tmp/tutti-corpus' }, only: { type: 'string' }, verbose: { type: 'boolean', default: false } } })
  if (!values.sources) throw new Error('--sources DIR is missing: a directory with checked-out repositories, each OWNER__NAME')
  const verdicts = await compareLists({ sources: values.sources, ansible: values.ansible, scratch: values.scratch, only: values.only })
  for (const { playbook, mode, agrees, ansible, ours } of verdicts) {
    if (agrees) continue
    console.log(`${mode} ${playbook}: exit ${ours.exitCode}\n${firstDifference(tidy(ansible.out), ours.exitCode === 0 ? tidy(ours.out) : ours.err.replace(/^warning:.*(?:\n {2}.*)*\n/gm, ''), values.verbose)}`)
  }
  for (const mode of MODES) {
    const of = verdicts.filter((verdict) => verdict.mode === mode)
    const agreeing = of.filter(({ agrees }) => agrees).length
    console.log(`${mode}: ${agreeing} of ${of.length} agree (${((100 * agreeing) / of.length).toFixed(1)} %)`)
  }
}

function firstDifference(theirs: string, ours: string, whole: boolean): string {
  if (whole) return `--- ansible\n${theirs}\n--- ours\n${ours}`
  const [left, right] = [theirs.split('\n'), ours.split('\n')]
  const at = left.findIndex((line, index) => line !== right[index])
  return ours.startsWith('ERROR!') ? ours.split('\n').slice(0, 3).join('\n') : `  ansible: ${left[at]}\n  ours:    ${right[at < 0 ? left.length : at]}`
}
