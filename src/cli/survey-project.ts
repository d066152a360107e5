import { dirname, join, resolve } from 'node:path'
import { loadInventory } from '../inventory/load-inventory.ts'
import { modules } from '../modules/registry.ts'
import { filesBelow, isDirectory } from '../playbook/find-files.ts'
import { type Documents, type Loader, createLoader } from '../playbook/load-playbook.ts'
import type { Entry, Playbook, Task } from '../playbook/tree.ts'
import { type Problem, problemsOf } from '../problem/problem.ts'
import type { Environment } from '../template/scope.ts'
import type { Dict } from '../value/value.ts'
import { type Catalog, createCatalog } from './catalog.ts'
import { type ProjectFiles, findProjectFiles } from './project-files.ts'
import { collectionsPathOf, readSettings, rolesPathOf } from './settings.ts'

/** A playbook, role or inventory, and why it cannot be used where it cannot. */
export interface Surveyed {
  readonly file: string
  readonly refused: readonly Problem[]
}

/** Everything that a project holds, read but not run. */
export interface ProjectSurvey {
  readonly files: ProjectFiles
  readonly playbooks: readonly Surveyed[]
  readonly inventories: readonly Surveyed[]
  /** Every task, once, wherever it stands. */
  readonly tasks: readonly Task[]
  /** Variables of roles, for the templates in them. */
  readonly vars: readonly Dict[]
  /** What would fail if it were reached, and mistakes in files that no playbook names. */
  readonly problems: readonly Problem[]
  readonly settings: readonly { readonly file: string; readonly names: readonly string[] }[]
  readonly catalog: Catalog
}

interface Reading {
  readonly tasks: Map<string, Task>
  readonly vars: Dict[]
  readonly problems: Problem[]
}

/** Reads all of a project: twice, for only the first reading says which modules are needed to check their parameters. */
export async function surveyProject(root: string, environment: Environment): Promise<ProjectSurvey> {
  const files = findProjectFiles(root)
  const catalog = createCatalog(modules)
  const documents: Documents = new Map()
  let read = readAll(root, files, catalog, documents, environment)
  if (await catalog.loadMissing()) read = readAll(root, files, catalog, documents, environment)
  const settings = files.configs.map((file) => ({ file, names: readSettings({ ANSIBLE_CONFIG: file }, dirname(file)).unhonoured })).filter(({ names }) => names.length > 0)
  return { files, catalog, settings, ...read, inventories: await Promise.all(files.inventories.map((file) => surveyInventory(file, environment))) }
}

async function surveyInventory(file: string, environment: Environment): Promise<Surveyed> {
  try {
    const inventory = await loadInventory([file], { environment })
    for (const host of inventory.hosts.keys()) inventory.layersOf(host)
    return { file, refused: [] }
  } catch (error) {
    return { file, refused: refusedBy(error) }
  }
}

function refusedBy(error: unknown): readonly Problem[] {
  const problems = problemsOf(error)
  if (!problems) throw error
  return problems
}

function readAll(root: string, files: ProjectFiles, catalog: Catalog, documents: Documents, environment: Environment): Pick<ProjectSurvey, 'playbooks' | 'tasks' | 'vars' | 'problems'> {
  const reading: Reading = { tasks: new Map(), vars: [], problems: [] }
  const settings = readSettings({}, resolve(root))
  const loader = createLoader({
    catalog, documents, environment, rolesPath: [...rolesPathOf(settings), ...new Set(files.roles.map((role) => dirname(role)))],
    collectionsPath: collectionsPathOf(settings), libraries: settings.paths('library') ?? [], warn: (problem) => void reading.problems.push(problem),
    // Nothing is certain to run: what is refused is what Ansible would refuse.
    playReached: () => false,
  })
  const playbooks = files.playbooks.map((file): Surveyed => {
    const { result, refused } = attempt(() => loader.playbook(file))
    if (result) keepPlays(reading, result)
    return { file, refused }
  })
  for (const path of files.roles) readRole(reading, loader, path)
  for (const file of files.looseTasks) readTasks(reading, () => loader.tasks(file, { directory: dirname(file) }, /\/handlers\//.test(file)))
  const told = new Set(playbooks.flatMap(({ refused }) => refused.map(identity)))
  const problems = [...new Map(reading.problems.map((problem) => [identity(problem), problem])).values()].filter((problem) => !told.has(identity(problem)))
  return { playbooks, tasks: [...reading.tasks.values()], vars: reading.vars, problems }
}

function attempt<T>(read: () => T): { readonly result?: T; readonly refused: readonly Problem[] } {
  try {
    return { result: read(), refused: [] }
  } catch (error) {
    return { refused: refusedBy(error) }
  }
}

/** All files of tasks that a role has, for it may be used with any of them. */
function readRole(reading: Reading, loader: Loader, path: string): void {
  const { result: role, refused } = attempt(() => loader.role(path, { directory: path }, {}))
  reading.problems.push(...refused)
  if (role) reading.vars.push(role.defaults, role.vars)
  for (const kind of ['tasks', 'handlers'].filter((folder) => isDirectory(join(path, folder)))) {
    for (const file of filesBelow(join(path, kind))) readTasks(reading, () => loader.tasks(file, { directory: dirname(file), ...(role ? { role } : {}) }, kind === 'handlers'))
  }
}

function readTasks(reading: Reading, read: () => readonly Entry[]): void {
  const { result, refused } = attempt(read)
  reading.problems.push(...refused)
  for (const entry of result ?? []) keep(reading, entry)
}

function keepPlays(reading: Reading, { plays }: Playbook): void {
  for (const play of plays) {
    reading.vars.push(play.vars)
    for (const entry of [...play.preTasks, ...play.tasks, ...play.postTasks, ...play.handlers]) keep(reading, entry)
  }
}

function keep(reading: Reading, entry: Entry): void {
  if (entry.kind === 'task') reading.tasks.set(`${entry.span.file}:${entry.span.line}:${entry.span.column}`, entry)
  else for (const inner of [...entry.block, ...entry.rescue, ...entry.always]) keep(reading, inner)
}

const identity = ({ message, span }: Problem): string => `${message} ${span?.file}:${span?.line}`
