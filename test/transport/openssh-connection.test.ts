import { afterAll, beforeAll, describe } from 'vitest'
import { connect } from '../../src/transport/connect.ts'
import type { Connection } from '../../src/transport/connection.ts'
import { connectionContract } from '../contracts/connection.ts'
import { noSshd, type Sshd, startSshd } from './throw-away-sshd.ts'

describe.skipIf(noSshd)(`the ssh program and an sshd here${noSshd ? ` (${noSshd})` : ''}`, () => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd(['MaxSessions 20'])
  })
  afterAll(() => sshd?.stop())
  const open = (): Promise<Connection> =>
    connect({
      connection: 'ssh', address: '127.0.0.1', port: sshd.port, user: sshd.user, privateKeyFile: sshd.key, knownHostsFiles: [sshd.knownHosts],
      sshArguments: ['-o', 'Ciphers=aes256-ctr'],
    })
  connectionContract('openssh', open)
})
