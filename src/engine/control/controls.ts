import type { TaskCall } from '../call.ts'
import type { TaskResult } from '../task-result.ts'
import { addHost } from './add-host.ts'
import { assertControl } from './assert.ts'
import { asyncStatus } from './async-status.ts'
import { debug } from './debug.ts'
import { failControl } from './fail.ts'
import { groupBy } from './group-by.ts'
import { includeVars } from './include-vars.ts'
import { pause } from './pause.ts'
import { setFact } from './set-fact.ts'
import { setStats } from './set-stats.ts'
import { validateArgumentSpec } from './validate-argument-spec.ts'
import type { Control } from './control.ts'

/** Tasks that act on the run, not on a host. They are the engine's: no module, no connection. */
export const controlList: readonly Control[] = [addHost, assertControl, asyncStatus, debug, failControl, groupBy, includeVars, pause, setFact, setStats, validateArgumentSpec]

export const controls: ReadonlyMap<string, (call: TaskCall) => Promise<TaskResult> | TaskResult> = new Map(controlList.map((control) => [control.name, (call: TaskCall) => control.perform(call)]))
