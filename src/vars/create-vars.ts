import { existsSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { Problem } from '../problem/problem.ts'
import type { Play, Role } from '../playbook/tree.ts'
import { render } from '../template/template.ts'
import type { Environment, LookupContext, Scope } from '../template/scope.ts'
import type { Secrets } from '../text/secrets.ts'
import { type Dict, type Value, isUnknown } from '../value/value.ts'
import { HostStore } from './host-store.ts'
import { LayeredScope } from './layered-scope.ts'
import { type MagicSettings, hostMagic, playMagic } from './magic.ts'
import type { HostVars, ScopeRequest, Vars } from './vars.ts'

/** What variables need of the inventory: who is there, in which groups, and what is set for a host, lowest level first. */
export interface HostSource {
  hostNames(): readonly string[]
  /** Whether the name is a host, the implicit localhost included. */
  knows(host: string): boolean
  /** Every group with the names of its hosts. */
  groups(): Dict
  groupsOf(host: string): readonly string[]
  /** Group and host variables of the inventory, and of `group_vars` and `host_vars` beside it and beside the playbook. */
  layersOf(host: string, playbookDirectory: string): readonly Dict[]
  readonly directory: string | undefined
  readonly sources: readonly string[]
}

export interface VarsOptions {
  readonly inventory: HostSource
  readonly environment: Environment
  readonly extraVars: Dict
  readonly hashBehaviour: 'replace' | 'merge'
  readonly magic: MagicSettings
  readonly secrets: Secrets
  readonly openVault: (text: string) => string
}

/** The state of the play that is running, as scopes see it. */
export interface PlayState {
  readonly play: Play
  readonly prompted: Dict
  readonly loader: { vars(file: string): Dict }
  allHosts: readonly string[]
  batch: readonly string[]
  readonly lost: Set<string>
  readonly exposed: Role[]
  /** Names of the roles of the play, for `ansible_play_role_names`. */
  readonly varsFiles: Map<string, readonly Dict[]>
}

export function createVars(options: VarsOptions): Vars & { readonly options: VarsOptions } {
  return new RunVars(options)
}

class RunVars implements Vars {
  readonly options: VarsOptions
  readonly #hosts = new Map<string, HostStore>()
  #state: PlayState | undefined

  constructor(options: VarsOptions) {
    this.options = options
  }

  host(name: string): HostVars {
    return this.store(name)
  }

  store(name: string): HostStore {
    let store = this.#hosts.get(name)
    if (!store) this.#hosts.set(name, (store = new HostStore()))
    return store
  }

  beginPlay(play: Play, prompted: Dict, loader: { vars(file: string): Dict }): void {
    this.#state = { play, prompted, loader, allHosts: [], batch: [], lost: new Set(), exposed: play.roles.flatMap((use) => withDependencies(use.role)), varsFiles: new Map() }
  }

  beginBatch(_play: Play, allHosts: readonly string[], batch: readonly string[]): void {
    this.#state!.allHosts = allHosts
    this.#state!.batch = batch
  }

  hostLost(name: string): void {
    this.#state?.lost.add(name)
  }

  exposeRole(role: Role): void {
    if (!this.#state!.exposed.includes(role)) this.#state!.exposed.push(role)
  }

  scope(request: ScopeRequest): Scope {
    const state = this.#state?.play === request.play ? this.#state : undefined
    const { options } = this
    const scope: LayeredScope = new LayeredScope({
      layers: () => this.#layers(request, state, scope), merge: options.hashBehaviour === 'merge', environment: options.environment,
      magic: { ...playMagic(options, request.play, state), ...(request.host === undefined ? {} : hostMagic(this, options, request, state)) },
      overrides: [...(request.item ? [request.item] : []), options.extraVars], warn: request.warn,
      lookupContext: () => this.#lookupContext(request, scope), templates: request.searchPaths,
    })
    return scope
  }

  /** Lowest first, as the documentation lists them; extra vars and loop names stand above all and are kept apart. */
  #layers(request: ScopeRequest, state: PlayState | undefined, scope: Scope): readonly Dict[] {
    const { play, host, roles, roleParams, blockVars } = request
    const exposed = state?.exposed ?? []
    const own = roles.toReversed()
    const store = host === undefined ? undefined : this.store(host)
    return [
      ...exposed.map(({ defaults }) => defaults), ...own.map(({ defaults }) => defaults),
      ...(host === undefined ? [] : this.options.inventory.layersOf(host, dirname(play.span.file))),
      ...(store ? [store.injected] : []),
      play.vars, state?.prompted ?? new Map(), ...this.#varsFiles(request, state, scope),
      ...exposed.map(({ vars }) => vars), ...own.map(({ vars }) => vars),
      ...blockVars,
      ...(store ? [store.included, store.set] : []),
      ...roleParams,
    ]
  }

  /** `vars_files`: each entry a name or a list of which the first that exists counts. Names may hold templates over what is below. */
  #varsFiles(request: ScopeRequest, state: PlayState | undefined, scope: Scope): readonly Dict[] {
    if (!state || request.play.varsFiles.length === 0) return []
    const key = request.host ?? ''
    const known = state.varsFiles.get(key)
    if (known) return known
    state.varsFiles.set(key, []) // A name that needs a variable of these very files finds nothing there.
    const loaded = request.play.varsFiles.flatMap((entry) => loadFirst(entry, request, state, scope))
    state.varsFiles.set(key, loaded)
    // The scope looked its layers up before the files were there.
    return loaded
  }

  #lookupContext({ play, searchPaths }: ScopeRequest, scope: Scope): LookupContext {
    return { searchPaths, playbookDir: dirname(play.span.file), scope, render: (value) => render(value, scope), vault: this.options.openVault, secrets: this.options.secrets }
  }
}

const withDependencies = (role: Role): readonly Role[] => [...role.dependencies.flatMap((dependency) => withDependencies(dependency.role)), role]

function loadFirst(entry: Value, { play, host }: ScopeRequest, { loader }: PlayState, scope: Scope): readonly Dict[] {
  const names = (Array.isArray(entry) ? (entry as readonly Value[]) : [entry]).map((name) => tried(name, scope, host))
  const looked: string[] = []
  for (const name of names) {
    if (name === undefined) return []
    for (const file of isAbsolute(name) ? [name] : [join(dirname(play.span.file), 'vars', name), join(dirname(play.span.file), name)]) {
      if (existsSync(file)) return [loader.vars(file)]
      looked.push(file)
    }
  }
  throw new Problem({ code: 'missing-file', summary: 'a file of vars_files is missing', detail: `looked at ${looked.join(', ')}`, span: play.span })
}

/** Before there is a host, a name made from host variables cannot be known: such files wait. */
function tried(name: Value, scope: Scope, host: string | undefined): string | undefined {
  try {
    const rendered = render(name, scope)
    return isUnknown(rendered) ? undefined : String(rendered)
  } catch (problem) {
    if (host === undefined) return undefined
    throw problem
  }
}

export type { RunVars }
