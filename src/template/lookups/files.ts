import { existsSync, globSync, lstatSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import path from 'node:path'
import { isDict, isUnknown, type Value } from '../../value/value.ts'
import { expandUser } from '../filters/path.ts'
import { withVariables } from '../layered-scope.ts'
import { flag, float, isList } from '../python/kind.ts'
import { str } from '../python/text.ts'
import type { Keywords, LookupContext } from '../scope.ts'
import { renderText, type TextOptions } from '../template.ts'
import { fail } from '../template-error.ts'
import { findFile, getFile, lookup, optionText, readText, splitTerm } from './define-lookup.ts'

function readFile(term: Value, options: Keywords, context: LookupContext): Value {
  const text = readText(context, getFile(context, 'files', str(term)))
  const right = flag(options['rstrip'], true) ? text.trimEnd() : text
  return flag(options['lstrip']) ? right.trimStart() : right
}

function template(term: Value, options: Keywords, context: LookupContext): Value {
  const file = getFile(context, 'templates', str(term))
  const extra = options['template_vars']
  const scope = isDict(extra) ? withVariables(context.scope, new Map([...extra].map(([key, value]) => [str(key), value]))) : context.scope
  return renderText(readText(context, file), scope, { file, ...syntaxOf(options) })
}
const MARKS = {
  variable_start_string: 'variableStart', variable_end_string: 'variableEnd', block_start_string: 'blockStart', block_end_string: 'blockEnd',
  comment_start_string: 'commentStart', comment_end_string: 'commentEnd',
} as const
function syntaxOf(options: Keywords): TextOptions {
  const marks = Object.entries(MARKS).filter(([name]) => typeof options[name] === 'string').map(([name, key]) => [key, options[name]])
  return {
    ...(Object.fromEntries(marks) as TextOptions),
    trimBlocks: flag(options['trim_blocks'], true),
    lstripBlocks: flag(options['lstrip_blocks']),
  }
}

function glob(term: Value, context: LookupContext): string[] {
  const pattern = expandUser(str(term))
  const folder = path.dirname(pattern)
  const found = path.isAbsolute(pattern) ? folder : path.dirname(pattern) === '.' ? searched(context, pattern) : findFile(context, 'files', folder)
  if (found === undefined) return []
  return globSync(path.join(found, path.basename(pattern))).filter((file) => statSync(file).isFile()).sort()
}
/** A bare pattern: the first folder that has a match. */
const searched = (context: LookupContext, pattern: string): string | undefined =>
  context.searchPaths('files').find((folder) => globSync(path.join(folder, pattern)).length > 0)

/** `first_found` takes names, lists, and dicts of `files`, `paths` and `skip`. */
function firstFound(terms: readonly Value[], options: Keywords, context: LookupContext): Value[] {
  const candidates: { name: string; folder: string }[] = []
  let skip = flag(options['skip'])
  const texts = (value: Value | undefined): string[] =>
    value === undefined || value === null ? []
      : isList(value) ? Array.from(value).flatMap((one) => texts(one))
        : str(value).split(/[,;]/).map((one) => one.trim()).filter(Boolean)
  const add = (files: readonly string[], paths: readonly string[]): void => {
    for (const folder of paths.length ? paths : ['']) for (const name of files) candidates.push({ name, folder })
  }
  const collect = (term: Value): void => {
    if (isList(term)) return Array.from(term).forEach(collect)
    if (!isDict(term)) return add([str(term)], texts(options['paths']))
    const [files, paths] = [texts(term.get('files')), texts(term.get('paths'))]
    add(files.length ? files : paths, files.length ? paths : [])
    skip ||= flag(term.get('skip'))
  }
  if (options['files'] !== undefined) add(texts(options['files']), texts(options['paths']))
  terms.forEach(collect)
  const subdir = context.firstFoundSubdir ?? 'files'
  for (const { name, folder } of candidates) {
    const found = findFile(context, subdir, path.join(folder, name))
    if (found !== undefined) return [found]
  }
  return skip ? [] : fail(`none of the files is there: ${candidates.map(({ name, folder }) => path.join(folder, name)).join(', ')}`)
}

let names: { readonly users: ReadonlyMap<number, string>; readonly groups: ReadonlyMap<number, string> } | undefined
function idNames(): NonNullable<typeof names> {
  const read = (file: string): Map<number, string> => {
    const rows = (existsSync(file) ? readFileSync(file, 'utf8') : '').split('\n').map((line) => line.split(':'))
    return new Map(rows.filter((parts) => parts.length > 2).map(([name, , id]) => [Number(id), name!]))
  }
  return (names ??= { users: read('/etc/passwd'), groups: read('/etc/group') })
}
/** Everything below a folder, as `filetree` describes it. */
function tree(root: string, below = ''): Value[] {
  return readdirSync(path.join(root, below)).sort().flatMap((name) => {
    const relative = path.join(below, name)
    const file = path.join(root, relative)
    const stat = lstatSync(file)
    const state = stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'link' : 'file'
    const entry = new Map<Value, Value>([
      ['root', root], ['path', relative], ['src', state === 'link' ? readlinkSync(file) : file], ['state', state], ['mode', `0${(stat.mode & 0o7777).toString(8)}`],
      ['uid', stat.uid], ['gid', stat.gid], ['owner', idNames().users.get(stat.uid) ?? stat.uid], ['group', idNames().groups.get(stat.gid) ?? stat.gid],
      ['size', stat.size], ['mtime', float(stat.mtimeMs / 1000)], ['ctime', float(stat.ctimeMs / 1000)],
    ])
    return [entry, ...(state === 'directory' ? tree(root, relative) : [])]
  })
}

/** Rows of a CSV file; quotes keep delimiters and are doubled inside. */
function csvRows(text: string, delimiter: string): string[][] {
  const mark = delimiter.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^${mark}"\\n]*))(${mark}|\\r?\\n|$)`, 'y')
  const rows: string[][] = [[]]
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text) ?? fail('the CSV file cannot be read')
    rows.at(-1)!.push(match[1]?.replaceAll('""', '"') ?? match[2]!)
    if (match[3] !== delimiter && cell.lastIndex < text.length) rows.push([])
  }
  return rows
}
function csv(term: Value, options: Keywords, context: LookupContext): Value[] {
  const { text: key, options: inline } = splitTerm(term, ['file', 'delimiter', 'col', 'default', 'keycol'])
  const option = (name: string, fallback: string): string => inline.get(name) ?? optionText(options, name, fallback)
  const delimiter = option('delimiter', 'TAB').replace(/^(TAB|\\t|t)$/, '\t')
  const rows = csvRows(readText(context, getFile(context, 'files', option('file', 'ansible.csv'))), delimiter)
  const row = rows.find((one) => one[Number(option('keycol', '0'))] === key)
  if (row) return [row[Number(option('col', '1'))] ?? fail(`the CSV file has no column ${option('col', '1')}`)]
  const fallback = inline.get('default') ?? options['default']
  return fallback === undefined ? [] : [fallback]
}

/** Entries of an INI file, or of a Java properties file (one section without a name). */
function iniEntries(text: string, section: string, type: string, caseSensitive: boolean): Map<string, string> {
  const entries = new Map<string, string>()
  let inside = type === 'properties'
  let last: string | undefined
  for (const line of text.split(/\r?\n/)) {
    const [, head] = /^\[([^\]]+)\]/.exec(line) ?? []
    const [, key, value] = /^([^=:\s][^=:]*?)\s*[=:]\s*(.*)$/.exec(line) ?? []
    if (/^\s*([#;].*)?$/.test(line)) last = undefined
    else if (head !== undefined) inside = head === section
    else if (inside && /^\s/.test(line) && last !== undefined) entries.set(last, `${entries.get(last)}\n${line.trim()}`)
    else if (inside && key !== undefined) entries.set((last = caseSensitive ? key : key.toLowerCase()), value!)
  }
  return entries
}
function ini(term: Value, options: Keywords, context: LookupContext): Value[] {
  const { text: key, options: inline } = splitTerm(term, ['type', 'section', 'file', 're', 'default', 'case_sensitive'])
  const option = (name: string, fallback: string): string => inline.get(name) ?? optionText(options, name, fallback)
  const cased = /^(true|yes|1)$/i.test(option('case_sensitive', 'false'))
  const text = readText(context, getFile(context, 'files', option('file', 'ansible.ini')))
  const entries = iniEntries(text, option('section', 'global'), option('type', 'ini'), cased)
  if (/^(true|yes|1)$/i.test(option('re', 'false'))) {
    const pattern = new RegExp(key, cased ? '' : 'i')
    return [...entries].filter(([name]) => pattern.test(name)).map(([, value]) => value)
  }
  const found = entries.get(cased ? key : key.toLowerCase())
  const fallback = inline.get('default') ?? options['default']
  return [found ?? fallback ?? '']
}

export const fileLookups = [
  lookup('file', 'rstrip lstrip', (terms, options, context) => terms.map((term) => readFile(term, options, context))),
  lookup('template', `convert_data jinja2_native template_vars trim_blocks lstrip_blocks ${Object.keys(MARKS).join(' ')}`, (terms, options, context) => terms.map((term) => template(term, options, context))),
  lookup('unvault', '', (terms, _options, context) => terms.map((term) => readText(context, getFile(context, 'files', str(term))))),
  lookup('fileglob', '', (terms, _options, context) => terms.flatMap((term) => (isList(term) ? Array.from(term) : [term])).flatMap((term) => glob(term, context))),
  lookup('first_found', 'files paths skip', firstFound),
  lookup('filetree community.general.filetree', 'exclude', (terms, { exclude }, context) => {
    const hidden = exclude === undefined ? undefined : new RegExp(str(exclude))
    const all = terms.map((term) => findFile(context, 'files', str(term))).filter((root) => root !== undefined).flatMap((root) => tree(root))
    const seen = new Set<string>()
    return all.filter((entry) => {
      const name = isDict(entry) ? str(entry.get('path')!) : ''
      return !isUnknown(entry) && !hidden?.test(path.basename(name)) && !seen.has(name) && !!seen.add(name)
    })
  }),
  lookup('csvfile', 'file delimiter col default keycol', (terms, options, context) => terms.flatMap((term) => csv(term, options, context))),
  lookup('ini', 'type section file re default case_sensitive', (terms, options, context) => terms.flatMap((term) => ini(term, options, context))),
]
