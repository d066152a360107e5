import { mkdir, rename, rm, writeFile as write } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fail } from '../contract/failure.ts'
import type { Json } from '../value/json.ts'
import { writeYaml } from '../yaml/write-yaml.ts'

/** Puts a manifest in place by a rename: half of one is never there. */
export async function writeFile(file: string, manifest: Json): Promise<void> {
  const beside = `${file}.${process.pid}.new`
  try {
    await mkdir(dirname(file), { recursive: true })
    await write(beside, writeYaml(manifest))
    await rename(beside, file)
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined)
    fail(`${file} cannot be written: ${(error as Error).message}`)
  }
}

export const removeFile = (file: string): Promise<void> => rm(file, { force: true }).catch((error: Error) => fail(`${file} cannot be removed: ${error.message}`))
