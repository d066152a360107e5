import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Problem } from '../../src/problem/problem.ts'
import { closeAll, connect } from '../../src/transport/connect.ts'
import { type Become, type Connection, type Target, Unreachable } from '../../src/transport/connection.ts'
import { connectionContract } from '../contracts/connection.ts'

// TUTTI_LAB_HOSTS: addresses, by comma; root logs in with the key. TUTTI_LAB_KNOWN: their known_hosts. TUTTI_LAB_CUT: commands, with
// {} for an address, that cut a host off and (after |) heal it.
const hosts = (process.env['TUTTI_LAB_HOSTS'] ?? '').split(',').filter((host) => host !== '')
const key = process.env['TUTTI_LAB_KEY']
const known = process.env['TUTTI_LAB_KNOWN']
const [cut, heal] = (process.env['TUTTI_LAB_CUT'] ?? '').split('|')
const skip = hosts.length === 0 || key === undefined
const at = (host: string, user = 'root', more: Partial<Target> = {}): Promise<Connection> =>
  connect({ connection: 'ssh', address: host, user, privateKeyFile: key!, ...(known ? { knownHostsFiles: [known] } : { hostKeyChecking: false }), ...more })
const code = (promise: Promise<unknown>) =>
  promise.then(() => 'fine', (error: Problem | Unreachable) => (error instanceof Unreachable ? error.problem : error).code)
const PASSWORD = 'transport-secret'

const PREPARE = `
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
const CLEAN = 'rm -f /etc/sudoers.d/transport-test; for u in trpw trtty trpty trno; do pkill -KILL -u $u; userdel -rf $u; done 2>/dev/null'

describe.skipIf(skip)('real hosts', () => {
  beforeAll(async () => {
    await (await at(hosts[0]!)).shell().run(PREPARE)
  })
  afterAll(async () => {
    await closeAll()
    await (await at(hosts[0]!)).shell().run(CLEAN)
    await closeAll()
  })

  if (!skip) connectionContract('ssh to a real host', () => at(hosts[0]!), true)
  if (!skip) connectionContract('the ssh program to a real host', () => at(hosts[0]!, 'root', { sshArguments: ['-o', 'Ciphers=aes256-ctr'] }), true)

  describe('becoming another user', () => {
    const who = async (login: string, become: Become) => `${(await (await at(hosts[0]!, login)).shell(become).run('id -un')).stdout}`.trim()

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

    test('requiretty is named; use_pty changes nothing', async () => {
      expect(await code(who('trtty', { method: 'sudo', user: 'root' }))).toBe('become-requiretty')
      const shell = (await at(hosts[0]!, 'trpty')).shell({ method: 'sudo', user: 'root' })
      const reply = await shell.run(`printf 'a\\000\\377\\n'; echo err >&2`)
      expect([reply.stdout.toString('latin1'), `${reply.stderr}`]).toEqual(['a\0\xff\n', 'err\n'])
      expect(await code(shell.run('sleep 4242 | cat', { timeout: 1 }))).toBe('timed-out')
      expect(`${(await shell.run('pgrep -f "sleep 424[2]"')).stdout}`).toBe('')
    })
  })

  test.skipIf(hosts.length < 2)('a jump leads to the next host', async () => {
    const beyond = await at(hosts[1]!, 'root', { sshArguments: ['-J', `root@${hosts[0]}`] })
    expect(`${(await beyond.shell().run('echo ${SSH_CONNECTION%% *}')).stdout}`.trim()).toBe(hosts[0])
  })

  test.skipIf(!cut || !heal)('a host that is cut off is lost, not waited for', async () => {
    const host = hosts.at(-1)!
    const sh = (command: string) => execFileSync('/bin/sh', ['-c', command.replaceAll('{}', host)])
    const connection = await at(host, 'root', { sshArguments: ['-o', 'ServerAliveInterval=1'] })
    await connection.shell().run('true')
    try {
      sh(cut!)
      expect(await code(connection.shell().run('true'))).toBe('unreachable-lost')
      expect(await code(at(host, 'root', { connectTimeout: 2 }))).toBe('unreachable-timeout')
    } finally {
      sh(heal!)
    }
  })
})
