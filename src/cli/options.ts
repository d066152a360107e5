import { didYouMean } from '../problem/did-you-mean.ts'
import { Problem } from '../problem/problem.ts'

/** One option of a command, as data: the parser and the help are made of it. `T` is the type of its value, only a type. */
export interface Option<T = unknown> {
  readonly kind: 'flag' | 'count' | 'text' | 'integer' | 'list' | 'choice'
  /** Short and long spellings: `-i`, `--inventory`. */
  readonly names: readonly string[]
  /** What stands for the value in the help. */
  readonly value: string
  readonly summary: string
  readonly choices?: readonly string[]
  /** Known to Ansible, and refused here: the sentence says why and what to do. */
  readonly refused?: string
  /** Accepted because scripts pass it, and without meaning here: the sentence says why. */
  readonly inert?: string
  readonly $type?: T
}
export type Options = Readonly<Record<string, Option>>
export type Values<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never }

export interface Parsed<O extends Options> {
  readonly values: Values<O>
  readonly operands: readonly string[]
  readonly help: boolean
  /** Names of inert options that were given. */
  readonly inert: readonly Option[]
}

type Rest = Pick<Option, 'choices' | 'refused' | 'inert'>
const option = <T>(kind: Option['kind'], names: string, value: string, summary: string, rest: Rest = {}): Option<T> => ({ kind, names: names.split(' '), value, summary, ...rest })
export const flag = (names: string, summary: string, rest?: Rest) => option<boolean>('flag', names, '', summary, rest)
export const count = (names: string, summary: string) => option<number>('count', names, '', summary)
export const text = (names: string, value: string, summary: string, rest?: Rest) => option<string | undefined>('text', names, value, summary, rest)
export const integer = (names: string, value: string, summary: string) => option<number | undefined>('integer', names, value, summary)
/** Given as often as wanted. */
export const list = (names: string, value: string, summary: string, rest?: Rest) => option<readonly string[]>('list', names, value, summary, rest)
export const choice = <const C extends string>(names: string, choices: readonly C[], summary: string) => option<C | undefined>('choice', names, choices.join('|'), summary, { choices })

/** Bad use of the command line: exit code 5, as ansible-playbook has it. */
export class UsageProblem extends Problem {}

const wrong = (summary: string, detail: string, hint?: string): never => {
  throw new UsageProblem({ code: 'bad-option', summary, detail, ...(hint ? { hint } : {}) })
}

/**
 * Reads arguments: options anywhere, `--opt value` and `--opt=value`, short flags together (`-CDvv`), a value right behind a short
 * option (`-f20`), unique beginnings of long names, `--` before operands. Throws a `UsageProblem`.
 */
export function parseOptions<const O extends Options>(options: O, args: readonly string[]): Parsed<O> {
  const found: Record<string, unknown> = Object.fromEntries(Object.entries(options).map(([key, { kind }]) => [key, EMPTY[kind]]))
  const operands: string[] = []
  const inert = new Set<Option>()
  let help = false
  const rest = [...args]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      operands.push(...rest.splice(0))
    } else if (arg === '-h' || arg === '--help') help = true
    else if (arg.startsWith('--')) {
      const equals = arg.indexOf('=')
      const [key, one] = findLong(options, equals < 0 ? arg : arg.slice(0, equals))
      take(found, key, one, equals < 0 ? undefined : arg.slice(equals + 1), rest, inert)
    } else if (arg.startsWith('-') && arg.length > 1) takeShorts(options, found, arg, rest, inert)
    else operands.push(arg)
  }
  return { values: found as Values<O>, operands, help, inert: [...inert] }
}

const EMPTY = { flag: false, count: 0, text: undefined, integer: undefined, list: [], choice: undefined } as const

function findLong(options: Options, name: string): [string, Option] {
  const all = Object.entries(options)
  const exact = all.find(([, { names }]) => names.includes(name))
  if (exact) return exact
  const longs = all.flatMap(([key, one]) => one.names.filter((long) => long.startsWith(name)).map((long) => [key, one, long] as const))
  const keys = new Set(longs.map(([key]) => key))
  if (keys.size === 1) return [longs[0]![0], longs[0]![1]]
  if (keys.size > 1) return wrong('The option could mean several', `${name}: ${longs.map(([, , long]) => long).join(', ')}`)
  return wrong('There is no such option', name, didYouMean(name, [...all.flatMap(([, { names }]) => names.filter((long) => long.startsWith('--'))), '--help']))
}

/** `-CDf20`: flags, then perhaps one with a value, which is the rest or the next argument. */
function takeShorts(options: Options, found: Record<string, unknown>, arg: string, rest: string[], inert: Set<Option>): void {
  for (let at = 1; at < arg.length; at++) {
    const name = `-${arg[at]}`
    const entry = Object.entries(options).find(([, { names }]) => names.includes(name))
    if (!entry) return wrong('There is no such option', name, '`--help` shows them all')
    const [key, one] = entry
    if (one.kind === 'flag' || one.kind === 'count') {
      take(found, key, one, undefined, rest, inert)
      continue
    }
    const attached = arg.slice(at + 1).replace(/^=/, '')
    return take(found, key, one, attached === '' ? undefined : attached, rest, inert)
  }
}

function take(found: Record<string, unknown>, key: string, one: Option, attached: string | undefined, rest: string[], inert: Set<Option>): void {
  const name = one.names.at(-1)!
  if (one.refused) return wrong('The option is not offered', name, one.refused)
  if (one.inert) inert.add(one)
  if (one.kind === 'flag' || one.kind === 'count') {
    if (attached !== undefined) return wrong('The option takes no value', `${name}=${attached}`)
    found[key] = one.kind === 'flag' ? true : (found[key] as number) + 1
    return
  }
  const value = attached ?? rest.shift()
  if (value === undefined) return wrong('The option needs a value', `${name} ${one.value}`)
  found[key] = convert(one, name, value, found[key])
}

function convert(one: Option, name: string, value: string, before: unknown): unknown {
  if (one.kind === 'list') return [...(before as readonly string[]), value]
  if (one.kind === 'integer') return /^-?\d+$/.test(value) ? Number(value) : wrong('The option needs a number', `${name} ${value}`)
  if (one.kind === 'choice' && !one.choices?.includes(value)) return wrong('The option has no such value', `${name} ${value}`, didYouMean(value, one.choices ?? []) ?? `one of ${one.choices?.join(', ')}`)
  return value
}
