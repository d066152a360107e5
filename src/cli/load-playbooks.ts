import { Problem, Problems, problemsOf } from '../problem/problem.ts'
import { type Documents, type LoadOptions, type Loader, createLoader } from '../playbook/load-playbook.ts'
import type { Playbook } from '../playbook/tree.ts'
import type { Catalog } from './catalog.ts'

export interface LoadedPlaybooks {
  readonly playbooks: readonly Playbook[]
  /** For the dynamic includes of the run. */
  readonly loader: Loader
}

/**
 * All playbooks, or `Problems` with the mistakes of all of them. A first reading notes which modules are used, so that only
 * those are imported; the second one, over the same documents, checks their arguments. What may fail when it is reached, and
 * what is old, is told to `options.warn`, each once, also where the rest is refused: people mend it all in one go.
 */
export async function loadPlaybooks(files: readonly string[], catalog: Catalog, options: LoadOptions): Promise<LoadedPlaybooks> {
  const documents: Documents = new Map(options.documents)
  const warnings = new Map<string, Problem>()
  const read = (): ReturnType<typeof readAll> => readAll(files, createLoader({ ...options, catalog, documents, warn: (problem) => void warnings.set(identity(problem), problem) }))
  let result = read()
  if (await catalog.loadMissing()) {
    const first = result
    // Problems of YAML come once, with the first reading of a document; those of modules may have changed.
    for (const [key, { code }] of warnings) if (WITH_MODULES.has(code)) warnings.delete(key)
    const second = read()
    result = { ...second, problems: inOrder([...first.problems.filter(({ code }) => !WITH_MODULES.has(code)), ...second.problems]) }
  }
  for (const warning of inOrder([...warnings.values()])) options.warn?.(warning)
  if (result.problems.length > 0) throw new Problems(result.problems)
  return { playbooks: result.playbooks, loader: result.loader }
}

/** What can only be said once the modules that are used are there. */
const WITH_MODULES: ReadonlySet<string> = new Set(['module-not-offered', 'undefined-variable', 'unread-variable'])

const identity = ({ message, span }: Problem): string => `${message} ${span?.file}:${span?.line}:${span?.column}`

/** Each once; file by file as they came, and down each file. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ span }) => span?.file))]
  const once = [...new Map(problems.map((problem) => [identity(problem), problem])).values()]
  const at = ({ span }: Problem): number => files.indexOf(span?.file)
  return once.sort((a, b) => at(a) - at(b) || (a.span?.line ?? 0) - (b.span?.line ?? 0) || (a.span?.column ?? 0) - (b.span?.column ?? 0))
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
