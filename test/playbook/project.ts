import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type LoadOptions, loadPlaybook } from '../../src/playbook/load-playbook.ts'
import type { Playbook } from '../../src/playbook/tree.ts'
import { type Problem, problemsOf } from '../../src/problem/problem.ts'

/** Files in a directory that lives as long as the test. */
export function project(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-playbook-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  return directory
}

const ISOLATED: LoadOptions = { rolesPath: [], collectionsPath: [] }
/** The playbook `site.yml` of the files. */
export const load = (files: Readonly<Record<string, string>>, options: LoadOptions = {}): Playbook => loadPlaybook(join(project(files), 'site.yml'), { ...ISOLATED, ...options })

/** What is wrong with `site.yml`: codes with their places, `code@file:line:column`. */
export function problemsIn(files: Readonly<Record<string, string>>, options: LoadOptions = {}): readonly string[] {
  return problemsOfLoading(files, options).map(({ code, span }) => `${code}@${span?.file.split('/').at(-1)}:${span?.line}:${span?.column}`)
}
export function problemsOfLoading(files: Readonly<Record<string, string>>, options: LoadOptions = {}): readonly Problem[] {
  try {
    load(files, options)
    return []
  } catch (error) {
    const problems = problemsOf(error)
    if (!problems) throw error
    return problems
  }
}
