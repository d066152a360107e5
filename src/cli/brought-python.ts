import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Features } from './count-features.ts'
import type { ProjectSurvey } from './survey-project.ts'

/** A file with Python that a project brings along, and the places that need it. */
export interface BroughtFile {
  readonly kind: string
  readonly file: string
  readonly needed: readonly string[]
}

/** Which places need which file: modules and lookups by the file's name, filters and tests by the names that stand in it. */
export function findBrought({ files, tasks }: ProjectSurvey, features: Features): readonly BroughtFile[] {
  return files.plugins.map(({ kind, file }) => {
    const name = basename(file).replace(/\.\w+$/, '')
    if (kind === 'module' || kind === 'action') return { kind, file, needed: places(tasks.filter(({ actionAsWritten }) => actionAsWritten.split('.').at(-1) === name)) }
    const used = kind === 'filter' ? features.filters : kind === 'test' ? features.tests : kind === 'lookup' ? features.lookups : []
    const text = kind === 'lookup' ? '' : readFileSync(file, 'utf8')
    const mine = used.filter((feature) => !feature.runs && (kind === 'lookup' ? short(feature.name) === name : new RegExp(`['"]${short(feature.name)}['"]`).test(text)))
    return { kind, file, needed: [...new Set(mine.flatMap((feature) => feature.places))] }
  })
}

const places = (tasks: ProjectSurvey['tasks']): readonly string[] => tasks.map(({ span }) => `${span.file}:${span.line}`)
const short = (name: string): string => name.split('.').at(-1)!
