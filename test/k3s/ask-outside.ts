import { request as http } from 'node:http'
import { request as https } from 'node:https'

export interface Answer {
  readonly status: number
  readonly body: string
  readonly location: string | undefined
  /** The common name of the certificate that was shown. */
  readonly certificate: string | undefined
}

/** Asks an address for a page by a host's name, as a client outside the cluster whose DNS leads there; certificates are looked at, not trusted. */
export function ask(url: string, host: string): Promise<Answer> {
  const secure = url.startsWith('https:')
  return new Promise((resolve, reject) => {
    const options = { headers: { host }, timeout: 5000, agent: false as const, ...(secure ? { rejectUnauthorized: false, servername: host } : {}) }
    const request = (secure ? https : http)(url, options, (answer) => {
      const socket = answer.socket as unknown as { getPeerCertificate?: () => { subject?: { CN?: string } } }
      const certificate = socket.getPeerCertificate?.().subject?.CN
      let body = ''
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body, location: answer.headers.location, certificate }))
    })
    request.on('timeout', () => request.destroy(new Error(`${url}: no answer in 5 s`)))
    request.on('error', reject)
    request.end()
  })
}
