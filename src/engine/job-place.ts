import { isAbsolute, join } from 'node:path'
import type { TaskCall } from './call.ts'
import { environmentOf } from './call-module.ts'
import { type Workplace, workplaceOf } from './place.ts'
import { ConnectionVars } from './target.ts'

/** Where a host keeps the jobs of a user. */
export interface JobPlace extends Workplace {
  readonly directory: string
}

/** The place of a task's jobs: the variable `ansible_async_dir`, the setting, or ~/.ansible_async. */
export async function jobPlaceOf(call: TaskCall): Promise<JobPlace> {
  const place = await workplaceOf(call)
  const wanted = new ConnectionVars(call.scope).text(['ansible_async_dir']) ?? environmentOf(call)['ANSIBLE_ASYNC_DIR'] ?? call.playRun.run.settings.asyncDirectory ?? '~/.ansible_async'
  const { home } = await place.machine.reader(place.become).whoami()
  const directory = wanted.replace(/^(~|\$HOME)(?=\/|$)/, () => home)
  return { ...place, directory: isAbsolute(directory) ? directory : join(home, directory) }
}

/** A job's name in the run: machines, users and directories have jobs of their own. */
export const keyOf = ({ machine, become, directory }: JobPlace, id: string): string => `${machine.connection.name} ${become?.user ?? ''} ${directory}/${id}`

export const fileOf = ({ directory }: JobPlace, id: string): string => `${directory}/${id}`
