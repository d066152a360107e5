import { existsSync, globSync, lstatSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import path from 'node:path'
import { isDict, isUnknown, type Value } from '../../value/value.ts'
import { expandUser } from '../filters/path.ts'
import { withVariables } from '../layered-scope.ts'
import { parseCsv } from '../python/csv.ts'
import { flag, float, isList } from '../python/kind.ts'
import { str } from '../python/text.ts'
import type { Keywords, LookupContext } from '../scope.ts'
import { renderText, type TextOptions } from '../template.ts'
import { fail } from '../template-error.ts'
import { parseLiteral } from '../literal.ts'
import { findFile, getFile, lookup, optionsOfTerm, readText } from './define-lookup.ts'

function readFile(term: Value, options: Keywords, context: LookupContext): Value {
  const text = readText(context, getFile(context, 'files', str(term)))
  const right = flag(options['rstrip'], true) ? text.trimEnd() : text
  return flag(options['lstrip']) ? right.trimStart() : right
}

function template(term: Value, options: Keywords, context: LookupContext): Value {
  const file = getFile(context, 'templates', str(term))
  const extra = options['template_vars']
  const scope = isDict(extra) ? withVariables(context.scope, new Map([...extra].map(([key, value]) => [str(key), value]))) : context.scope
  const text = renderText(readText(context, file), scope, { file, ...syntaxOf(options) })
  return flag(options['convert_data'], true) && typeof text === 'string' ? parseLiteral(text) ?? text : text
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

const CSV = ['file', 'delimiter', 'col', 'default', 'keycol', 'encoding']
function csv(term: Value, options: Keywords, context: LookupContext): Value[] {
  const { key, option, value } = optionsOfTerm(term, options, CSV)
  if (key === '') return fail('Search key is required but was not found')
  const delimiter = option('delimiter', 'TAB').replace(/^(TAB|\\t|t)$/, '\t').replace(/^\\x([\da-f]{2})$/i, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  const column = (name: string, fallback: string): number => (/^-?\d+$/.test(option(name, fallback)) ? Number(option(name, fallback)) : fail(`csvfile: '${name}' is not a whole number: '${option(name, fallback)}'`))
  const file = option('file', 'ansible.csv')
  const rows = parseCsv(readText(context, findFile(context, 'files', file) ?? fail(`csvfile: No such file or directory: '${file}'`), option('encoding', 'utf-8')), { delimiter })
  const row = rows.find((one) => one.length > 0 && one.at(column('keycol', '0')) === key)
  if (row) return [row.at(column('col', '1')) ?? fail(`csvfile: list index out of range: the file has no column ${option('col', '1')}`)]
  const fallback = value('default')
  return fallback === undefined ? [] : [fallback]
}

export const fileLookups = [
  lookup('file', 'rstrip lstrip', (terms, options, context) => terms.map((term) => readFile(term, options, context))),
  lookup('template', `convert_data jinja2_native template_vars trim_blocks lstrip_blocks ${Object.keys(MARKS).join(' ')}`, (terms, options, context) => terms.map((term) => template(term, options, context))),
  lookup('unvault', '', (terms, _options, context) => terms.map((term) => readText(context, getFile(context, 'files', str(term))))),
  lookup('fileglob', '', (terms, _options, context) => terms.flatMap((term) => (isList(term) ? Array.from(term) : [term])).flatMap((term) => glob(term, context))),
  lookup('filetree community.general.filetree', 'exclude', (terms, { exclude }, context) => {
    const hidden = exclude === undefined ? undefined : new RegExp(str(exclude))
    const all = terms.map((term) => findFile(context, 'files', str(term))).filter((root) => root !== undefined).flatMap((root) => tree(root))
    const seen = new Set<string>()
    return all.filter((entry) => {
      const name = isDict(entry) ? str(entry.get('path')!) : ''
      return !isUnknown(entry) && !hidden?.test(path.basename(name)) && !seen.has(name) && !!seen.add(name)
    })
  }),
  lookup('csvfile', CSV.join(' '), (terms, options, context) => (terms.length ? terms : ['']).flatMap((term) => csv(str(term), options, context))),
]
