import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '../..')
interface Pinned {
  readonly version: string
  readonly source?: string
  readonly image?: string
  readonly digest?: string
  readonly sha256?: Readonly<Record<string, Readonly<Record<string, string>>>>
}
const pinned = parse(readFileSync(join(root, 'roles/versions.yml'), 'utf8')) as Readonly<Record<string, Pinned>>

test.each(Object.entries(pinned))('%s stands in roles/versions.yml with its source and what it is checked against', (_name, { version, source, image, digest, sha256 }) => {
  expect(version).toMatch(/^v?\d+\.\d+\.\d+(\+k3s\d+)?$/)
  expect(source ?? `https://${image}`).toMatch(/^https:\/\/[\w.-]+\/\S+$/)
  expect(sha256 ?? digest).toBeDefined()
  if (image !== undefined) expect(digest).toMatch(/^(sha256:[0-9a-f]{64})?$/)
  for (const sum of Object.values(sha256?.[version] ?? {})) expect(sum).toMatch(/^[0-9a-f]{64}$/)
  if (sha256) expect(Object.keys(sha256)).toEqual([version])
})

/** Made here, so there is nothing to load. */
const OWN = /library\/probe:/

test('and in no other file of the roles, playbooks, inventories and programs', () => {
  const files = ['roles', 'playbooks', 'inventory', 'bin'].flatMap((folder) => filesBelow(join(root, folder))).filter((file) => !/versions\.yml$|\.md$|go\.(mod|sum)$/.test(file))
  expect(files.length).toBeGreaterThan(100)
  const elsewhere = files.flatMap((file) => readFileSync(file, 'utf8').split('\n').filter((line) => !/^\s*#/.test(line) && !OWN.test(line) && pins(line)).map((line) => `${relative(root, file)}: ${line.trim()}`))
  expect(elsewhere).toEqual([])
})

/** A release of k3s, an image by its tag, a download by its version. */
const pins = (line: string): boolean => /\+k3s\d|\b(?:docker\.io|ghcr\.io|quay\.io|registry\.k8s\.io)\/[^\s:]+:v?\d|\/releases\/download\/v?\d/.test(line)
const filesBelow = (folder: string): readonly string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)).filter((file) => !/\/\.secrets\//.test(file) && statSync(file).isFile())
