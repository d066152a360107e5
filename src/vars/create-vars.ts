import type { Play, Role } from '../playbook/tree.ts'
import type { Environment, LookupContext, Scope } from '../template/scope.ts'
import { render } from '../template/template.ts'
import type { Secrets } from '../text/secrets.ts'
import type { Dict, Value } from '../value/value.ts'
import type { FactCache } from './fact-cache.ts'
import { type HostCache, HostStore } from './host-store.ts'
import { HostView } from './host-view.ts'
import { LayeredScope } from './layered-scope.ts'
import { type MagicContext, type MagicSettings, directoryOf, inventoryNames, listedNames, magicNames, makeMagic, rendered } from './magic.ts'
import { type PlayState, countPresent, newPlayState } from './play-state.ts'
import { inOrder, outsideOfPlays, withDependencies } from './precedence.ts'
import { varsFilesOf } from './vars-files.ts'
import type { HostVars, ScopeRequest, Vars } from './vars.ts'

/** What variables need of the inventory: who is there, in which groups, and what is set for a host, lowest level first. */
export interface HostSource {
  /** Changes whenever an answer of any of these may. */
  readonly revision: number
  hostNames(): readonly string[]
  /** Whether the name is a host, the implicit localhost included. */
  knows(host: string): boolean
  /** Every group with the names of its hosts. */
  groups(): Dict
  groupsOf(host: string): readonly string[]
  /** Group and host variables of the inventory, and of `group_vars` and `host_vars` beside it and beside the playbook. */
  layersOf(host: string, playbookDirectory: string): readonly Dict[]
  /** The source that named the host first; undefined for the implicit localhost, which none names. */
  originOf(host: string): { readonly file?: string; readonly directory?: string } | undefined
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
  /** The roles of a play keep their variables to themselves (`private_role_vars`). */
  readonly privateRoles?: boolean
  /** For the lookup `config`. */
  readonly setting?: NonNullable<LookupContext['setting']>
  /** Facts of earlier runs. */
  readonly factCache?: FactCache
}

export const createVars = (options: VarsOptions): Vars & { readonly options: VarsOptions } => new RunVars(options)

/** What a scope stands on. */
interface Standing {
  readonly layers: () => readonly Dict[]
  readonly store: HostStore | undefined
  readonly state: PlayState | undefined
  readonly playbookDirectory: string
  /** False in `hostvars`. */
  readonly inPlay: boolean
}

class RunVars implements Vars {
  readonly options: VarsOptions
  readonly #hosts = new Map<string, HostStore>()
  readonly #inventoryLayers = new Map<string, { readonly revision: number; readonly layers: readonly Dict[] }>()
  /** Views of `hostvars`, by playbook directory and host, for as long as nothing about the host changed. */
  readonly #views = new Map<string, { readonly revision: string; readonly view: HostView }>()
  #state: PlayState | undefined

  constructor(options: VarsOptions) {
    this.options = options
  }

  host(name: string): HostVars {
    return this.#store(name)
  }

  beginPlay(play: Play, prompted: Dict, loader: { vars(file: string, lists?: boolean): Dict }): void {
    this.#state = newPlayState(play, prompted, loader, this.options.privateRoles === true)
  }

  beginBatch(_play: Play, allHosts: readonly string[], batch: readonly string[]): void {
    this.#state!.allHosts = allHosts
    this.#state!.batch = batch
    countPresent(this.#state!)
  }

  hostLost(name: string): void {
    if (!this.#state) return
    this.#state.lost.add(name)
    countPresent(this.#state)
  }

  hostBack(name: string): void {
    if (!this.#state) return
    this.#state.lost.delete(name)
    countPresent(this.#state)
  }

  exposeRole(role: Role): void {
    for (const one of withDependencies(role)) if (!this.#state!.exposed.includes(one)) this.#state!.exposed.push(one)
  }

  scope(request: ScopeRequest): Scope {
    const state = this.#state?.play === request.play ? this.#state : undefined
    const { host } = request
    const store = host === undefined ? undefined : this.#store(host)
    const playbookDirectory = directoryOf(request)
    const standing = { store, state, playbookDirectory, inPlay: true }
    const parts = (varsFiles: readonly Dict[]): readonly Dict[] => inOrder({
      request, store, exposed: state?.exposed ?? [], inventory: host === undefined ? [] : this.#inventory(host, playbookDirectory), prompted: state?.prompted, varsFiles,
    })
    // Names of vars_files are rendered over everything else, by a scope of their own: a scope never changes what it has said.
    const files = (): readonly Dict[] => {
      if (!state || state.play.varsFiles.length === 0) return []
      const below = this.#scope(request, { ...standing, layers: () => parts([]) })
      return varsFilesOf(state, { host, hasFacts: store?.hasFacts ?? false, revision: store?.revision ?? 0 }, below)
    }
    return this.#scope(request, { ...standing, layers: () => parts(files()) })
  }

  #scope(request: ScopeRequest, { layers, store, state, playbookDirectory, inPlay }: Standing): LayeredScope {
    const { options } = this
    let context: MagicContext | undefined
    const contextOf = (): MagicContext => ({
      options, host: request.host, store, playbookDirectory, scope, hostvars: this.#hostvars(request, playbookDirectory), ...(inPlay ? { request, state } : { request: undefined, state: undefined }),
    })
    const scope: LayeredScope = new LayeredScope({
      layers, merge: options.hashBehaviour === 'merge', environment: options.environment, extraVars: options.extraVars,
      item: inPlay ? request.item : undefined, fallback: inPlay ? request.connection : undefined, warn: request.warn, magicNames, templates: request.searchPaths,
      magic: (name) => makeMagic(name, (context ??= contextOf())),
      lookupContext: () => this.#lookupContext(request, playbookDirectory, scope),
    })
    return scope
  }

  #store(name: string): HostStore {
    let store = this.#hosts.get(name)
    if (!store) this.#hosts.set(name, (store = new HostStore(this.#cacheOf(name))))
    return store
  }

  #cacheOf(host: string): HostCache | undefined {
    const { factCache } = this.options
    return factCache && { load: () => factCache.load(host), save: (facts) => factCache.save(host, facts), forget: () => factCache.forget(host) }
  }

  #inventory(host: string, playbookDirectory: string): readonly Dict[] {
    const { inventory } = this.options
    const key = `${playbookDirectory}\n${host}`
    const known = this.#inventoryLayers.get(key)
    if (known?.revision === inventory.revision) return known.layers
    const layers = [...inventory.layersOf(host, playbookDirectory), inventoryNames(this.options, host)]
    this.#inventoryLayers.set(key, { revision: inventory.revision, layers })
    return layers
  }

  #hostvars(request: ScopeRequest, playbookDirectory: string): HostView {
    return new HostView(() => this.options.inventory.hostNames(), (host) => this.#viewOf(host, request, playbookDirectory) as unknown as Value | undefined)
  }

  /** Another host as `hostvars` shows it: rendered with its own variables, which know no play. */
  #viewOf(host: string, request: ScopeRequest, playbookDirectory: string): HostView | undefined {
    if (!this.options.inventory.knows(host)) return undefined
    const store = this.#store(host)
    const key = `${playbookDirectory}\n${host}`
    const revision = `${this.options.inventory.revision} ${store.revision}`
    const known = this.#views.get(key)
    if (known?.revision === revision) return known.view
    const layers = (): readonly Dict[] => outsideOfPlays({ store, inventory: this.#inventory(host, playbookDirectory) })
    const scope = this.#scope({ ...request, host }, { layers, store, playbookDirectory, state: undefined, inPlay: false })
    const view = new HostView(() => listedNames(scope), (name) => rendered(scope, name))
    this.#views.set(key, { revision, view })
    return view
  }

  #lookupContext({ searchPaths, firstFound }: ScopeRequest, playbookDir: string, scope: Scope): LookupContext {
    return {
      ...(firstFound === undefined ? {} : { firstFoundSubdir: firstFound }), searchPaths, playbookDir, scope, render: (value) => render(value, scope), vault: this.options.openVault, secrets: this.options.secrets,
      ...(this.options.setting ? { setting: this.options.setting } : {}),
    }
  }
}
