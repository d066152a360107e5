import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a path answers: a text, or in more detail. */
export type Route = string | {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly base64?: string
  /** `name:password`: without it the answer is 401. */
  readonly login?: string
  /** Answers with the method, headers and body that came, as JSON. */
  readonly echo?: true
  /** Ends the connection in the middle of the answer. */
  readonly broken?: true
}

export interface CaseServer {
  readonly port: number
  close(): Promise<void>
}

/** A web server on this machine with the routes of one case, each `/path` or `METHOD /path`; anything else is 404. */
export async function serve(routes: Readonly<Record<string, Route>>): Promise<CaseServer> {
  const server = createServer((request, response) => void answer(routes, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))) }
}

async function answer(routes: Readonly<Record<string, Route>>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const found = routes[`${request.method} ${request.url}`] ?? routes[request.url!] ?? { status: 404, body: 'nothing here' }
  const { status = 200, headers = {}, body = '', base64, login, echo, broken } = typeof found === 'string' ? { body: found } as Exclude<Route, string> : found
  if (login !== undefined && request.headers.authorization !== `Basic ${Buffer.from(login).toString('base64')}`) return void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="case"' }).end('who are you?')
  if (broken) return void (response.writeHead(200, { 'Content-Length': '1000' }).write('half'), setTimeout(() => response.destroy(), 50))
  const content = echo ? JSON.stringify({ method: request.method, headers: request.headers, body: Buffer.concat(chunks).toString() }) : base64 === undefined ? body : Buffer.from(base64, 'base64')
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(content), ...(echo ? { 'Content-Type': 'application/json' } : {}), ...headers }).end(content)
}
