import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** An sshd of this test alone, for this user alone. */
export interface Sshd {
  readonly port: number
  readonly folder: string
  readonly key: string
  readonly knownHosts: string
  readonly user: string
  stop(): Promise<void>
}

/** Why no sshd can be started here; `undefined` where it can. */
export const noSshd: string | undefined = existsSync('/usr/sbin/sshd') ? undefined : 'there is no /usr/sbin/sshd here'

export async function startSshd(config: readonly string[] = []): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'sshd-'))
  const port = await freePort()
  for (const name of ['host', 'id']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)])
  const file = join(folder, 'config')
  writeFileSync(file, configOf(folder, port, config).join('\n'))
  const [type, key] = readFileSync(join(folder, 'host.pub'), 'utf8').split(' ')
  writeFileSync(join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${type} ${key}\n`)
  // Where sshd runs as root it insists on this folder, which the system makes only when its own sshd starts.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  for (let i = 0; !said.includes('Server listening'); i++) {
    if (i > 200 || child.exitCode !== null) throw new Error(`sshd did not start: ${said}`)
    await sleep(20)
  }
  const stop = async () => {
    child.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  return { port, folder, key: join(folder, 'id'), knownHosts: join(folder, 'known_hosts'), user: userInfo().username, stop }
}

const configOf = (folder: string, port: number, own: readonly string[]): readonly string[] => [
  `Port ${port}`,
  ...own,
  ...(own.some((line) => line.startsWith('ListenAddress')) ? [] : ['ListenAddress 127.0.0.1']),
  `HostKey ${join(folder, 'host')}`,
  `AuthorizedKeysFile ${join(folder, 'id.pub')}`,
  `PidFile ${join(folder, 'pid')}`,
  'StrictModes no',
  'UsePAM no',
  'PermitRootLogin yes',
  'PasswordAuthentication no',
]

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
