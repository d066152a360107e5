import { readFileSync } from 'node:fs'

/** The version of the package. */
export const version = (): string => (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string }).version

export const versionText = (): string => `tutti ${version()} (Ansible's language of core 2.19, Node ${process.versions.node})\n`
