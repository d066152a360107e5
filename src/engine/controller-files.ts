import { createHash } from 'node:crypto'
import { type Stats, existsSync, lstatSync, openSync, readFileSync, readSync, closeSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { homedir, hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import type { ControllerFile, Field } from '../schema/field.ts'
import { Problem } from '../problem/problem.ts'
import { bytesOfText, textOfBytes } from '../shell/bytes.ts'
import { splitWords } from '../shell/split-words.ts'
import { dateTimeAt, strftime } from '../template/python/date-time.ts'
import { renderText } from '../template/template.ts'
import { codecOf } from '../text/codec.ts'
import { isVaulted } from '../vault/vault.ts'
import { type Content, bytesContent, bytesOf, lazyContent, sha1, unknownContent } from '../value/content.ts'
import { type Dict, type Value, isDict, isUnknown, unknown } from '../value/value.ts'
import type { TaskCall } from './call.ts'
import { overScope } from './scopes.ts'
import { findFile, searchPaths } from './search-paths.ts'

/** Files up to this size are read at once; larger ones are hashed and streamed when needed. */
const IN_MEMORY = 8 * 1024 * 1024

/** Finds, reads and (where the field says so) renders a file of the controller, before the module sees it. */
export function controllerFileOf(field: Field, name: string, call: TaskCall, args: Dict): ControllerFile | string {
  // With `remote_src` the name is a path on the host.
  if (!field.file || isTrue(args.get('remote_src') ?? field.file.onHost)) return name
  if (name === '') throw new Problem({ code: 'missing-file', summary: 'no file is named', detail: `src of ${call.task.actionAsWritten} is empty`, said: 'src (or content) is required', span: call.task.argSpans.get('src') ?? call.task.span })
  const wanted = field.file.words ? splitWords(name)[0] ?? '' : name
  const { found, looked } = findFile(withHome(wanted), searchPaths(call.playRun.play, call.context, call.task, field.file.directory))
  if (!found) throw new Problem({ code: 'missing-file', summary: 'a file of the controller is missing', detail: `'${wanted}', looked for at ${looked.join(', ')}`, said: `Could not find or access '${wanted}'\nSearched in:\n${looked.map((path) => `\t${path}`).join('\n')} on the Ansible Controller.\nIf you are using a module and expect the file to exist on the remote, see the remote_src option`, span: call.task.argSpans.get('src') ?? call.task.span })
  const stat = statSync(found)
  if (stat.isDirectory() && !field.file.tree) throw new Problem({ code: 'is-a-directory', summary: 'a file is needed, and this is a directory', detail: found, said: `Source '${wanted}' is a directory`, span: call.task.argSpans.get('src') ?? call.task.span })
  if (stat.isDirectory()) return { name, path: found, kind: 'directory', mode: stat.mode & 0o7777, entries: treeOf(found, call, args) }
  const content = field.file.render ? rendered(found, call, args) : contentOf(found, call, args.get('decrypt') === false)
  return { name, path: found, kind: 'file', mode: stat.mode & 0o7777, content }
}

/** Options of a template that stand beside its path. */
const BESIDE = ['path', 'newline_sequence', 'block_start_string', 'block_end_string', 'variable_start_string', 'variable_end_string', 'comment_start_string', 'comment_end_string', 'trim_blocks', 'lstrip_blocks']

/** The files of a parameter that takes several: names, or dicts with a path and options of their own. */
export function controllerFilesOf(field: Field, value: Value, call: TaskCall): readonly ControllerFile[] {
  return (Array.isArray(value) ? (value as readonly Value[]) : [value]).map((one) => {
    if (isUnknown(one)) throw one
    const args: Dict = isDict(one) ? one : new Map([['path', one]])
    const [path, strange] = [args.get('path'), [...args.keys()].find((key) => !BESIDE.includes(String(key)))]
    if (isUnknown(path)) throw path
    if (typeof path !== 'string' || strange !== undefined) throw new Problem({ code: 'wrong-type', summary: 'a template is a path, or a dict with one', detail: strange === undefined ? 'path is missing' : `'${String(strange)}' is no option of it`, hint: `a dict has ${BESIDE.join(', ')}` })
    return controllerFileOf(field, path, call, args) as ControllerFile
  })
}

/** A file that stands somewhere inside a parameter. */
export function readControllerFile(name: string, call: TaskCall): Buffer {
  const file = controllerFileOf({ file: { directory: 'files', render: false, optional: true } } as Field, name, call, new Map())
  return typeof file === 'string' ? Buffer.alloc(0) : bytesOf(file)
}

/** `~` and `~user` of the controller. */
function withHome(path: string): string {
  const user = /^~([\w.-]*)(?=\/|$)/.exec(path)?.[1]
  if (user === undefined) return path
  const home = user === '' || user === userInfo().username ? homedir() : homeOf(user)
  return home === undefined ? path : home + path.slice(user.length + 1)
}

const homeOf = (user: string): string | undefined =>
  existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':')).find(([name]) => name === user)?.[5] : undefined

const isFalse = (value: Value | undefined): boolean => value === false || (typeof value === 'string' && /^(no|false|off|0)$/i.test(value))
const isTrue = (value: Value | undefined): boolean => value === true || (typeof value === 'string' && /^(yes|true|on|1)$/i.test(value))

function rendered(path: string, call: TaskCall, args: Dict): Content {
  const source = opened(readFileSync(path), call, path).toString('utf8')
  const text = renderText(source, overScope(call.scope, templateNames(path, call, args)), { file: path, ...templateOptions(args) })
  return isUnknown(text) ? unknownContent(text) : bytesContent(encoded(text, args.get('output_encoding'), path))
}

/** The text in the encoding that the task names; without one in UTF-8. */
function encoded(text: string, encoding: Value | undefined, file: string): Buffer | string {
  if (encoding === undefined || encoding === null || encoding === '') return text
  const codec = codecOf(String(encoding))
  if (!codec) throw new Problem({ code: 'unknown-encoding', summary: 'an encoding is not known', detail: String(encoding), said: `unknown encoding: ${String(encoding)}` })
  return codec.encode(text) ?? refuseEncoding(String(encoding), file)
}

function refuseEncoding(encoding: string, file: string): never {
  throw new Problem({ code: 'not-in-encoding', summary: 'a template has characters that its output_encoding does not have', detail: `${file} in ${encoding}` })
}

/** The text of the setting `ansible_managed`. Times are those of the template, so that a second run changes nothing. */
function managedBy(text: string | undefined, path: string, args: Dict): string {
  if (text === undefined) return 'Ansible managed'
  const names: Readonly<Record<string, string>> = { file: String(args.get('src') ?? path), host: hostname(), uid: userInfo().username }
  const filled = text.replace(/\{(file|host|uid)\}/g, (_all, name: string) => names[name]!)
  return strftime(filled, dateTimeAt(statSync(path).mtimeMs, false))
}

/** Names that a template file has besides the variables. */
function templateNames(path: string, { playRun: { run }, scope }: TaskCall, args: Dict): (name: string) => Value | undefined {
  return (name) => {
    switch (name) {
      case 'ansible_managed': return scope.get(name) ?? managedBy(run.settings.managed, path, args)
      case 'template_host': return hostname()
      case 'template_uid': return userInfo().username
      case 'template_path': return String(args.get('src') ?? path)
      case 'template_fullpath': return path
      case 'template_destpath': return args.get('dest') ?? null
      case 'template_run_date': return run.settings.check ? unknown('the time of the run') : new Date().toISOString().replace('T', ' ').replace('Z', '000')
      case 'template_mtime': return statSync(path).mtime.toISOString().replace('T', ' ').replace('Z', '000')
      default: return undefined
    }
  }
}

/** Options of the `template` module that decide how the text is made. */
function templateOptions(args: Dict): Readonly<Record<string, unknown>> {
  const names = { trim_blocks: 'trimBlocks', lstrip_blocks: 'lstripBlocks', newline_sequence: 'newlineSequence', block_start_string: 'blockStart', block_end_string: 'blockEnd', variable_start_string: 'variableStart', variable_end_string: 'variableEnd', comment_start_string: 'commentStart', comment_end_string: 'commentEnd' }
  return Object.fromEntries(Object.entries(names).flatMap(([name, option]) => {
    const value = args.get(name)
    return value === undefined || value === null ? [] : [[option, name.endsWith('_blocks') ? isTrue(value) : String(value).replaceAll('\\n', '\n').replaceAll('\\r', '\r')]]
  }))
}

function opened(bytes: Buffer, { playRun: { run } }: TaskCall, path: string): Buffer {
  if (!isVaulted(bytes.subarray(0, 40).toString('latin1'))) return bytes
  try {
    return Buffer.from(run.openVault(bytes.toString('latin1')), 'utf8')
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.code !== 'vault-no-secret') throw thrown
    throw new Problem({ code: thrown.code, summary: 'a file in the Vault format cannot be opened', detail: `${path}: no vault password is given`, hint: 'name one with --vault-password-file, or ask for it with --ask-vault-pass', said: `A vault password or secret must be specified to decrypt ${path}` })
  }
}

const hashes = new Map<string, string>()

function contentOf(path: string, call: TaskCall, keepVault: boolean, { size, mtimeMs } = statSync(path)): Content {
  if (size <= IN_MEMORY || !path.isWellFormed()) {
    const bytes = keepVault ? readFileSync(onDisk(path)) : opened(readFileSync(onDisk(path)), call, path)
    return { kind: 'bytes', bytes, sha1: sha1(bytes) }
  }
  const key = `${path} ${size} ${mtimeMs}`
  let hash = hashes.get(key)
  if (!hash) hashes.set(key, (hash = hashFile(path)))
  return { kind: 'controller', file: path, size, sha1: hash }
}

function hashFile(path: string): string {
  const hash = createHash('sha1')
  const file = openSync(path, 'r')
  const buffer = Buffer.alloc(1 << 20)
  for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) hash.update(buffer.subarray(0, read))
  closeSync(file)
  return hash.digest('hex')
}

/** What is in a directory of the controller. It may change while it is read, or be closed to us. */
function treeOf(root: string, call: TaskCall, args: Dict): NonNullable<ControllerFile['entries']> {
  return readable(call, () => entriesOf(root, '', call, !isFalse(args.get('local_follow'))))
}

function readable<T>(call: TaskCall, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    if (!(thrown instanceof Error) || !('syscall' in thrown)) throw thrown
    throw new Problem({ code: 'file-unreadable', summary: 'a directory of the controller cannot be read', detail: thrown.message, span: call.task.argSpans.get('src') ?? call.task.span })
  }
}

/** Read only when asked for: the host can list what it has in the meantime. */
const treeContent = (path: string, call: TaskCall, stat: Stats): Content =>
  stat.size <= IN_MEMORY || !path.isWellFormed() ? lazyContent(() => readable(call, () => opened(readFileSync(onDisk(path)), call, path))) : contentOf(path, call, false, stat)

/**
 * With `follow`, what links of the tree lead to stands in their place: `local_follow`. A link that leads nowhere, or back to a
 * directory that it stands in, stays a link.
 */
function entriesOf(root: string, below: string, call: TaskCall, follow: boolean, above: readonly string[] = []): NonNullable<ControllerFile['entries']> {
  const chain = [...above, realpathSync(onDisk(join(root, below)))]
  const inside = namesIn(join(root, below)).sort().map((name) => {
    const path = below === '' ? name : `${below}/${name}`
    const own = lstatSync(onDisk(`${root}/${path}`))
    return { path, stat: own.isSymbolicLink() && follow && leadsOn(join(root, path), chain) ? statSync(onDisk(`${root}/${path}`)) : own }
  })
  // Files before directories: what is wrong is told of the nearest file.
  return [...inside.filter(({ stat }) => !stat.isDirectory()), ...inside.filter(({ stat }) => stat.isDirectory())].flatMap(({ path, stat }): NonNullable<ControllerFile['entries']> => {
    const mode = stat.mode & 0o7777
    if (stat.isSymbolicLink()) return [{ path, kind: 'link', mode, target: textOfBytes(readlinkSync(onDisk(join(root, path)), { encoding: 'buffer' })) }]
    if (stat.isDirectory()) return [{ path, kind: 'directory', mode }, ...entriesOf(root, path, call, follow, chain)]
    return stat.isFile() ? [{ path, kind: 'file', mode, content: treeContent(`${root}/${path}`, call, stat) }] : []
  })
}

/** A name that is not UTF-8 is found by its bytes. */
const onDisk = (path: string): string | Buffer => (path.isWellFormed() ? path : bytesOfText(path))

function namesIn(directory: string): string[] {
  const names = readdirSync(onDisk(directory))
  return names.some((name) => name.includes('\ufffd')) ? readdirSync(onDisk(directory), { encoding: 'buffer' }).map(textOfBytes) : names
}

function leadsOn(path: string, chain: readonly string[]): boolean {
  try {
    return !chain.includes(realpathSync(onDisk(path)))
  } catch {
    return false
  }
}
