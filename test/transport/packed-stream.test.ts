import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../../src/transport/connect.ts'
import type { Connection } from '../../src/transport/connection.ts'
import { delayingRelay } from '../bench/relay.ts'
import { noSshd, type Sshd, startSshd } from './throw-away-sshd.ts'

const TEXT = Buffer.from(Array.from({ length: 40_000 }, (_, i) => `server-${i}.example.com = 10.0.${i % 250}.7\n`).join(''))
const NOISE = randomBytes(1_000_000)
const inPieces = (bytes: Buffer) => Readable.from((function* () { for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000) })(), { objectMode: false })

describe.skipIf(noSshd)(`an sshd here, near and far${noSshd ? ` (${noSshd})` : ''}`, () => {
  let sshd: Sshd
  let relay: Awaited<ReturnType<typeof delayingRelay>>
  let [near, far] = [] as unknown as [Connection, Connection]
  beforeAll(async () => {
    sshd = await startSshd()
    relay = await delayingRelay('127.0.0.1', sshd.port, 30)
    const to = (port: number) => connect({ connection: 'ssh', address: '127.0.0.1', port, user: sshd.user, privateKeyFile: sshd.key, hostKeyChecking: false, knownHostsFiles: ['/dev/null'] })
    ;[near, far] = await Promise.all([to(sshd.port), to(relay.port)])
  })
  afterAll(async () => {
    await Promise.all([near.close(), far.close()])
    relay.close()
    await sshd.stop()
  })

  const sent = async (connection: Connection, bytes: Buffer): Promise<number> => {
    const before = connection.traffic.bytesSent
    const { code, stdout } = await connection.pipeIn('sha256sum; exit 3', inPieces(bytes))
    expect([code, stdout.toString()]).toEqual([3, `${createHash('sha256').update(bytes).digest('hex')}  -\n`])
    return connection.traffic.bytesSent - before
  }

  test('what gzip makes smaller is sent that way, where the link is slow', async () => {
    expect(await sent(far, TEXT)).toBeLessThan(TEXT.length / 3)
    await near.shell().run('true')
    expect(await sent(near, TEXT)).toBeGreaterThan(TEXT.length)
  })

  test('other content goes as it is', async () => {
    expect(await sent(far, NOISE)).toBeGreaterThan(NOISE.length)
    for (const few of ['', 'a few bytes']) expect(await sent(far, Buffer.from(few))).toBeLessThan(1000)
  })

  test('a script that does not read, and a file that cannot be read', async () => {
    expect((await far.pipeIn('exit 4', inPieces(TEXT))).code).toBe(4)
    await expect(far.pipeIn('cat', createReadStream('/nowhere'))).rejects.toThrow(/ENOENT/)
    const broken = Readable.from((function* () { yield TEXT; throw new Error('the disk is gone') })(), { objectMode: false })
    await expect(far.pipeIn('cat >/dev/null', broken)).rejects.toThrow('the disk is gone')
  })
})
