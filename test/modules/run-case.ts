import { createHash } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, realpathSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { expect } from 'vitest'
import { checkRules } from '../../src/contract/check-rules.ts'
import { compareStates } from '../../src/contract/compare-states.ts'
import type { Module, Surroundings } from '../../src/contract/define-module.ts'
import { type Outcome, converge } from '../../src/engine/converge.ts'
import { Machine } from '../../src/host/machine.ts'
import { Overlay } from '../../src/host/overlay.ts'
import { registry } from '../../src/modules/registry.ts'
import { convertParams } from '../../src/schema/convert-params.ts'
import type { ControllerFile, Field } from '../../src/schema/field.ts'
import { splitWords } from '../../src/shell/split-words.ts'
import type { Connection } from '../../src/transport/connection.ts'
import { connectLocal } from '../../src/transport/local-connection.ts'
import { Aside } from '../../src/value/aside.ts'
import { bytesContent } from '../../src/value/content.ts'
import { type Json, fromJson, toJson } from '../../src/value/json.ts'
import { type Dict, type Value, isUnknown } from '../../src/value/value.ts'
import { apiServer } from '../kubernetes/api-server.ts'
import { type Route, serve } from './case-server.ts'
import type { PlayCase } from './run-play-case.ts'
import { subset } from './subset.ts'

/** What a path of the host is, before or after. `null`: nothing. A name that ends with a slash is a directory. */
type Thing = null | string | { readonly content?: string; readonly base64?: string; readonly mode?: string; readonly link?: string; readonly matches?: string; readonly modified?: number; readonly owner?: number }

type Status = Outcome['status']

interface TaskCase {
  readonly module?: string
  readonly params: Readonly<Record<string, Json>>
  readonly environment?: Readonly<Record<string, string>>
  readonly status?: Status
  /** Where the dry run cannot say the same as the real run. */
  readonly dry?: Status
  readonly msg?: string
  readonly reason?: string
  /** All differences as one text: `--- header`, lines with - and +. */
  readonly diff?: string
  readonly outputs?: Readonly<Record<string, Json>>
  readonly steps?: readonly string[]
  /** The dry run finds out more than the real run knows beforehand: their differences are not compared. */
  readonly open?: true
  /** Outputs that are others a moment later. */
  readonly moving?: readonly string[]
}

/** One case: a host before, one task (or several in a row), what they must answer, the host after. `@` in texts is the host's directory, or what `sign` says. */
export interface Case extends TaskCase {
  readonly name: string
  readonly sign?: string
  readonly root?: boolean
  /** Programs that the machine must have, or must not have. */
  readonly needs?: string
  readonly lacks?: string
  /** A line for the shell that says whether the machine is one for this case: an exit code. */
  readonly where?: string
  /** Changes more than a directory of its own: only where TUTTI_SPARE_HOST=1 says that the machine may be changed. */
  readonly spare?: boolean
  /** A script that makes what cannot be said of files: databases, users, packages. */
  readonly prepare?: string
  /** A script that shows what the case is about: must say the same after the dry run as before it. */
  readonly look?: string
  /** What that says in the end. */
  readonly seen?: string
  /** A web server beside the host; `@PORT` is its port. */
  readonly server?: Readonly<Record<string, Route>>
  /** A real API server of Kubernetes beside the host, which kubectl on it talks with: one for all cases. It has neither nodes nor controllers. */
  readonly kubernetes?: true
  readonly host?: Readonly<Record<string, Thing>>
  readonly files?: Readonly<Record<string, Thing>>
  readonly tasks?: readonly TaskCase[]
  readonly after?: Readonly<Record<string, Thing>>
  /** What the second run says: `same` unless given; false to leave it out. */
  readonly again?: Status | false
  /** False where a program of the host decides parts of what is made that nobody asked for: those are in no plan. */
  readonly whole?: false
  /** Must not be seen in steps, differences or reasons. */
  readonly secret?: string
}

export const loadCases = (file: string): readonly (Case | PlayCase)[] => parse(readFileSync(file, 'utf8')) as readonly (Case | PlayCase)[]

/** Where cases leave their directories for `runAgain`; each has a temporary one otherwise. */
const kept: string | undefined = process.env['TUTTI_KEEP_CASES']

/** Everything that every module promises, checked for one case. `id` is its own among all cases. */
export async function runCase(moduleName: string, given: Case, id: string): Promise<void> {
  const { root, files, done } = directories(id)
  const server = given.server ? await serve(given.server) : undefined
  if (given.kubernetes) await reachKubernetes()
  const one = replaced(replaced(given, '@PORT', String(server?.port)), given.sign ?? '@', root)
  const connection = connectLocal({})
  try {
    build(root, one.host ?? {})
    build(files, one.files ?? {})
    const machine = new Machine(connection)
    const tasks = await tasksOf(moduleName, one)
    const run = (overlay?: Overlay) => runAll(tasks, machine, files, overlay)
    await onHost(connection, root, given.prepare)
    const untouched = fingerprint(root)
    const looked = await onHost(connection, root, given.look)
    const dry = await run(new Overlay())
    expect(fingerprint(root), 'the dry run left a trace').toEqual(untouched)
    expect(await onHost(connection, root, given.look), 'the dry run changed the machine').toBe(looked)
    machine.forget()
    const real = await run()
    tasks.forEach(({ task }, i) => checkTask(task, dry[i]!, real[i]!, root))
    checkHost(root, one.after ?? {})
    if (given.seen !== undefined) expect((await onHost(connection, root, given.look)).trim()).toBe(given.seen.trim())
    expect(leftovers(root), 'temporary files are left').toEqual([])
    if (one.secret) for (const outcome of [...dry, ...real]) expect(JSON.stringify([outcome.steps, outcome.diff, outcome.reason])).not.toContain(one.secret)
    const last = tasks.at(-1)!
    const end = real.at(-1)!
    machine.forget()
    if (end.status === 'change' || end.status === 'same') {
      const reprobed = await last.module.probe(machine.reader(undefined), (await prepare(last.module, last.task, files)) as never, around(last.task, machine, files))
      // What only looks plans nothing, and the time of the last access may move on.
      if (one.whole !== false && last.module.opaque !== true && last.module.name !== 'stat' && last.module.name !== 'find') expect(compareStates(end.after, reprobed).verdict, `applying and probing again does not find the planned state: ${show(end.after)} is ${show(reprobed)}`).not.toBe('change')
    }
    if (one.again !== false && (end.status === 'change' || end.status === 'same')) {
      const again = await run()
      expect(again.at(-1)!.status, `second run: ${show(again.at(-1)!.diff)}`).toBe(one.again ?? 'same')
    }
  } finally {
    await connection.close()
    await server?.close()
    done()
  }
}

/** What scripts and tasks of a case find without being told. */
export async function reachKubernetes(): Promise<void> {
  const { programs, kubeconfig } = await apiServer()
  if (process.env['KUBECONFIG'] === kubeconfig) return
  process.env['KUBECONFIG'] = kubeconfig
  process.env['PATH'] = `${programs}:${process.env['PATH']}`
}

/** After a pass over all cases with their directories kept: the same task once more. What it changes now, it should have left alone. */
export async function runAgain(moduleName: string, given: Case, id: string): Promise<void> {
  const { root, files } = directories(id)
  const one = replaced(given, given.sign ?? '@', root)
  const connection = connectLocal({})
  try {
    const again = await runAll(await tasksOf(moduleName, one), new Machine(connection), files)
    expect(again.at(-1)!.status, `second pass: ${again.at(-1)!.reason ?? show(again.at(-1)!.diff)}`).toBe(one.again || 'same')
  } finally {
    await connection.close()
  }
}

/** Cases that a second pass can speak about: they ended well, and share nothing of the machine with other cases. */
export const canRunAgain = (one: Case): boolean => one.spare !== true && one.server === undefined && one.again !== false && ['change', 'same', undefined].includes((one.tasks?.at(-1) ?? one).status)

function directories(id: string): { readonly root: string; readonly files: string; readonly done: () => void } {
  const names = ['case', 'files'] as const
  const [root, files] = names.map((name) => {
    if (kept === undefined) return realpathSync(mkdtempSync(join(tmpdir(), `${name}-`)))
    mkdirSync(join(kept, id, name), { recursive: true })
    return join(kept, id, name)
  }) as [string, string]
  return { root, files, done: () => { if (kept === undefined) for (const path of [root, files]) rmSync(path, { recursive: true, force: true }) } }
}

interface Prepared {
  readonly task: TaskCase
  readonly module: Module
}

const tasksOf = (moduleName: string, one: Case): Promise<readonly Prepared[]> =>
  Promise.all((one.tasks ?? [one]).map(async (task) => ({ task, module: (await registry[task.module ?? moduleName]!()) as Module })))

async function runAll(tasks: readonly Prepared[], machine: Machine, files: string, overlay?: Overlay): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (const { task, module } of tasks) outcomes.push(await attempt(module, task, machine, files, overlay))
  return outcomes
}

/** Scripts of a case start in the host's directory; an @ in them is no more than itself. */
async function onHost(connection: Connection, root: string, script: string | undefined): Promise<string> {
  if (script === undefined) return ''
  const { code, stdout, stderr } = await connection.shell(undefined).run(`cd ${root} || exit; ${script}`)
  if (code !== 0) throw new Error(`${script}: ${stderr.toString()}`)
  return stdout.toString()
}

async function attempt(module: Module, task: TaskCase, machine: Machine, files: string, overlay: Overlay | undefined): Promise<Outcome> {
  let params: unknown
  try {
    params = await prepare(module, task, files)
  } catch (error) {
    return { status: 'failed', reason: (error as Error).message, outputs: { msg: (error as Error).message }, diff: [], steps: [] }
  }
  return converge({ module, params, machine, become: undefined, overlay, around: around(task, machine, files, overlay), signal: new AbortController().signal, progress: () => undefined, by: `task '${module.name}'` })
}

const around = ({ environment }: TaskCase, machine: Machine, files: string, overlay?: Overlay): Surroundings => ({
  environment: environment ?? {}, hostName: 'here', playbookDirectory: '/nowhere', diff: true, readFile: (name) => readFileSync(join(files, name)),
  other: async () => ({ host: machine.reader(undefined, overlay), connection: machine.connection, shell: machine.connection.shell() }),
})

async function prepare(module: Module, { params: given }: TaskCase, files: string): Promise<unknown> {
  const args = fromJson(given) as Dict
  const { params, problems } = convertParams(module.params, args, { owner: `module '${module.name}'`, refused: module.refused }, (field, value) => (field.file?.many ? (Array.isArray(value) ? value : [value]).map((one) => controllerFile(field, one, files, args)) : controllerFile(field, value, files, args)))
  const broken = [...problems, ...checkRules(module.name, module.rules, (name) => params[name] !== undefined, (name) => params[name])]
  if (broken[0]) throw broken[0]
  return params
}

function controllerFile(field: Field, value: Value, files: string, args: Dict): ControllerFile | undefined {
  if (field.type !== 'file' || typeof value !== 'string' || (args.get('remote_src') ?? field.file?.onHost) === true) return undefined
  const path = join(files, field.file?.words ? splitWords(value)[0]! : value)
  const stat = statSync(path)
  const mode = stat.mode & 0o7777
  if (!stat.isDirectory()) return { name: value, path, kind: 'file', mode, content: bytesContent(readFileSync(path)) }
  return { name: value, path, kind: 'directory', mode, entries: entriesOf(path, '', args.get('local_follow') !== false) }
}

function entriesOf(root: string, below: string, follow: boolean): NonNullable<ControllerFile['entries']> {
  return readdirSync(join(root, below)).sort().flatMap((name): NonNullable<ControllerFile['entries']> => {
    const path = join(below, name)
    const own = lstatSync(join(root, path))
    if (own.isSymbolicLink() && !follow) return [{ path, kind: 'link', mode: 0o777, target: readlinkSync(join(root, path)) }]
    const stat = statSync(join(root, path))
    if (stat.isDirectory()) return [{ path, kind: 'directory', mode: stat.mode & 0o7777 }, ...entriesOf(root, path, follow)]
    return [{ path, kind: 'file', mode: stat.mode & 0o7777, content: bytesContent(readFileSync(join(root, path))) }]
  })
}

function checkTask(task: TaskCase, dry: Outcome, real: Outcome, root: string): void {
  const said = `dry: ${dry.status} ${dry.reason ?? ''}; real: ${real.status} ${real.reason ?? ''} ${show(real.outputs)}`
  expect(real.status, said).toBe(task.status ?? 'change')
  expect(dry.status, said).toBe(task.dry ?? real.status)
  if (task.msg !== undefined) expect(real.reason ?? real.outputs.msg).toContain(task.msg)
  if (task.msg !== undefined && task.dry === undefined) expect(dry.reason ?? dry.outputs.msg).toContain(task.msg)
  if (task.reason !== undefined) expect(dry.reason).toContain(task.reason)
  if (task.open !== true && (task.dry === undefined || task.dry === real.status)) {
    expect(dry.diff, 'the dry run shows another difference').toEqual(real.diff)
    expect(dry.steps, 'the dry run plans other steps').toEqual(real.steps)
  }
  for (const [name, value] of Object.entries(dry.outputs)) if (value !== undefined && !task.moving?.includes(name) && dry.status === real.status && dry.status !== 'failed') expect(agrees(value, real.outputs[name]), `output ${name}: dry ${show(value)}, real ${show(real.outputs[name])}`).toBe(true)
  if (task.diff !== undefined) expect(asText(real.diff)).toBe(task.diff)
  if (task.steps) expect(real.steps).toEqual(task.steps)
  for (const [name, value] of Object.entries(task.outputs ?? {})) expect(subset(value, real.outputs[name] === undefined ? null : toJson(real.outputs[name])), `output ${name}`).toEqual(value)
  void root
}

const TIMES = new Set(['start', 'end', 'delta', 'elapsed', 'atime'])

/** Unknown agrees with everything; the rest must be equal. */
function agrees(dry: Value | undefined, real: Value | undefined, name = ''): boolean {
  if (isUnknown(dry) || TIMES.has(name)) return true
  if (dry instanceof Map && real instanceof Map) return [...dry].every(([key, value]) => agrees(value, real.get(key), String(key)))
  if (Array.isArray(dry) && Array.isArray(real)) return dry.length === real.length && dry.every((part, i) => agrees(part, real[i]))
  return JSON.stringify(toJson(dry ?? null)) === JSON.stringify(toJson(real ?? null)) || typeof dry === 'string' && /^\d{4}-\d\d-\d\d |^\d+:\d\d:\d\d/.test(dry)
}

const asText = (diffs: Outcome['diff']): string => diffs.map(({ header, before, after }) => {
  const [old, now] = [before, after].map((side) => side.replace(/\n$/, '').split('\n').filter((line, _, all) => all.length > 1 || line !== '')) as [string[], string[]]
  const lines = [...old.filter((line) => !now.includes(line)).map((line) => `-${line}`), ...now.filter((line) => !old.includes(line)).map((line) => `+${line}`)]
  return [`--- ${header.after}`, ...lines, ''].join('\n')
}).join('')

function build(root: string, things: Readonly<Record<string, Thing>>): void {
  for (const [name, thing] of Object.entries(things)) {
    const path = join(root, name)
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true })
    const { content, base64, mode, link, modified } = typeof thing === 'string' ? { content: thing } as Exclude<Thing, string | null> : thing ?? {}
    if (link !== undefined) symlinkSync(link, path)
    else if (!name.endsWith('/')) writeFileSync(path, base64 === undefined ? content ?? '' : Buffer.from(base64, 'base64'))
    if (link === undefined) chmodSync(path, Number.parseInt(mode ?? (name.endsWith('/') ? '0755' : '0644'), 8))
    if (modified !== undefined) utimesSync(path, modified, modified)
  }
}

function checkHost(root: string, things: Readonly<Record<string, Thing>>): void {
  for (const [name, thing] of Object.entries(things)) {
    const path = join(root, name)
    if (thing === null) {
      expect(lstatSync(path, { throwIfNoEntry: false }), `${name} should not exist`).toBeUndefined()
      continue
    }
    const wanted = typeof thing === 'string' ? { content: thing } as Exclude<Thing, string | null> : thing
    const found = lstatSync(path, { throwIfNoEntry: false })
    expect(found, `${name} should exist`).toBeDefined()
    if (wanted.link !== undefined) expect(readlinkSync(path)).toBe(wanted.link)
    if (wanted.content !== undefined) expect(readFileSync(path, 'utf8')).toBe(wanted.content)
    if (wanted.base64 !== undefined) expect(readFileSync(path).toString('base64')).toBe(wanted.base64)
    if (wanted.matches !== undefined) expect(readFileSync(path, 'utf8')).toMatch(new RegExp(wanted.matches))
    if (wanted.mode !== undefined) expect((found!.mode & 0o7777).toString(8).padStart(4, '0'), `mode of ${name}`).toBe(wanted.mode)
    if (wanted.modified !== undefined) expect(Math.floor(found!.mtimeMs / 1000)).toBe(wanted.modified)
    if (wanted.owner !== undefined) expect(found!.uid).toBe(wanted.owner)
    if (name.endsWith('/')) expect(found!.isDirectory()).toBe(true)
  }
}

/** Everything of a tree but access times. */
function fingerprint(path: string): Json {
  const stat = lstatSync(path)
  const about = [stat.mode, stat.uid, stat.gid, stat.mtimeMs, stat.ctimeMs, stat.ino]
  if (stat.isSymbolicLink()) return [...about, readlinkSync(path)]
  if (stat.isFile()) return [...about, createHash('sha1').update(readFileSync(path)).digest('hex')]
  return stat.isDirectory() ? { about, ...Object.fromEntries(readdirSync(path).sort().map((name) => [`/${name}`, fingerprint(join(path, name))])) } : about
}

const leftovers = (root: string): readonly string[] => (existsSync(root) ? readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tutti/.test(name)) : [])

function replaced<T>(value: T, from: string, to: string): T {
  if (typeof value === 'string') return value.replaceAll(from, to) as T
  if (Array.isArray(value)) return value.map((part) => replaced(part, from, to)) as T
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, part]) => [key.replaceAll(from, to), replaced(part, from, to)])) as T
  return value
}

const show = (value: unknown): string => JSON.stringify(value, (_key, part: unknown) => (part instanceof Aside ? undefined : typeof part === 'bigint' ? String(part) : part instanceof Map ? Object.fromEntries(part) : part))
