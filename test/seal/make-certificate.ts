import { type KeyObject, generateKeyPairSync, sign } from 'node:crypto'

/** A pair as a controller makes it: a private key and a self-signed certificate, both PEM. Small keys are quick to make. */
export interface Pair {
  readonly key: KeyObject
  readonly keyPem: string
  readonly certificate: string
}

export function makePair({ bits = 2048, from = '20200101000000Z', to = '20990101000000Z' }: { bits?: number; from?: string; to?: string } = {}): Pair {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  const algorithm = sequence(Buffer.from('06092a864886f70d01010b0500', 'hex'))
  const name = sequence(der(0x31, sequence(Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('sealed-secret')))))
  const validity = sequence(der(0x18, Buffer.from(from)), der(0x18, Buffer.from(to)))
  const body = sequence(der(0xa0, Buffer.from('020102', 'hex')), der(0x02, Buffer.from([1])), algorithm, name, validity, name, publicKey.export({ type: 'spki', format: 'der' }))
  const bytes = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, privateKey)])))
  const certificate = `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').match(/.{1,64}/g)!.join('\n')}\n-----END CERTIFICATE-----\n`
  return { key: privateKey, keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, certificate }
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(parts))
function der(tag: number, body: Buffer): Buffer {
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}
