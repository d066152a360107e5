import type { Reader } from '../host/reader.ts'
import { type Certificate, parseCertificate } from '../seal/certificate.ts'
import { text } from '../schema/field.ts'
import { unknown } from '../value/value.ts'
import { fail } from './failure.ts'
import { type Access, type Answer, askKubectl, complaintIn } from './kubectl.ts'

/** Where the controller of sealed secrets is: parameters of the modules that ask it. */
export const controllerParams = {
  fingerprint: text('The SHA-256 that the certificate must have.'),
  controller_name: text('What the controller in the cluster is called.', { default: 'sealed-secrets-controller' }),
  controller_namespace: text('Where it is.', { default: 'kube-system' }),
} as const

interface Asked extends Access {
  readonly controller_name: string
  readonly controller_namespace: string
  readonly fingerprint: string | undefined
}

/** The certificate that values are sealed with, of its newest key, as the controller gives it. Unknown in a dry run whose earlier tasks may bring it. */
export async function askCertificate(host: Reader, asked: Asked, environment: Readonly<Record<string, string>>, hint = ''): Promise<{ readonly pem: string; readonly certificate: Certificate }> {
  const { controller_name: name, controller_namespace: namespace, fingerprint } = asked
  const address = `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/http:${encodeURIComponent(name)}:http/proxy/v1/cert.pem`
  const [answer] = await askKubectl(host, asked, [{ args: ['get', '--raw', address] }], { environment }) as readonly [Answer]
  if (answer.code !== 0 && host.planned && host.changing !== undefined) throw unknown(`the controller of sealed secrets does not answer yet; ${host.changing} may bring it`)
  if (answer.code !== 0) fail(`the controller ${namespace}/${name} gives no certificate: ${complaintIn(answer.stderr)}${hint}`)
  return { pem: `${answer.stdout.trim()}\n`, certificate: parseCertificate(answer.stdout, { source: `the controller ${namespace}/${name}`, fingerprint }) }
}
