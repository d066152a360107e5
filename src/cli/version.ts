import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROGRAM_ROOT } from '../value/program-files.ts'

/** The version of the package. */
export const version = (): string => (JSON.parse(readFileSync(join(PROGRAM_ROOT, 'package.json'), 'utf8')) as { readonly version: string }).version

export const versionText = (): string => `tutti ${version()} (Ansible's language of core 2.19, Node ${process.versions.node})\n`
