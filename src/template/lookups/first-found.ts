import path from 'node:path'
import { isDict, type Value } from '../../value/value.ts'
import { flag, isList } from '../python/kind.ts'
import { str } from '../python/text.ts'
import type { Keywords, LookupContext } from '../scope.ts'
import { fail } from '../template-error.ts'
import { Undefined } from '../undefined.ts'
import { findFile, lookup } from './define-lookup.ts'

interface Candidate {
  readonly name: string
  readonly folder: string
}
/** Names and folders as lists, or as text with commas and the like between them; undefined ones are passed over. */
function texts(value: Value | undefined, between: RegExp): string[] {
  if (value === undefined || value === null || value instanceof Undefined) return []
  if (isList(value)) return Array.from(value).flatMap((one) => texts(one, between))
  return str(value).split(between).map((one) => one.trim()).filter(Boolean)
}
const FILES = /[,;]/
const PATHS = /[,:;]/
const each = (files: readonly string[], folders: readonly string[]): Candidate[] =>
  (folders.length ? folders : ['']).flatMap((folder) => files.map((name) => ({ name, folder })))

/** What one term adds. */
function candidatesOf(term: Value, options: Keywords): { candidates: Candidate[]; skip: boolean } {
  if (term instanceof Undefined) return { candidates: [], skip: false }
  if (isList(term)) {
    const inner = Array.from(term, (one) => candidatesOf(one, options))
    return { candidates: inner.flatMap(({ candidates }) => candidates), skip: inner.some(({ skip }) => skip) }
  }
  if (typeof term === 'string') return { candidates: each([term], texts(options['paths'], PATHS)), skip: false }
  if (!isDict(term)) return fail(`Invalid term supplied, can handle string, mapping or list of strings but got: ${str(term)}`)
  const [files, paths] = [texts(term.get('files') ?? options['files'], FILES), texts(term.get('paths') ?? options['paths'], PATHS)]
  return { candidates: each(files, paths), skip: flag(term.get('skip')) }
}

/** `first_found` takes names, lists, and dicts of `files`, `paths` and `skip`. */
function firstFound(terms: readonly Value[], options: Keywords, context: LookupContext): Value[] {
  const all = (terms.length ? terms : [new Map<Value, Value>()]).map((term) => candidatesOf(term, options))
  const candidates = all.flatMap((one) => one.candidates)
  const subdir = context.firstFoundSubdir ?? 'files'
  for (const { name, folder } of candidates) {
    const found = findFile(context, subdir, path.join(folder, name))
    if (found !== undefined) return [found]
  }
  if (flag(options['skip']) || all.some(({ skip }) => skip)) return []
  return fail(`No file was found when using first_found: ${candidates.map(({ name, folder }) => path.join(folder, name)).join(', ')}`)
}

export const firstFoundLookups = [lookup('first_found', 'files paths skip', firstFound)]
