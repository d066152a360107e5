import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, type RequestListener, type Server, createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'

/** A web server on ports 80 and 443 of a spare host: every name below example.com, .org and .net that it is told of leads here, with a certificate that the host trusts. */
export interface ExampleWeb {
  /** What it serves. */
  readonly directory: string
  /** Makes names lead here. */
  name(names: Iterable<string>): void
  put(files: Readonly<Record<string, string>>): void
  close(): void
}

export async function openExampleWeb(): Promise<ExampleWeb> {
  const directory = mkdtempSync(join(tmpdir(), 'web-'))
  const { key, cert } = trustedCertificate()
  const servers = [createServer(answerFrom(directory)), createSecureServer({ key, cert }, answerFrom(directory))] as const
  await Promise.all([listen(servers[0], 80), listen(servers[1], 443)])
  const known = new Set<string>()
  return {
    directory,
    name: (names) => {
      const fresh = [...new Set(names)].filter((name) => !known.has(name))
      for (const name of fresh) known.add(name)
      if (fresh.length > 0) appendFileSync('/etc/hosts', `127.0.0.1 ${fresh.join(' ')}\n`)
    },
    put: (files) => Object.entries(files).forEach(([path, text]) => {
      mkdirSync(dirname(join(directory, path)), { recursive: true })
      writeFileSync(join(directory, path), text)
    }),
    close: () => servers.forEach((server) => server.close()),
  }
}

const listen = (server: Pick<Server, 'listen'>, port: number): Promise<void> => new Promise((resolve) => void server.listen(port, resolve))

/** GET gives files; what is sent with any other method is answered with 201 and itself. */
function answerFrom(directory: string): RequestListener {
  return (request, response) => void readAll(request).then((body) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname))
    if (request.method !== 'GET' && request.method !== 'HEAD') return response.writeHead(201, { 'content-type': request.headers['content-type'] ?? 'text/plain' }).end(body)
    try {
      const content = readFileSync(join(directory, path))
      return response.writeHead(200, { 'content-type': path.endsWith('.json') ? 'application/json' : 'application/octet-stream', 'content-length': content.length }).end(request.method === 'HEAD' ? undefined : content)
    } catch {
      return response.writeHead(404).end('not here\n')
    }
  })
}

const readAll = async (request: IncomingMessage): Promise<Buffer> => Buffer.concat(await request.toArray())

function trustedCertificate(): { readonly key: Buffer; readonly cert: Buffer } {
  const script = `cd "$(mktemp -d)" && openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=example -addext subjectAltName=DNS:*.example.com,DNS:example.com,DNS:*.example.org,DNS:example.org,DNS:*.example.net 2>/dev/null
cp cert /usr/local/share/ca-certificates/example.crt && update-ca-certificates >/dev/null 2>&1; pwd`
  const place = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trim()
  return { key: readFileSync(join(place, 'key')), cert: readFileSync(join(place, 'cert')) }
}
