import { type Dirent, closeSync, existsSync, openSync, readFileSync, readSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isPlaybook } from './is-playbook.ts'
import { problemsOf } from '../problem/problem.ts'
import type { VaultSecrets } from '../vault/vault.ts'
import { loadText } from '../yaml/load-yaml.ts'

/** Directories in which nothing stands that a run reads as its language. */
const SKIPPED = new Set(['.git', '.github', '.tutti', '.venv', 'venv', 'node_modules', '__pycache__', 'molecule', '.ansible', '.cache'])
const NO_LANGUAGE = /\.(md|rst|adoc|png|jpe?g|gif|svg|ico|woff2?|ttf|gz|tgz|zip|xz|bz2|deb|rpm|jar|war|pdf|iso|img|qcow2|so|pyc|lock|retry|log)$/i
/** Programs are templates only where templates are kept, or where a task says so. */
const PROGRAM = /\.([cm]?[jt]s|py|sh|bash|rb|pl|go|java|php|c|h|rs)$/i
/** More than this is not read, or not even looked at: whoever asks then supposes that anything may stand there. */
const MOST = { names: 20_000, files: 4000, bytes: 16_000_000, bytesOfOne: 512_000 }

/**
 * The texts of a project, as far as they may be playbooks, variables, templates or plugins: all below some directories, some files, and files
 * that these name by a whole path. A playbook is read only where it is one of the files: the others beside it are other runs. Undefined where that is too much, or something is too large, locked or closed to us.
 */
export function projectTexts(directories: readonly string[], files: readonly string[], vault: VaultSecrets): readonly string[] | undefined {
  const texts = new Map<string, string>()
  const given = new Set(files.map((file) => resolve(file)))
  let bytes = 0
  const read = (path: string): boolean => {
    if (texts.has(path)) return true
    const stat = statSync(path, { throwIfNoEntry: false })
    // Pipes and devices would keep us for ever.
    if (!stat?.isFile()) return true
    if (stat.size > MOST.bytesOfOne) return !isText(path)
    bytes += stat.size
    if (texts.size >= MOST.files || bytes > MOST.bytes) return false
    const text = textOf(path, vault)
    texts.set(path, text === undefined || (!given.has(path) && isPlaybook(text)) ? '' : text)
    return text !== undefined
  }
  try {
    const seen = { names: 0 }
    for (const directory of directories) for (const path of filesOf(directory, seen)) if (seen.names > MOST.names || !read(path)) return undefined
    for (const path of given) if (!read(path)) return undefined
    for (const path of [...texts.values()].flatMap(namedPaths)) if (!read(path)) return undefined
    return seen.names > MOST.names ? undefined : [...texts.values()]
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined
    throw error
  }
}

/** Bytes hold no language; undefined where a vault cannot be opened. */
function textOf(path: string, vault: VaultSecrets): string | undefined {
  try {
    const text = loadText(path, vault)
    return text.includes('\0') ? '' : text
  } catch (error) {
    if (!problemsOf(error)) throw error
    return readFileSync(path).subarray(0, 14).toString() === '$ANSIBLE_VAULT' ? undefined : ''
  }
}

/** Links are followed, circles of them not for ever. */
function* filesOf(directory: string, seen: { names: number }, depth = 0): Generator<string> {
  if (!existsSync(directory)) return
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (++seen.names > MOST.names) return
    const path = join(directory, entry.name)
    if (SKIPPED.has(entry.name)) continue
    if (entry.isDirectory() || isLinkedDirectory(entry, path)) yield* depth > 20 ? [] : filesOf(path, seen, depth + 1)
    else if (!NO_LANGUAGE.test(entry.name) && (!PROGRAM.test(entry.name) || path.includes('/templates/'))) yield path
  }
}

const isLinkedDirectory = (entry: Dirent, path: string): boolean => entry.isSymbolicLink() && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** By its beginning: it may be large. */
function isText(path: string): boolean {
  const [file, begin] = [openSync(path, 'r'), Buffer.alloc(4096)]
  try {
    return !begin.subarray(0, readSync(file, begin)).includes(0)
  } finally {
    closeSync(file)
  }
}

/** Playbooks, variables and templates that are named by a whole path. */
const namedPaths = (text: string): readonly string[] => [...text.matchAll(/(?<![\w.}/])\/[\w./-]+\.(?:j2|jinja2?|ya?ml)\b/g)].map(([path]) => path)
