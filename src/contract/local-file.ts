import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fail } from './failure.ts'

/** Puts a file of the controller in place by a rename: half of one is never there. */
export async function putLocalFile(file: string, text: string): Promise<void> {
  const beside = `${file}.${process.pid}.new`
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(beside, text)
    await rename(beside, file)
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined)
    fail(`${file} cannot be written: ${(error as Error).message}`)
  }
}

export const removeLocalFile = (file: string): Promise<void> => rm(file, { force: true }).catch((error: Error) => fail(`${file} cannot be removed: ${error.message}`))
