import { afterAll, beforeAll, describe } from 'vitest'
import { connect } from '../../src/transport/connect.ts'
import type { Connection } from '../../src/transport/connection.ts'
import { connectionContract } from '../contracts/connection.ts'
import { noSshd, type Sshd, startSshd } from './throw-away-sshd.ts'

describe.skipIf(noSshd)(`ssh2 and an sshd here${noSshd ? ` (${noSshd})` : ''}`, () => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(() => sshd?.stop())
  const open = (): Promise<Connection> =>
    connect({ connection: 'ssh', address: '127.0.0.1', port: sshd.port, user: sshd.user, privateKeyFile: sshd.key, knownHostsFiles: [sshd.knownHosts] })
  connectionContract('ssh', open)
})
