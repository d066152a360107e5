import { type KeyObject, X509Certificate } from 'node:crypto'
import { Problem } from '../problem/problem.ts'

/** The certificate of a controller, as far as sealing needs it. */
export interface Certificate {
  readonly publicKey: KeyObject
  /** SHA-256 of its DER in small hex digits, without colons. */
  readonly fingerprint: string
  readonly expires: Date
  /** The length of a wrapped session key. */
  readonly bytes: number
}

export interface CertificateChecks {
  /** Where it came from, for errors. */
  readonly source: string
  readonly now?: Date
  /** Refuse another one than this: SHA-256, with or without colons and `SHA256:`. */
  readonly fingerprint?: string | undefined
}

/** Reads the first certificate of a PEM text. Throws `seal-certificate` for what is none or no RSA, `seal-expired`, `seal-fingerprint`. */
export function parseCertificate(text: string, { source, now = new Date(), fingerprint }: CertificateChecks): Certificate {
  const certificate = parsed(text, source)
  const key = certificate.publicKey
  if (key.asymmetricKeyType !== 'rsa') throw unusable(source, `its key is ${String(key.asymmetricKeyType)}, and must be RSA`)
  const found = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
  if (fingerprint !== undefined && normalised(fingerprint) !== found) throw new Problem({ code: 'seal-fingerprint', summary: 'the certificate is not the one that was asked for', detail: `${source} has the fingerprint ${found}`, hint: 'get it again from the controller, over a way you trust' })
  if (certificate.validToDate < now) throw new Problem({ code: 'seal-expired', summary: 'the certificate to seal with has expired', detail: `${source}, on ${certificate.validToDate.toISOString().slice(0, 10)}`, hint: 'get the current one from the controller: its keys change every 30 days' })
  return { publicKey: key, fingerprint: found, expires: certificate.validToDate, bytes: (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8 }
}

const normalised = (fingerprint: string): string => fingerprint.replace(/^sha-?256[:=]/i, '').replaceAll(':', '').toLowerCase()

function parsed(text: string, source: string): X509Certificate {
  const pem = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(text)?.[0]
  if (!pem) throw unusable(source, /PRIVATE KEY-----/.test(text) ? 'it is a private key' : 'there is no CERTIFICATE in it')
  try {
    return new X509Certificate(pem)
  } catch {
    throw unusable(source, 'it is damaged')
  }
}

const unusable = (source: string, why: string): Problem => new Problem({
  code: 'seal-certificate', summary: 'this is no certificate to seal with', detail: `${source}: ${why}`,
  hint: 'the controller gives its own at /v1/cert.pem; `kubeseal --fetch-cert` writes it to a file',
})
