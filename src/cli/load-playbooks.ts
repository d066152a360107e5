import { Problem, Problems, problemsOf } from '../problem/problem.ts'
import { type LoadOptions, type Loader, createLoader } from '../playbook/load-playbook.ts'
import type { Playbook } from '../playbook/tree.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'
import type { Catalog } from './catalog.ts'

export interface LoadedPlaybooks {
  readonly playbooks: readonly Playbook[]
  /** For the dynamic includes of the run. */
  readonly loader: Loader
  /** What may fail when it is reached, and what is old; each once. */
  readonly warnings: readonly Problem[]
}

/**
 * All playbooks, or `Problems` with the mistakes of all of them. A first reading notes which modules are used, so that only
 * those are imported; the second one, over the same documents, checks their arguments.
 */
export async function loadPlaybooks(files: readonly string[], catalog: Catalog, options: LoadOptions): Promise<LoadedPlaybooks> {
  const documents = new Map<string, YamlNode | undefined>()
  const warnings = new Map<string, Problem>()
  const note = (problem: Problem): void => void warnings.set(`${problem.message} ${problem.span?.file}:${problem.span?.line}:${problem.span?.column}`, problem)
  const read = (): ReturnType<typeof readAll> => readAll(files, createLoader({ ...options, catalog, documents, warn: note }))
  let result = read()
  const noted = [...warnings]
  if (await catalog.loadMissing()) {
    // Warnings of YAML come once, with the first reading of a document; those of modules may have changed.
    warnings.clear()
    for (const [key, problem] of noted) if (problem.code !== 'module-not-offered') warnings.set(key, problem)
    if (result.problems.length === 0) result = read()
  }
  if (result.problems.length > 0) throw new Problems(result.problems)
  return { playbooks: result.playbooks, loader: result.loader, warnings: [...warnings.values()] }
}

function readAll(files: readonly string[], loader: Loader): { playbooks: Playbook[]; problems: Problem[]; loader: Loader } {
  const problems: Problem[] = []
  const playbooks = files.flatMap((file) => {
    try {
      return [loader.playbook(file)]
    } catch (error) {
      const found = problemsOf(error)
      if (!found) throw error
      problems.push(...found)
      return []
    }
  })
  return { playbooks, problems, loader }
}
