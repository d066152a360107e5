import { createHash } from 'node:crypto'
import type { Value } from '../../value/value.ts'
import { filter } from '../define.ts'
import { own } from '../own.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'

const ENCODINGS: Readonly<Record<string, BufferEncoding>> = {
  'utf-8': 'utf8', 'utf8': 'utf8', 'ascii': 'ascii', 'latin-1': 'latin1', 'latin1': 'latin1', 'iso-8859-1': 'latin1', 'utf-16-le': 'utf16le', 'utf-16le': 'utf16le',
}
const encodingOf = (value: Value | undefined): BufferEncoding =>
  value === undefined ? 'utf8' : own(ENCODINGS, str(value).toLowerCase()) ?? fail(`the encoding '${str(value)}' is not known; use utf-8, latin-1, ascii or utf-16-le`)
function decode(text: string, encoding: BufferEncoding): string {
  const clean = text.replace(/[^A-Za-z0-9+/=]/g, '')
  if (clean.replace(/=+$/, '').length % 4 === 1 || (clean.length % 4 !== 0)) return fail('b64decode: the text is not Base64')
  return Buffer.from(clean, 'base64').toString(encoding)
}
const NAMES: Readonly<Record<string, string>> = { sha3_256: 'sha3-256', sha3_512: 'sha3-512', sha3_224: 'sha3-224', sha3_384: 'sha3-384', blake2b: 'blake2b512', blake2s: 'blake2s256' }
function digest(text: string, type: string): string {
  try {
    return createHash(own(NAMES, type) ?? type).update(text).digest('hex')
  } catch {
    return fail(`unsupported hash type ${type}`)
  }
}
const ANSIBLE_NAMESPACE = '361E6D51-FAEC-444A-9079-341386DA8E2E'
/** A name-based UUID (version 5). */
function uuid(name: string, namespace: string): string {
  const space = namespace.replaceAll('-', '')
  if (!/^[\da-f]{32}$/i.test(space)) return fail(`Invalid value '${namespace}' for 'namespace': badly formed hexadecimal UUID string`)
  const hash = createHash('sha1').update(Buffer.from(space, 'hex')).update(name).digest()
  hash[6] = (hash[6]! & 15) | 80
  hash[8] = (hash[8]! & 63) | 128
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

export const encodingFilters = [
  filter('b64encode', 'encoding?', (value, [encoding]) => Buffer.from(str(value), encodingOf(encoding)).toString('base64')),
  filter('b64decode', 'encoding?', (value, [encoding]) => decode(str(value), encodingOf(encoding))),
  filter('hash', 'hashtype?', (value, [type]) => digest(str(value), type === undefined ? 'sha1' : str(type))),
  filter('sha1 checksum', '', (value) => digest(str(value), 'sha1')),
  filter('md5', '', (value) => digest(str(value), 'md5')),
  filter('to_uuid', 'namespace?', (value, [namespace]) => uuid(str(value), namespace === undefined ? ANSIBLE_NAMESPACE : str(namespace))),
]
