import type { Value } from '../value/value.ts'
import { own } from './own.ts'
import { compare } from './python/compare.ts'
import { tuple } from './python/kind.ts'
import { fail } from './template-error.ts'

type Comparison = (a: string, b: string) => number

/** `1.2rc3` as numbers and words in turn; comparing a number with a word raises, as Python's LooseVersion does. */
const loose = (version: string): Value[] => version.split(/(\d+|[a-z]+|\.)/).filter((part) => part && part !== '.').map((part) => (/^\d+$/.test(part) ? Number(part) : part))
export const compareLoose: Comparison = (a, b) => compare(loose(a), loose(b))

function strictParts(version: string): Value {
  const [, major, minor, patch, kind, number] = /^(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?$/.exec(version) ?? fail(`'${version}' is not a strict version`)
  return tuple([Number(major), Number(minor), Number(patch ?? 0), kind ?? 'z', Number(number ?? 0)])
}
const compareStrict: Comparison = (a, b) => compare(strictParts(a), strictParts(b))

const compareSemantic: Comparison = (a, b) => {
  const parts = (version: string): RegExpExecArray => /^(\d+)\.(\d+)\.(\d+)(?:-([^+]+))?(?:\+.*)?$/.exec(version) ?? fail(`'${version}' is not a semantic version`)
  const [x, y] = [parts(a), parts(b)]
  for (const index of [1, 2, 3]) if (Number(x[index]) !== Number(y[index])) return Number(x[index]) - Number(y[index])
  if (!x[4] || !y[4]) return x[4] ? -1 : y[4] ? 1 : 0
  return comparePrerelease(x[4].split('.'), y[4].split('.'))
}
function comparePrerelease(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i]!, b[i]!]
    const [numberX, numberY] = [/^\d+$/.test(x), /^\d+$/.test(y)]
    if (x === y) continue
    // Numbers come before words.
    return numberX && numberY ? Number(x) - Number(y) : numberX ? -1 : numberY ? 1 : x < y ? -1 : 1
  }
  return a.length - b.length
}

const RELEASES: Readonly<Record<string, number>> = { a: 1, alpha: 1, b: 2, beta: 2, c: 3, rc: 3, pre: 3, preview: 3 }
const PEP440 = /^\s*v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|beta|preview|pre|rc|a|b|c)[-_.]?(\d*))?(?:(?:[-_.]?(?:post|rev|r)[-_.]?(\d*))|-(\d+))?(?:[-_.]?dev[-_.]?(\d*))?(?:\+([a-z0-9.]+))?\s*$/i
function pepParts(version: string): Value[] {
  const match = PEP440.exec(version) ?? fail(`'${version}' is not a version of PEP 440`)
  const [, epoch, release = '', stage, stageNumber, post, bare] = match
  const [isPost, dev] = [post !== undefined || bare !== undefined, match[7]]
  const numbers = release.split('.').map(Number)
  while (numbers.length > 1 && numbers.at(-1) === 0) numbers.pop()
  const rank = stage ? RELEASES[stage.toLowerCase()]! : dev !== undefined && !isPost ? 0 : 4
  return [Number(epoch ?? 0), numbers, rank, Number(stageNumber || 0), isPost ? Number(post || bare || 0) : -1, dev === undefined ? Infinity : Number(dev || 0)]
}
const comparePep440: Comparison = (a, b) => compare(pepParts(a), pepParts(b))

const OPERATORS: Readonly<Record<string, (order: number) => boolean>> = {
  '==': (order) => order === 0, '=': (order) => order === 0, 'eq': (order) => order === 0,
  '!=': (order) => order !== 0, '<>': (order) => order !== 0, 'ne': (order) => order !== 0,
  '<': (order) => order < 0, 'lt': (order) => order < 0, '<=': (order) => order <= 0, 'le': (order) => order <= 0,
  '>': (order) => order > 0, 'gt': (order) => order > 0, '>=': (order) => order >= 0, 'ge': (order) => order >= 0,
}
const TYPES: Readonly<Record<string, Comparison>> = { loose: compareLoose, strict: compareStrict, semver: compareSemantic, semantic: compareSemantic, pep440: comparePep440 }

/** Ansible's `version` test. */
export function versionHolds(version: string, other: string, operator: string, type: string): boolean {
  const holds = own(OPERATORS, operator) ?? fail(`'${operator}' is not an operator of versions; known are ${Object.keys(OPERATORS).join(', ')}`)
  const comparison = own(TYPES, type) ?? fail(`'${type}' is not a kind of version; known are ${Object.keys(TYPES).join(', ')}`)
  if (version === '') return fail('Input version value cannot be empty')
  if (other === '') return fail('Version parameter to compare against cannot be empty')
  return holds(comparison(version, other))
}
