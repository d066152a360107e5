import { relative } from 'node:path'
import type { Problem } from '../problem/problem.ts'
import { columns } from '../text/columns.ts'
import type { BroughtFile } from './brought-python.ts'
import { type BadVersion, findBadVersions } from './known-bad.ts'
import type { Feature, Features } from './count-features.ts'
import type { ProjectSurvey } from './survey-project.ts'

/** What `tutti doctor` found, as it is printed with `--output json`. Paths are relative to the project; places are `file:line`. */
export interface Diagnosis {
  readonly path: string
  readonly runs: boolean
  readonly playbooks: readonly { readonly file: string; readonly runs: boolean; readonly problems: readonly Complaint[] }[]
  readonly inventories: readonly { readonly file: string; readonly runs: boolean; readonly problems: readonly Complaint[] }[]
  readonly roles: readonly string[]
  readonly tasks: number
  readonly features: Features
  readonly python: readonly BroughtFile[]
  readonly settings: ProjectSurvey['settings']
  readonly versions: readonly BadVersion[]
  readonly problems: readonly Complaint[]
}
export interface Complaint {
  readonly code: string
  readonly message: string
  readonly place?: string
  readonly hint?: string
}

/** Counted with the features, or a matter of taste: told elsewhere or not at all. */
const ELSEWHERE = /^(?:module-not-offered|own-module|unknown-(?:filter|test|lookup)|old-include|yaml-.*)$/

export function diagnose(path: string, survey: ProjectSurvey, features: Features, python: readonly BroughtFile[]): Diagnosis {
  const here = (file: string): string => relative(path, file) || '.'
  const local = ({ places, ...feature }: Feature): Feature => ({ ...feature, places: places.map(here) })
  const complaint = ({ code, message, span, hint }: Problem): Complaint => ({ code, message: message.replaceAll(`${path}/`, ''), ...(span ? { place: `${here(span.file)}:${span.line}` } : {}), ...(hint ? { hint } : {}) })
  const judged = ({ file, refused }: ProjectSurvey['playbooks'][number]) => ({ file: here(file), runs: refused.length === 0, problems: refused.map(complaint) })
  const [playbooks, inventories] = [survey.playbooks.map(judged), survey.inventories.map(judged)]
  const problems = survey.problems.filter(({ code }) => !ELSEWHERE.test(code)).map(complaint)
  const all = Object.values(features).flat() as Feature[]
  return {
    path, runs: [...playbooks, ...inventories, ...all].every(({ runs }) => runs) && problems.length === 0 && python.every(({ needed }) => needed.length === 0), playbooks, inventories,
    roles: survey.files.roles.map(here), tasks: survey.tasks.length,
    features: { modules: features.modules.map(local), filters: features.filters.map(local), tests: features.tests.map(local), lookups: features.lookups.map(local) },
    python: python.map(({ kind, file, needed }) => ({ kind, file: here(file), needed: needed.map(here) })), settings: survey.settings.map(({ file, names }) => ({ file: here(file), names })),
    versions: findBadVersions(survey.files.texts).map((one) => ({ ...one, place: here(one.place) })), problems,
  }
}

const PLACES = 5

/** The diagnosis for people: first the verdict, then what does not run and where, then what does. */
export function showDiagnosis(diagnosis: Diagnosis): string {
  const { playbooks, inventories, roles, tasks, features, python, settings, versions, problems, runs } = diagnosis
  const ready = playbooks.filter((playbook) => playbook.runs).length
  const missing = features.modules.filter((feature) => !feature.runs)
  const lacking = missing.reduce((sum, { count }) => sum + count, 0)
  const head = [
    `${diagnosis.path}: ${runs ? 'all of it runs here' : 'not all of it runs here'}`,
    `  ${ready} of ${playbooks.length} playbooks can be read, ${roles.length} roles, ${tasks - lacking} of ${tasks} tasks have a module here${share(tasks - lacking, tasks)}`,
  ].join('\n')
  return [
    head,
    section('Playbooks that are refused', playbooks.filter((one) => !one.runs).flatMap(({ file, problems: why }) => [`  ${file}`, ...why.map((one) => `    ${show(one)}`)])),
    section('Inventories that cannot be read', inventories.filter((one) => !one.runs).flatMap(({ file, problems: why }) => [`  ${file}`, ...why.map((one) => `    ${show(one)}`)])),
    section('Modules that tutti does not have', missing.flatMap(showMissing)),
    ...(['filters', 'tests', 'lookups'] as const).map((kind) => section(`${kind[0]!.toUpperCase()}${kind.slice(1)} that tutti does not have`, features[kind].filter((feature) => !feature.runs).flatMap(showMissing))),
    section('Python that the project brings along, which cannot run here', python.flatMap(({ kind, file, needed }) => [`  ${file} (${kind})${needed.length > 0 ? `: needed by ${needed.length} places` : ': nothing here needs it'}`, ...shortened(needed)])),
    section('What fails where it is reached', problems.map((one) => `  ${show(one)}`)),
    section('Versions that are known to be bad', versions.map(({ place, version, why, instead }) => `  ${place}: ${version}: ${why}; take ${instead}`)),
    section('Settings without effect', settings.map(({ file, names }) => `  ${file}: ${names.join(', ')}`)),
    section('What it uses', [columns((['modules', 'filters', 'tests', 'lookups'] as const).map((kind) => [`  ${kind}`, features[kind].length, most(features[kind])]))]),
  ].filter(Boolean).join('\n\n')
}

const share = (part: number, whole: number): string => (whole > 0 ? ` (${((100 * part) / whole).toFixed(1)} %)` : '')
const section = (title: string, lines: readonly string[]): string => (lines.length > 0 ? [`${title}:`, ...lines].join('\n') : '')
/** Where something was looked for is a long list: programs get it. */
const show = ({ message, place, hint }: Complaint): string => `${place ? `${place}: ` : ''}${message.replace(/, looked for at .*/, '')}${hint ? ` (${hint})` : ''}`
const showMissing = ({ name, count, places }: Feature): readonly string[] => [`  ${name}: ${count} ${count === 1 ? 'use' : 'uses'}`, ...shortened(places)]
const shortened = (places: readonly string[]): readonly string[] => [...places.slice(0, PLACES).map((place) => `    ${place}`), ...(places.length > PLACES ? [`    and ${places.length - PLACES} more (--output json shows all)`] : [])]
const most = (features: readonly Feature[]): string => features.slice(0, 6).map(({ name, count }) => `${name} ${count}`).join(', ')
