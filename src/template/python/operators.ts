import { Tuple, type Value } from '../../value/value.ts'
import { fail } from '../template-error.ts'
import { need } from '../unknown-reached.ts'
import { DateTime, TimeDelta } from './date-time.ts'
import { float, int, isFloat, isInt, isList, isNumber, numberOf, tuple, typeName, wholeOf } from './kind.ts'
import { printf } from './printf.ts'

/** `a + b` and its like, by Python's rules. */
export function calculate(operator: string, left: Value, right: Value): Value {
  if (typeof left === 'number' && typeof right === 'number' && Number.isInteger(left) && Number.isInteger(right)) {
    const quick = operator === '+' ? left + right : operator === '-' ? left - right : operator === '*' ? left * right : NaN
    if (Number.isSafeInteger(quick)) return quick === 0 ? 0 : quick
  }
  const [a, b] = [need(left), need(right)]
  if (isNumber(a) && isNumber(b)) return isFloat(a) || isFloat(b) ? floats(operator, numberOf(a), numberOf(b)) : ints(operator, wholeOf(a), wholeOf(b))
  return sequences(operator, a, b) ?? fail(`unsupported operand types for ${operator}: '${typeName(a)}' and '${typeName(b)}'`)
}

function sequences(operator: string, a: Value, b: Value): Value | undefined {
  if (operator === '+') {
    if (typeof a === 'string' && typeof b === 'string') return a + b
    if (isList(a) && isList(b) && a instanceof Tuple === b instanceof Tuple) return a instanceof Tuple ? tuple([...a, ...b]) : [...a, ...b]
    if (a instanceof DateTime && b instanceof TimeDelta) return new DateTime(a.order + b.order * 1000, a.offset)
  }
  if (operator === '*') return isInt(a) || typeof a === 'boolean' ? repeat(b, numberOf(a)) : isInt(b) || typeof b === 'boolean' ? repeat(a, numberOf(b)) : undefined
  if (operator === '%' && typeof a === 'string') return printf(a, b)
  if (operator === '-' && a instanceof DateTime && b instanceof DateTime) return new TimeDelta((a.order - b.order) / 1000)
  if (operator === '-' && a instanceof DateTime && b instanceof TimeDelta) return new DateTime(a.order - b.order * 1000, a.offset)
  return undefined
}
function repeat(value: Value, times: number): Value | undefined {
  const count = Math.max(0, times)
  if (typeof value === 'string') return value.length * count > 100_000_000 ? fail('the text would be too long') : value.repeat(count)
  if (!isList(value)) return undefined
  if (value.length * count > 10_000_000) return fail('the list would be too long')
  const items = Array.from({ length: count }, () => Array.from(value)).flat()
  return value instanceof Tuple ? tuple(items) : items
}

const notZero = <T>(value: T): T => (value == 0 ? fail('division by zero') : value)
function ints(operator: string, x: bigint, y: bigint): Value {
  switch (operator) {
    case '+': return int(x + y)
    case '-': return int(x - y)
    case '*': return int(x * y)
    case '/': return float(Number(x) / Number(notZero(y)))
    case '**': return y < 0n ? float(Number(x) ** Number(y)) : y > 100_000n ? fail('the power is too large') : int(x ** y)
  }
  // Python's quotient goes down, JavaScript's goes to zero.
  const rest = x % notZero(y)
  const down = rest !== 0n && rest < 0n !== y < 0n
  return operator === '//' ? int(x / y - (down ? 1n : 0n)) : int(down ? rest + y : rest)
}
function floats(operator: string, x: number, y: number): Value {
  switch (operator) {
    case '+': return float(x + y)
    case '-': return float(x - y)
    case '*': return float(x * y)
    case '**': return float(x ** y)
    case '/': return float(x / notZero(y))
    case '//': return float(Math.floor(x / notZero(y)))
  }
  const rest = x % notZero(y)
  return float(rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest)
}

export function negate(value: Value): Value {
  const number = numberOf(need(value))
  if (isFloat(value)) return float(-number)
  return typeof value === 'bigint' ? int(-value) : number === 0 ? 0 : -number
}
/** The unary plus: only makes an int of a bool. */
export function plus(value: Value): Value {
  numberOf(need(value))
  return typeof value === 'boolean' ? Number(value) : value
}
