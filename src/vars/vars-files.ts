import { existsSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { Problem, problemsOf } from '../problem/problem.ts'
import { render } from '../template/template.ts'
import type { Scope } from '../template/scope.ts'
import { type Dict, type Value, isUnknown } from '../value/value.ts'
import type { PlayState } from './play-state.ts'

/** Whose `vars_files` are wanted: nobody's before there is a host. */
export interface Wanted {
  readonly host: string | undefined
  /** Without facts a name made of them cannot be known yet, and its file waits; with facts it is a mistake. */
  readonly hasFacts: boolean
  /** Changes when the host's variables do. */
  readonly revision: number
}

/**
 * The layers of `vars_files` for a host: each entry a name, or a list of names of which the first that is there counts. Names may hold
 * templates over everything below. What was read is kept: a file once for the play, names until the host's variables change.
 */
export function varsFilesOf(state: PlayState, wanted: Wanted, scope: Scope): readonly Dict[] {
  const { varsFiles } = state.play
  if (varsFiles.length === 0) return []
  const key = wanted.host ?? ''
  const known = state.varsFiles.get(key)
  if (known?.revision === wanted.revision) return known.layers
  const layers = varsFiles.flatMap((entry) => firstThatIsThere(entry, state, wanted, scope))
  state.varsFiles.set(key, { revision: wanted.revision, layers })
  return layers
}

function firstThatIsThere(entry: Value, state: PlayState, wanted: Wanted, scope: Scope): readonly Dict[] {
  const directory = dirname(state.play.span.file)
  const looked: string[] = []
  let waits = false
  for (const name of Array.isArray(entry) ? (entry as readonly Value[]) : [entry]) {
    const rendered = renderName(name, wanted, scope)
    if (rendered === undefined) {
      waits = true
      continue
    }
    for (const file of isAbsolute(rendered) ? [rendered] : [join(directory, 'vars', rendered), join(directory, rendered)]) {
      const vars = state.files.get(file) ?? (existsSync(file) ? state.loader.vars(file, true) : undefined)
      if (vars) return (state.files.set(file, vars), [vars])
      looked.push(file)
    }
  }
  if (waits) return []
  throw new Problem({ code: 'missing-file', summary: 'a file of vars_files is missing', detail: `looked at ${looked.join(', ')}`, span: state.play.span })
}

function renderName(name: Value, { hasFacts }: Wanted, scope: Scope): string | undefined {
  try {
    const rendered = render(name, scope)
    return isUnknown(rendered) ? undefined : String(rendered)
  } catch (error) {
    if (hasFacts || !problemsOf(error)) throw error
    return undefined
  }
}
