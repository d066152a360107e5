import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** Root keeps its labs where the machine keeps state; everybody else in their own state directory. */
const SYSTEM_HOME = '/var/lib/tutti/labs'
const isRoot = (): boolean => process.getuid?.() === 0

function ownHome(env: Environment): string {
  if (env['TUTTI_LAB_HOME']) return env['TUTTI_LAB_HOME']
  return isRoot() ? SYSTEM_HOME : join(env['XDG_STATE_HOME'] || join(homedir(), '.local/state'), 'tutti/labs')
}

/** Where a lab of that name keeps its keys, its record and its disks. `TUTTI_LAB_HOME` puts all labs elsewhere. */
export const labDirectory = (name: string, env: Environment = process.env): string => join(ownHome(env), name)

/** The directory of a lab that exists: one's own, or one that was made with sudo and belongs to the machine. */
export function findLabDirectory(name: string, env: Environment = process.env): string | undefined {
  return [labDirectory(name, env), join(SYSTEM_HOME, name)].find((directory) => existsSync(join(directory, 'lab.json')))
}

/** Where images are kept between labs. `TUTTI_LAB_CACHE` puts them elsewhere. */
export const labCache = (env: Environment = process.env): string => env['TUTTI_LAB_CACHE'] || '/var/cache/tutti/lab'
