import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Problem } from '../../src/problem/problem.ts'
import { closeAll, connect } from '../../src/transport/connect.ts'
import { type Become, type Connection, type Target, Unreachable } from '../../src/transport/connection.ts'
import { connectionContract } from '../contracts/connection.ts'
import { type TestLab, withLab } from './with-lab.ts'

let lab: TestLab
const address = (index: number): string => lab.hosts[index]!.address
/** The lab opens its hosts to `admin`, who may become root; the tests make users of their own, root among those who may log in. */
const at = (index: number, user = 'root', more: Partial<Target> = {}): Promise<Connection> =>
  connect({ connection: 'ssh', address: address(index), user, privateKeyFile: lab.hosts[index]!.privateKeyFile, knownHostsFiles: [lab.hosts[index]!.knownHostsFile], ...more })
const code = (promise: Promise<unknown>) =>
  promise.then(() => 'fine', (error: Problem | Unreachable) => (error instanceof Unreachable ? error.problem : error).code)
const PASSWORD = 'transport-secret'

const PREPARE = `
mkdir -p /root/.ssh; chmod 700 /root/.ssh; cp /home/admin/.ssh/authorized_keys /root/.ssh/; chown -R root:root /root/.ssh
for u in trpw trtty trpty trno; do
  id $u >/dev/null 2>&1 || useradd -m -s /bin/sh $u
  mkdir -p /home/$u/.ssh; cp /root/.ssh/authorized_keys /home/$u/.ssh/; chown -R $u /home/$u/.ssh; chmod 700 /home/$u
done
echo trpw:${PASSWORD} | chpasswd
cat >/etc/sudoers.d/transport-test <<X
trpw ALL=(ALL) ALL
trtty ALL=(ALL) NOPASSWD:ALL
Defaults:trtty requiretty
trpty ALL=(ALL) NOPASSWD:ALL
Defaults:trpty use_pty
X
chmod 440 /etc/sudoers.d/transport-test`

describe('real hosts', () => {
  beforeAll(async () => {
    lab = await withLab('transport', 3)
    for (const index of [0, 1, 2]) {
      const reply = await (await at(index, 'admin')).shell({ method: 'sudo', user: 'root' }).run(PREPARE)
      expect(reply.code, reply.stderr.toString()).toBe(0)
    }
  })
  afterAll(async () => {
    await closeAll()
    await lab?.down()
  })

  connectionContract('ssh to a real host', () => at(0), true)
  connectionContract('the ssh program to a real host', () => at(0, 'root', { sshArguments: ['-o', 'Ciphers=aes256-ctr'] }), true)

  describe('becoming another user', () => {
    const who = async (login: string, become: Become) => `${(await (await at(0, login)).shell(become).run('id -un')).stdout}`.trim()

    test('with a password, right, wrong and missing', async () => {
      const sudo = { method: 'sudo', user: 'root' } as const
      expect(await who('trpw', { ...sudo, password: PASSWORD })).toBe('root')
      expect(await who('trpw', { ...sudo, user: 'trno', password: PASSWORD })).toBe('trno')
      expect(await code(who('trpw', { ...sudo, password: 'wrong' }))).toBe('become-password')
      expect(await code(who('trpw', sudo))).toBe('become-needs-password')
      expect(await who('trpw', { method: 'su', user: 'trpw', password: PASSWORD })).toBe('trpw')
      expect(await code(who('trpw', { method: 'su', user: 'trpw', password: 'wrong' }))).toBe('become-password')
      expect(await code(who('trpw', { method: 'su', user: 'trpw' }))).toBe('become-needs-password')
      expect(await who('root', { method: 'su', user: 'trno' })).toBe('trno')
    })

    test.each(['trtty', 'trpty'])('sudo that wants or makes a terminal changes nothing: %s', async (login) => {
      const shell = (await at(0, login)).shell({ method: 'sudo', user: 'root' })
      const reply = await shell.run(`printf 'a\\000\\377\\n'; echo err >&2`)
      expect([reply.stdout.toString('latin1'), `${reply.stderr}`]).toEqual(['a\0\xff\n', 'err\n'])
      expect(await code(shell.run('sleep 4242 | cat', { timeout: 1 }))).toBe('timed-out')
      expect(`${(await shell.run('pgrep -f "sleep 424[2]"')).stdout}`).toBe('')
    })
  })

  test('a jump leads to the next host', async () => {
    const beyond = await at(1, 'root', { sshArguments: ['-J', `root@${address(0)}`] })
    expect(`${(await beyond.shell().run('echo ${SSH_CONNECTION%% *}')).stdout}`.trim()).toBe(address(0))
  })

  test('a host that is cut off is lost, not waited for', async () => {
    const connection = await at(2, 'root', { sshArguments: ['-o', 'ServerAliveInterval=1'] })
    await connection.shell().run('true')
    try {
      await lab.hosts[2]!.cut()
      expect(await code(connection.shell().run('true'))).toBe('unreachable-lost')
      expect(await code(at(2, 'root', { connectTimeout: 2 }))).toBe('unreachable-timeout')
    } finally {
      await lab.hosts[2]!.heal()
    }
  })
})
