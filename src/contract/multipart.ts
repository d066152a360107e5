import { randomBytes } from 'node:crypto'
import { type Value, isDict } from '../value/value.ts'
import { fail } from './failure.ts'

/** A body of multipart/form-data with its type. `read`: a file by the name that the task gives. */
export function multipartBody(body: Value, read: (name: string) => Buffer): { readonly type: string; readonly bytes: Buffer } {
  if (!isDict(body)) return fail('body must be mapping, cannot be type list')
  const boundary = `===============${randomBytes(12).toString('hex')}==`
  const parts = [...body].map(([name, value]) => ({ name: String(name), value })).sort((a, b) => (a.name < b.name ? -1 : 1))
  const bytes = parts.flatMap(({ name, value }) => [Buffer.from(`--${boundary}\r\n`), partOf(name, value, read), Buffer.from('\r\n')])
  return { type: `multipart/form-data; boundary="${boundary}"`, bytes: Buffer.concat([...bytes, Buffer.from(`--${boundary}--\r\n`)]) }
}

function partOf(name: string, value: Value, read: (name: string) => Buffer): Buffer {
  if (typeof value === 'string') return part(name, undefined, 'text/plain', undefined, Buffer.from(value))
  if (!isDict(value)) return fail(`failed to parse body as form-multipart: value must be a string, or mapping, cannot be type ${typeName(value)}`)
  const text = (key: string): string | undefined => (value.get(key) === undefined || value.get(key) === null ? undefined : String(value.get(key)))
  const [file, content] = [text('filename'), text('content')]
  if (file === undefined && content === undefined) fail('failed to parse body as form-multipart: at least one of filename or content must be provided')
  const type = text('mime_type') ?? (file === undefined ? 'application/octet-stream' : typeOf(file))
  const shown = file?.slice(file.lastIndexOf('/') + 1)
  if (content !== undefined) return part(name, shown, type, undefined, Buffer.from(content))
  const encoded = (text('multipart_encoding') ?? 'base64') === 'base64'
  const bytes = read(file!)
  return part(name, shown, type, encoded ? 'base64' : '7bit', encoded ? Buffer.from(`${bytes.toString('base64').replace(/.{76}(?=.)/g, '$&\r\n')}\r\n`) : bytes)
}

function part(name: string, file: string | undefined, type: string, encoding: string | undefined, content: Buffer): Buffer {
  const word = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&').replace(/[\r\n]/g, ' ')}"`
  const headers = [...(encoding ? [`Content-Transfer-Encoding: ${encoding}`] : []), `Content-Type: ${type.replace(/[\r\n]/g, '')}`, `Content-Disposition: form-data; name=${word(name)}${file === undefined ? '' : `; filename=${word(file)}`}`]
  return Buffer.concat([Buffer.from(`${headers.join('\r\n')}\r\n\r\n`), content])
}

const typeName = (value: Value): string => (value === null ? 'NoneType' : typeof value === 'boolean' ? 'bool' : Array.isArray(value) ? 'list' : typeof value === 'number' || typeof value === 'bigint' ? 'int' : 'float')

/** The types that names of files commonly tell. */
const TYPES: Readonly<Record<string, string>> = {
  txt: 'text/plain', html: 'text/html', htm: 'text/html', css: 'text/css', csv: 'text/csv', xml: 'text/xml', js: 'text/javascript', py: 'text/x-python', sh: 'application/x-sh', json: 'application/json', pdf: 'application/pdf', zip: 'application/zip',
  tar: 'application/x-tar', png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', svg: 'image/svg+xml', mp3: 'audio/mpeg', mp4: 'video/mp4',
}
const typeOf = (file: string): string => TYPES[/\.([^./]+)$/.exec(file)?.[1]?.toLowerCase() ?? ''] ?? 'application/octet-stream'
