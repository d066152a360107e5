import { basename, posix } from 'node:path'
import { contentResource, followedResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { SYSTEM_PATH } from './ask-program.ts'
import type { Surroundings } from './define-module.ts'
import { type ElfProgram, readElf } from './elf-program.ts'
import { fail } from './failure.ts'
import { parseMode } from './file-attributes.ts'
import { known } from './file-target.ts'
import { quote } from '../shell/quote.ts'
import type { TarEntry } from './tar-writer.ts'

/** One thing of an image, as a task writes it. */
export interface ImageFile {
  readonly src: string | undefined
  readonly content: string | undefined
  readonly link: string | undefined
  readonly dest: string
  readonly mode: string | undefined
  readonly uid: number
  readonly gid: number
}

/** Reads all of it, from the controller or the host. With `libraries` what programs need of shared libraries comes along, at its own place. */
export async function imageFiles(host: Reader, files: readonly ImageFile[], given: { readonly remote_src: boolean; readonly libraries: boolean }, around: Surroundings): Promise<readonly TarEntry[]> {
  const entries = await Promise.all(files.map((one) => entryOf(host, one, given.remote_src, around)))
  const twice = entries.find(({ path }, index) => entries.findIndex((other) => other.path === path) !== index)
  if (twice) fail(`two files are to be at /${twice.path} in the image`)
  if (!given.libraries) return entries
  if (!given.remote_src) fail('libraries: only the host knows which ones a program of its needs; say remote_src as well')
  const programs = files.filter(({ src }, index) => src !== undefined && readElf(entries[index]!.content ?? Buffer.alloc(0))?.loader !== undefined)
  const needed = (await Promise.all(programs.map(({ src }) => librariesOf(host, src!, around)))).flat()
  const brought = [...new Set(needed)].filter((path) => !entries.some((one) => `/${one.path}` === path))
  return [...entries, ...await Promise.all(brought.map(async (path): Promise<TarEntry> => ({ path: path.slice(1), kind: 'file', mode: 0o755, content: await hostBytes(host, path, around) })))]
}

async function entryOf(host: Reader, file: ImageFile, remote: boolean, around: Surroundings): Promise<TarEntry> {
  const { src, content, link, uid, gid } = file
  const said = [src, content, link].filter((one) => one !== undefined).length
  const wantsName = src !== undefined && file.dest.endsWith('/')
  const path = placeOf(wantsName ? `${file.dest}${basename(src)}` : file.dest)
  if (said > 1) fail(`/${path} in the image: say one of src, content and link`)
  if (said === 0 && !file.dest.endsWith('/')) fail(`/${path} in the image: say src, content or link; a directory ends with a slash`)
  const about = { path, uid, gid }
  if (link !== undefined) return { ...about, kind: 'link', mode: 0o777, target: link }
  if (said === 0) return { ...about, kind: 'directory', mode: modeOf(file.mode, 0o755, true) }
  const bytes = src === undefined ? Buffer.from(content!) : remote ? await hostBytes(host, src, around) : around.readFile(src)
  return { ...about, kind: 'file', mode: modeOf(file.mode, isProgram(bytes) ? 0o755 : 0o644, false), content: bytes }
}

/** A place inside the image: absolute, and not above it. */
function placeOf(dest: string): string {
  const path = posix.normalize(dest).replace(/\/+$/, '').slice(1)
  if (!dest.startsWith('/') || path === '') fail(`dest '${dest}': a place in the image begins with a slash and is not the root itself`)
  return path
}

const modeOf = (written: string | undefined, otherwise: number, directory: boolean): number => (written === undefined ? otherwise : parseMode(written, { mode: otherwise, directory }))
/** By what it is, not by the permissions it happens to have here: those of a checkout are not everywhere the same. */
const isProgram = (bytes: Buffer): boolean => readElf(bytes) !== undefined || bytes.subarray(0, 2).toString() === '#!'

async function hostBytes(host: Reader, written: string, { environment }: Surroundings): Promise<Buffer> {
  const path = await resolvePath(host, written, environment)
  const [state, content] = await Promise.all([host.get(followedResource, path), host.get(contentResource, path)])
  if (known(state).kind !== 'file') fail(`${path} is not a file of the host`)
  return known(content) as Buffer
}

/** What the loader of the host would take, the loader itself among it. */
async function librariesOf(host: Reader, written: string, { environment }: Surroundings): Promise<readonly string[]> {
  const path = await resolvePath(host, written, environment)
  const reply = known(await host.run(`${SYSTEM_PATH}\nldd -- ${quote(path)}`, [path]))
  const lines = reply.stdout.toString().split('\n')
  const missing = lines.find((line) => line.includes('=> not found'))
  if (reply.code !== 0 || missing) fail(`the libraries of ${path} cannot be told: ${(missing ?? reply.stderr.toString()).trim()}`)
  return lines.flatMap((line) => /(?:=> |^\s*)(\/\S+) \(0x/.exec(line)?.[1] ?? [])
}

/** What would not start is refused while it is made, not when a pod crashes. */
export function refuseWhatCannotStart(entrypoint: readonly string[], architecture: string, files: readonly TarEntry[]): void {
  const [program] = entrypoint
  if (program === undefined || !program.startsWith('/')) return
  const found = files.find(({ path }) => path === placeOf(program))
  if (!found) return fail(`entrypoint ${program} is not in the image`)
  const elf: ElfProgram | undefined = found.content && readElf(found.content)
  if (elf && elf.architecture !== architecture) fail(`${program} is a program for ${elf.architecture}, and the image is for ${architecture}`)
  if (elf?.loader !== undefined && !files.some(({ path }) => `/${path}` === elf.loader)) fail(`${program} needs ${elf.loader} and shared libraries: build it static (CGO_ENABLED=0), or take it from a host with remote_src and libraries`)
}
