import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { GalaxyServer } from './server.ts'

export interface InstallOptions {
  /** Where it goes: a directory of roles, or one with `ansible_collections`. */
  readonly directory: string
  /** Asked in turn. */
  readonly servers: readonly GalaxyServer[]
  /** What is there is installed again. */
  readonly force: boolean
  /** What others ask for is installed, too. */
  readonly dependencies: boolean
  /** Early versions count. */
  readonly early: boolean
  /** Newer versions are looked for. */
  readonly upgrade: boolean
  readonly say: (line: string) => void
}

/** Work in a directory beside the place where the result goes, so that a rename brings it there; nothing is left of it. */
export async function inScratch<T>(parent: string, work: (scratch: string) => Promise<T>): Promise<T> {
  mkdirSync(parent, { recursive: true })
  const scratch = mkdtempSync(join(parent, '.tutti-galaxy-'))
  try {
    return await work(scratch)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Puts a finished directory in its place. What was there is gone only when the new one stands ready. */
export async function putInPlace(finished: string, place: string, scratch: string): Promise<void> {
  await mkdir(dirname(place), { recursive: true })
  await rename(place, join(scratch, 'replaced')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  await rename(finished, place)
}
