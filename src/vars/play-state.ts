import type { Play, Role } from '../playbook/tree.ts'
import type { Dict } from '../value/value.ts'
import { withDependencies } from './precedence.ts'

/** The play that is running, as scopes see it. */
export interface PlayState {
  readonly play: Play
  readonly prompted: Dict
  readonly loader: { vars(file: string, lists?: boolean): Dict }
  allHosts: readonly string[]
  batch: readonly string[]
  /** Hosts that are out of the play. The two lists are `ansible_play_hosts` and `ansible_play_batch`, made again when one is lost. */
  readonly lost: Set<string>
  presentHosts: readonly string[]
  presentBatch: readonly string[]
  readonly exposed: Role[]
  /** Files of `vars_files` that were read, and what they gave each host (with the facts it then had). */
  readonly files: Map<string, Dict>
  readonly varsFiles: Map<string, { readonly revision: number; readonly layers: readonly Dict[] }>
}

export const newPlayState = (play: Play, prompted: Dict, loader: PlayState['loader'], privateRoles: boolean): PlayState => ({
  play, prompted, loader, allHosts: [], batch: [], lost: new Set(), presentHosts: [], presentBatch: [],
  exposed: privateRoles ? [] : [...new Set(play.roles.flatMap((use) => withDependencies(use.role)))], files: new Map(), varsFiles: new Map(),
})

/** After a batch began or a host was lost. */
export function countPresent(state: PlayState): void {
  state.presentHosts = state.allHosts.filter((host) => !state.lost.has(host))
  state.presentBatch = state.batch.filter((host) => !state.lost.has(host))
}
