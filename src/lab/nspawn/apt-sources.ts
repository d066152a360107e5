import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '../../problem/problem.ts'
import { runProgram } from '../run-program.ts'
import type { ImageSuite } from './image-suite.ts'

/** Where packages of an image come from. */
export interface AptSources {
  readonly archive: string
  /** The archive of security updates. */
  readonly security: string
}

/** The mirrors this machine itself uses, where it is of the same distribution; the one that debootstrap takes by default otherwise. */
export function findAptSources(distribution: ImageSuite['distribution'], root = '/'): AptSources {
  const uris = readUris(join(root, 'etc/apt'))
  // A mirror's path ends in the distribution's name; third parties' archives do not.
  const own = uris.find((uri) => new RegExp(`/${distribution}(-ports)?$`).test(uri))
  const archive = own ?? defaultArchive(distribution, root)
  const security = uris.find((uri) => uri.endsWith(`/${distribution}-security`))
  // Debian keeps security updates beside its archive, Ubuntu in it.
  return { archive, security: security ?? (distribution === 'ubuntu' ? archive : `${archive}-security`) }
}

/** debootstrap knows the public archives. */
function defaultArchive(distribution: ImageSuite['distribution'], root: string): string {
  const [file, pattern] = distribution === 'debian'
    ? (['usr/sbin/debootstrap', /^DEF_MIRROR="?(\S+?\/debian)"?$/m] as const)
    : (['usr/share/debootstrap/scripts/gutsy', /default_mirror\s+(\S+\/\/archive\.\S+)/] as const)
  const path = join(root, file)
  const found = existsSync(path) ? pattern.exec(readFileSync(path, 'utf8'))?.[1] : undefined
  if (found !== undefined) return found
  throw new Problem({ code: 'no-mirror', summary: 'it is not known where packages of the image come from', detail: distribution, hint: `add a source of ${distribution} to /etc/apt/sources.list.d` })
}

function readUris(directory: string): string[] {
  const parts = join(directory, 'sources.list.d')
  const files = [join(directory, 'sources.list'), ...(existsSync(parts) ? readdirSync(parts).sort().map((file) => join(parts, file)) : [])]
  return files.filter((file) => /\.(list|sources)$/.test(file) && existsSync(file)).flatMap((file) => parseUris(readFileSync(file, 'utf8')))
}

/** The addresses in either of apt's two formats, without the slash at the end. */
export function parseUris(text: string): string[] {
  const lines = text.split('\n').flatMap((line) => {
    const words = /^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)/.exec(line)?.[1] ?? /^URIs:\s*(.+)$/i.exec(line)?.[1]
    return words ? words.trim().split(/\s+/) : []
  })
  return lines.filter((uri) => /^https?:/.test(uri)).map((uri) => uri.replace(/\/+$/, ''))
}

/** The image's own `sources.list.d` file. */
export function showAptSources({ distribution, suite }: ImageSuite, { archive, security }: AptSources): string {
  const components = distribution === 'debian' ? 'main' : 'main universe'
  const keyring = `/usr/share/keyrings/${distribution}-archive-keyring.gpg`
  const stanza = (uri: string, suites: string) => `Types: deb\nURIs: ${uri}\nSuites: ${suites}\nComponents: ${components}\nSigned-By: ${keyring}\n`
  return `${stanza(archive, `${suite} ${suite}-updates`)}\n${stanza(security, `${suite}-security`)}`
}

/** How this machine fetches (proxies, retries, leniency of a snapshot mirror), for the image to do the same. */
export async function readAptSettings(): Promise<string> {
  const { stdout } = await runProgram(['apt-config', 'dump', 'Acquire'])
  return stdout.split('\n').filter((line) => /^Acquire::(https?::|Check-|Retries|ForceIPv)/i.test(line) && !/ "";$/.test(line)).map((line) => `${line}\n`).join('')
}
