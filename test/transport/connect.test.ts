import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { pipeline } from 'node:stream'
import { connect as connectTcp, createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { closeAll, connect } from '../../src/transport/connect.ts'
import { type Target, Unreachable } from '../../src/transport/connection.ts'
import { noSshd, type Sshd, startSshd } from './throw-away-sshd.ts'

const ssh = (sshd: Sshd, more: Partial<Target> = {}): Target => ({
  connection: 'ssh', address: '127.0.0.1', port: sshd.port, user: sshd.user, privateKeyFile: sshd.key, knownHostsFiles: [sshd.knownHosts], ...more,
})
const reach = async (target: Target) => `${(await (await connect(target)).shell().run('echo reached')).stdout}`.trim()
const refused = async (target: Target) => {
  const error: unknown = await connect(target).then((connection) => connection.shell().run('true')).then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof Unreachable)) throw new Error(`not unreachable, but ${String(error)}`)
  expect(error.problem.hint).toBeTruthy()
  return { code: error.problem.code, detail: error.problem.detail ?? '' }
}
afterAll(() => closeAll())

describe('hosts that cannot be reached say why', () => {
  const target: Target = { connection: 'ssh', address: '127.0.0.1', connectTimeout: 1 }

  test('a name nobody knows, a port nobody listens on', async () => {
    expect((await refused({ ...target, address: 'no-such-host.invalid' })).code).toBe('unreachable-dns')
    expect((await refused({ ...target, port: 1 })).code).toBe('unreachable-refused')
  })

  test('a proxy command that fails is quoted, at once', async () => {
    const calls = join(mkdtempSync(join(tmpdir(), 'tutti-')), 'calls')
    const { detail } = await refused({ ...target, connectTimeout: 20, sshArguments: ['-o', `ProxyCommand=sh -c "echo call >> ${calls}; echo no way out >&2; exit 3"`] })
    expect(detail).toContain('no way out')
    expect(readFileSync(calls, 'utf8')).toBe('call\n')
  })

  test('a server that hangs up early is tried again, but not for ever', async () => {
    let calls = 0
    const server: Server = createServer((socket) => {
      calls++
      socket.destroy()
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    expect((await refused({ ...target, port: (server.address() as { port: number }).port })).code).toBe('unreachable-broken')
    expect(calls).toBe(6)
    server.close()
  })
})

describe.skipIf(noSshd)(`an sshd here${noSshd ? ` (${noSshd})` : ''}`, () => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd(['MaxSessions 2', 'MaxStartups 3:100:3', 'LoginGraceTime 20'])
  })
  afterAll(() => sshd?.stop())

  test('more work than sessions: another connection is made, and none is refused', async () => {
    const connection = await connect(ssh(sshd))
    const replies = await Promise.all(Array.from({ length: 12 }, (_, i) => connection.shell().run(`sleep 0.3; echo ${i}`, { alone: true })))
    expect(replies.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 12 }, (_, i) => i))
    await connection.close()
  })

  test('many at the door at once: those turned away come back', async () => {
    const all = await Promise.all(Array.from({ length: 12 }, () => connect(ssh(sshd))))
    await Promise.all(all.map((connection) => connection.close()))
  })

  test('greets once', async () => {
    const heard: Buffer[] = []
    const server = createServer((socket) => {
      pipeline(socket.on('data', (bytes) => heard.push(bytes)), connectTcp(sshd.port, '127.0.0.1'), socket, () => undefined)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    await (await connect(ssh(sshd, { port: (server.address() as { port: number }).port, hostKeyChecking: false, knownHostsFiles: ['/dev/null'] }))).close()
    expect(Buffer.concat(heard).toString('latin1').split('SSH-2.0-')).toEqual(['', expect.stringMatching(/^tutti\r\n/)])
    server.close()
  })

  test('one door behind many addresses: all get in', async () => {
    const open = await startSshd(['ListenAddress 0.0.0.0', 'MaxStartups 4:100:4', 'LoginGraceTime 20'])
    const all = await Promise.all(Array.from({ length: 160 }, (_, i) => connect(ssh(open, { address: `127.2.0.${i + 1}`, hostKeyChecking: false, knownHostsFiles: ['/dev/null'] }))))
    await Promise.all(all.map((connection) => connection.close()))
    await open.stop()
  })

  test('who is turned away while others get in loses no try by it', async () => {
    const shy = await startSshd()
    let calls = 0
    const server = createServer((socket) => void (++calls <= 9 ? socket.destroy() : pipeline(socket, connectTcp(shy.port, '127.0.0.1'), socket, () => undefined))).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const turnedAway = connect(ssh(shy, { port: (server.address() as { port: number }).port, hostKeyChecking: false, knownHostsFiles: ['/dev/null'] }))
    let over = false
    void turnedAway.catch(() => undefined).finally(() => (over = true))
    while (!over) await (await connect(ssh(shy))).close()
    await (await turnedAway).close()
    expect(calls).toBe(10)
    server.close()
    await shy.stop()
  })

  test('a host key that is unknown or changed', async () => {
    const empty = join(sshd.folder, 'empty')
    writeFileSync(empty, '')
    const unknown = await refused(ssh(sshd, { knownHostsFiles: [empty] }))
    expect(unknown).toMatchObject({ code: 'host-key-unknown', detail: expect.stringContaining('SHA256:') })
    const changed = join(sshd.folder, 'changed')
    const [type, key] = readFileSync(join(sshd.folder, 'id.pub'), 'utf8').split(' ')
    writeFileSync(changed, `# first\n[127.0.0.1]:${sshd.port} ${type} ${key}\n`)
    for (const sshArguments of [[], ['-o', 'Ciphers=aes256-ctr']]) {
      expect(await refused(ssh(sshd, { knownHostsFiles: [changed], sshArguments }))).toMatchObject({
        code: 'host-key-changed', detail: expect.stringContaining(`${changed}:2`),
      })
    }
    expect(await reach(ssh(sshd, { knownHostsFiles: [changed], hostKeyChecking: false }))).toBe('reached')
    expect(await reach(ssh(sshd, { knownHostsFiles: [empty], sshArguments: ['-o', 'StrictHostKeyChecking=accept-new'] }))).toBe('reached')
    expect(await reach(ssh(sshd, { knownHostsFiles: [empty] }))).toBe('reached')
  })

  test('a key the host does not want is named', async () => {
    const stranger = join(sshd.folder, 'stranger')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', stranger])
    expect(await refused(ssh(sshd, { privateKeyFile: stranger }))).toMatchObject({ code: 'auth-failed', detail: expect.stringContaining(stranger) })
    expect(await refused(ssh(sshd, { privateKeyFile: stranger, sshArguments: ['-o', 'Ciphers=aes256-ctr', '-o', 'IdentitiesOnly=yes'] }))).toMatchObject({ code: 'auth-failed' })
    expect((await refused(ssh(sshd, { privateKeyFile: '/none' }))).detail).toContain('/none (no such file)')
  })

  test.each([[[]], [['-o', 'Ciphers=aes256-ctr']]])('an encrypted key needs its passphrase (%j)', async (sshArguments) => {
    const locked = join(sshd.folder, `locked${sshArguments.length}`)
    copyFileSync(sshd.key, locked)
    execFileSync('chmod', ['600', locked])
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', locked])
    expect(await reach(ssh(sshd, { privateKeyFile: locked, privateKeyPassphrase: 'open sesame', sshArguments }))).toBe('reached')
    expect((await refused(ssh(sshd, { privateKeyFile: locked, privateKeyPassphrase: 'wrong', sshArguments }))).code).toBe('auth-failed')
    expect((await refused(ssh(sshd, { privateKeyFile: locked, sshArguments }))).code).toBe('auth-failed')
  })

  test('keys come from the agent, and IdentitiesOnly leaves only those of the files', async () => {
    const socket = join(sshd.folder, 'agent')
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
    for (let i = 0; i < 50; i++) {
      try {
        execFileSync('ssh-add', ['-q', sshd.key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' })
        break
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    const other = join(sshd.folder, 'other')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', other])
    const byAgent = ['-o', `IdentityAgent=${socket}`]
    expect(await reach(ssh(sshd, { privateKeyFile: other, sshArguments: byAgent }))).toBe('reached')
    expect((await refused(ssh(sshd, { privateKeyFile: other, sshArguments: [...byAgent, '-o', 'IdentitiesOnly=yes'] }))).code).toBe('auth-failed')
    const publicOnly = join(sshd.folder, 'public-only')
    copyFileSync(`${sshd.key}.pub`, `${publicOnly}.pub`)
    expect(await reach(ssh(sshd, { privateKeyFile: publicOnly, sshArguments: [...byAgent, '-o', 'IdentitiesOnly=yes'] }))).toBe('reached')
    agent.kill()
  })

  test('a jump leads to the host behind it', async () => {
    const jump = ['-o', `ProxyJump=${sshd.user}@127.0.0.1:${sshd.port}`]
    expect(await reach(ssh(sshd, { sshArguments: jump }))).toBe('reached')
    expect((await refused(ssh(sshd, { port: 1, sshArguments: jump }))).code).toBe('unreachable-behind-jump')
  })

  test('a server that dies takes nothing with it that waits for ever', async () => {
    for (const sshArguments of [[], ['-o', 'Ciphers=aes256-ctr']]) {
      const connection = await connect(ssh(sshd, { sshArguments }))
      // The process of sshd that serves this connection is the parent of the shell: by its id, nothing else.
      const running = connection.shell().run('kill -9 $PPID; sleep 20')
      await expect(running).rejects.toBeInstanceOf(Unreachable)
      await connection.close()
    }
  })
})

describe.skipIf(noSshd)('servers that are no help', () => {
  test('a server that runs something else instead of a shell', async () => {
    const sshd = await startSshd(['ForceCommand echo "this account is closed"; exit 1'])
    expect(await refused(ssh(sshd))).toMatchObject({ code: 'no-shell', detail: expect.stringContaining('this account is closed') })
    await sshd.stop()
  })

  test('noise of a profile before the shell begins is not output', async () => {
    const sshd = await startSshd(['ForceCommand echo "Welcome!"; echo "be good" >&2; eval "$SSH_ORIGINAL_COMMAND"'])
    expect(await reach(ssh(sshd))).toBe('reached')
    await sshd.stop()
  })
})
