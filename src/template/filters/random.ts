import { randomInt } from 'node:crypto'
import type { Value } from '../../value/value.ts'
import { cryptPassword } from '../crypt.ts'
import { filter } from '../define.ts'
import { intOf, isInt, isList, isMapping, isNumber, isText, iterate } from '../python/kind.ts'
import { seededRandom, type PythonRandom } from '../python/random.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'

const sourceOf = (seed: Value | undefined): PythonRandom =>
  seed === undefined || seed === null ? { below: (limit) => (limit > 0 ? randomInt(limit) : fail('there is nothing to choose from')) } : seededRandom(seed)

function choose(value: Value, start: Value | undefined, step: Value | undefined, seed: Value | undefined): Value {
  const random = sourceOf(seed)
  if (!isInt(value)) {
    if ((start ?? step ?? null) !== null) fail('start and step can only be used with integer values')
    const items = isList(value) || isText(value) || isMapping(value) ? iterate(value) : fail('random can only be used on sequences and integers')
    return items[random.below(items.length)]!
  }
  const [from, by] = [intOf(start, 0), intOf(step, 1)]
  const steps = Math.ceil((Number(value) - from) / by)
  // Node draws from up to 48 bits.
  return Number.isInteger(steps) && steps < 2 ** 48 ? from + by * random.below(steps) : fail('the numbers of random are out of range')
}
function shuffle(items: readonly Value[], random: PythonRandom): Value[] {
  const shuffled = Array.from(items)
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    ;[shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!]
  }
  return shuffled
}
function macAddress(prefix: string, seed: Value | undefined): string {
  const parts = prefix.split(':')
  if (parts.length > 5 || parts.some((part) => !/^[\da-f]{2}$/i.test(part))) fail(`'${prefix}' is not the start of a MAC address`)
  const random = sourceOf(seed)
  while (parts.length < 6) parts.push(random.below(256).toString(16).padStart(2, '0'))
  return parts.join(':').toLowerCase()
}
const number = (value: Value | undefined): number | undefined => (value === undefined || value === null ? undefined : intOf(value))

export const randomFilters = [
  filter('random', 'start? step? seed?', (value, [start, step, seed]) => choose(value, start, step, seed)),
  filter('shuffle', 'seed?', (value, [seed]) => (isText(value) || isNumber(value) || value === null ? value : shuffle(iterate(value), sourceOf(seed)))),
  filter('random_mac community.general.random_mac', 'seed?', (value, [seed]) => macAddress(str(value), seed)),
  filter('password_hash', 'hashtype? salt? salt_size? rounds? ident?', (value, [type, salt, size, rounds, ident]) => {
    const text = (option: Value | undefined): string | undefined => (option === undefined || option === null ? undefined : str(option))
    return cryptPassword(str(value), text(type) ?? 'sha512', { salt: text(salt), saltSize: number(size), rounds: number(rounds), ident: text(ident) })
  }),
]
