import type { Value } from '../../value/value.ts'
import { printf } from '../python/printf.ts'
import { str } from '../python/text.ts'
import type { Keywords } from '../scope.ts'
import { fail } from '../template-error.ts'
import { lookup, splitOptions } from './define-lookup.ts'

const OPTIONS = ['start', 'end', 'count', 'stride', 'format']
/** `start-end/stride:format`; whether the parts are numbers is said by name later. */
const SHORT = /^(?:([^-/:=\s]+)-)?([^-/:=\s]+)(?:\/(-?[^/:=\s]+))?(?::(.*))?$/

/** `start=1 end=5 stride=2 format=host%02d`, or short: `1-5/2:host%02d`. */
function sequence(term: Value, options: Keywords): Value[] {
  const { words, options: inline } = splitOptions(term)
  const unknown = [...inline.keys()].filter((name) => !OPTIONS.includes(name))
  if (unknown.length) fail(`unrecognized arguments to with_sequence: [${unknown.map((name) => `'${name}'`).join(', ')}]`)
  const text = words.join(' ')
  const [, shortStart, shortEnd, shortStride, shortFormat] = SHORT.exec(text) ?? (text === '' ? [] : fail(`unknown error parsing with_sequence arguments: '${text}'`))
  const given = (name: string, short: string | undefined): string | undefined =>
    inline.get(name) ?? (options[name] === undefined || options[name] === null ? short : str(options[name]))
  const number = (name: string, short: string | undefined): number | undefined => {
    const found = given(name, short)
    return found === undefined || /^-?(\d+|0x[\da-f]+|0o[0-7]+)$/i.test(found) ? found === undefined ? undefined : wholeNumber(found) : fail(`Invalid type for option '${name}' of a sequence: '${found}' is not a whole number`)
  }
  const start = number('start', shortStart) ?? 1
  const count = number('count', undefined)
  const end = number('end', shortEnd)
  if (count === undefined && end === undefined) return fail('must specify count or end in with_sequence')
  if (count !== undefined && end !== undefined) return fail("can't specify both count and end in with_sequence")
  const stride = number('stride', shortStride) ?? 1
  if (count === 0 || stride === 0) return []
  return counted(start, end ?? start + count! * stride - 1, stride, given('format', shortFormat) ?? '%d')
}
const wholeNumber = (text: string): number => (text.startsWith('-') ? -Number(text.slice(1)) : Number(text))

function counted(start: number, end: number, stride: number, format: string): Value[] {
  if (stride > 0 && end < start) return fail('to count backwards make stride negative')
  if (stride < 0 && end > start) return fail("to count forward don't make stride negative")
  if (!format.includes('%')) return fail(`bad formatting string: ${format}`)
  const numbers: Value[] = []
  for (let at = start; stride > 0 ? at <= end : at >= end; at += stride) numbers.push(printf(format, at))
  return numbers
}

export const sequenceLookups = [
  lookup('sequence', OPTIONS.join(' '), (terms, options) => (terms.length ? terms : ['']).flatMap((term) => sequence(term, options))),
]
