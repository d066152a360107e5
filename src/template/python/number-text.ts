/** Digits behind the point as Python's `%.2f` makes them: half to even on the exact binary value. */
export function fixed(value: number, digits: number): string {
  if (Math.abs(value) >= 1e21) return BigInt(value) + (digits ? `.${'0'.repeat(digits)}` : '')
  const rounded = value.toFixed(digits)
  const exact = value.toFixed(Math.min(100, digits + 30))
  if (!new RegExp(`^[^.]*\\.\\d{${digits}}50*$`).test(exact)) return rounded
  const low = exact.slice(0, exact.indexOf('.') + (digits ? digits + 1 : 0))
  return Number(low.at(-1)) % 2 === 0 ? low : rounded === low ? nextUp(low) : rounded
}
function nextUp(text: string): string {
  const digits = text.includes('.') ? text.length - text.indexOf('.') - 1 : 0
  const next = (BigInt(text.replace(/[.-]/g, '')) + 1n).toString().padStart(digits + 1, '0')
  return (text.startsWith('-') ? '-' : '') + (digits ? `${next.slice(0, -digits)}.${next.slice(-digits)}` : next)
}

/** `%e`: at least two digits of exponent. */
export function exponential(value: number, digits: number, upper: boolean): string {
  const text = value.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2')
  return upper ? text.toUpperCase() : text
}
/** `%g`: whichever of the two is shorter, without trailing zeros. */
export function general(value: number, precision: number, upper: boolean, keepZeros = false): string {
  const digits = precision || 1
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const exponent = Number(value.toExponential(digits - 1).split('e')[1])
  const text = exponent < -4 || exponent >= digits ? exponential(value, digits - 1, upper) : fixed(value, digits - 1 - exponent)
  return keepZeros || !text.includes('.') ? text : text.replace(/\.?0+(?=$|[eE])/, '')
}
