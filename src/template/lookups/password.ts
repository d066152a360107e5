import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { unknown, type Value } from '../../value/value.ts'
import { cryptPassword, saltFor, saltLength } from '../crypt.ts'
import { expandUser } from '../filters/path.ts'
import { own } from '../own.ts'
import { isList } from '../python/kind.ts'
import { seededRandom } from '../python/random.ts'
import { str } from '../python/text.ts'
import type { Keywords, LookupContext } from '../scope.ts'
import { lookup, splitTerm } from './define-lookup.ts'

const CLASSES: Readonly<Record<string, string>> = {
  ascii_lowercase: 'abcdefghijklmnopqrstuvwxyz',
  ascii_uppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  ascii_letters: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
  digits: '0123456789',
  hexdigits: '0123456789abcdefABCDEF',
  octdigits: '01234567',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
}
/** `chars=ascii_letters,digits,.-`: names of classes and characters; a comma itself is `,,`. */
function alphabet(chars: Value | undefined): string {
  const parts = chars === undefined || chars === null ? ['ascii_letters', 'digits', '.,:-_'] : isList(chars) ? Array.from(chars, str) : splitClasses(str(chars))
  return [...new Set(parts.map((part) => own(CLASSES, part) ?? part).join(''))].join('')
}
const splitClasses = (text: string): string[] => [...(text.includes(',,') ? [','] : []), ...text.replaceAll(',,', ',').split(',').filter(Boolean)]

interface Saved {
  readonly password: string
  readonly salt: string | undefined
  /** Which bcrypt it is hashed with. */
  readonly ident: string | undefined
}
function readSaved(file: string): Saved | undefined {
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8').replace(/\n+$/, '')
  const [, password = text, salt, ident] = /^([^]*?) salt=(\S+)(?: ident=(\S+))?$/.exec(text) ?? []
  return { password, salt, ident }
}
/** The file may appear under its name only when it is complete and closed to others. */
function save(file: string, { password, salt, ident }: Saved): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}.new`
  writeFileSync(temporary, `${password}${salt ? ` salt=${salt}` : ''}${ident ? ` ident=${ident}` : ''}\n`, { mode: 0o600 })
  renameSync(temporary, file)
}
function generate(length: number, chars: string, seed: Value | undefined): string {
  const random = seed === undefined || seed === null ? { below: (limit: number) => randomInt(limit) } : seededRandom(seed)
  return Array.from({ length }, () => chars[random.below(chars.length)]).join('')
}

/** A password that is made once and kept in a file of the controller. A dry run does not make one: what it would be is unknown. */
function password(term: Value, options: Keywords, context: LookupContext): Value {
  const { text, options: inline } = splitTerm(term, ['length', 'chars', 'encrypt', 'ident', 'seed'])
  const option = (name: string): Value | undefined => inline.get(name) ?? (options[name] === null ? undefined : options[name])
  const name = expandUser(text)
  const file = path.isAbsolute(name) ? name : path.join(context.playbookDir, name)
  const encrypt = str(option('encrypt') ?? '') || undefined
  const isBcrypt = encrypt !== undefined && saltLength(encrypt) === saltLength('bcrypt')
  const kept = file === '/dev/null' ? undefined : readSaved(file)
  const needsSalt = encrypt !== undefined && kept?.salt === undefined
  if (file !== '/dev/null' && (!kept || needsSalt) && context.scope.get('ansible_check_mode') === true) return unknown(`the password in '${text}' is made in a real run`)
  const saved: Saved = {
    password: kept?.password ?? generate(Number(str(option('length') ?? 20)), alphabet(option('chars')), option('seed')),
    salt: kept?.salt ?? (encrypt === undefined ? undefined : saltFor(encrypt)),
    ident: kept?.ident ?? (isBcrypt ? str(option('ident') ?? '2b') : undefined),
  }
  if (file !== '/dev/null' && (!kept || needsSalt)) save(file, saved)
  context.secrets.add(saved.password)
  if (encrypt === undefined) return saved.password
  const hashed = cryptPassword(saved.password, encrypt, { salt: saved.salt, ident: saved.ident })
  context.secrets.add(hashed)
  return hashed
}

export const passwordLookups = [
  lookup('password', 'length chars encrypt ident seed', (terms, options, context) => terms.map((term) => password(term, options, context))),
]
