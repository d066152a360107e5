import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Said, tutti } from './tutti.ts'
import { type TestHost, type TestLab, withLab } from './with-lab.ts'

let lab: TestLab
let n1: TestHost
let n2: TestHost
const directory = mkdtempSync(join(tmpdir(), 'tutti-bad-input-'))
beforeAll(async () => {
  lab = await withLab('bad', 2)
  n1 = lab.host('n1')
  n2 = lab.host('n2')
})
afterAll(async () => {
  await lab?.down()
  rmSync(directory, { recursive: true, force: true })
})
beforeEach(() => Promise.all(lab.hosts.map((host) => root(host, 'rm -f /tmp/mark'))))

function playbook(tasks: string, head = 'hosts: all'): string {
  const file = join(directory, 'site.yml')
  writeFileSync(file, `- ${head}\n  gather_facts: false\n  tasks:\n${tasks}`)
  return file
}
const run = (tasks: string, ...args: readonly string[]): Promise<Said> => tutti(['run', playbook(tasks), '-i', lab.file, ...args])
const MARK = '    - name: mark\n      command: touch /tmp/mark\n'
const isMarked = async (host: TestHost): Promise<boolean> => (await host.run('test -e /tmp/mark')).code === 0
const root = async (host: TestHost, script: string): Promise<string> => {
  const { code, stdout, stderr } = await host.run(`sudo sh -c '${script}'`)
  if (code !== 0) throw new Error(`${script}: ${stderr}`)
  return stdout.trim()
}

test('a host that is off is unreachable, says why, and does not stop the others', async () => {
  await n2.powerOff()
  try {
    const said = await run(MARK, '-T', '5')
    expect(said.code).toBe(4)
    expect(said.stdout).toMatch(new RegExp(`fatal: \\[n2\\]: UNREACHABLE!.*${n2.address}.*(no answer|no route)`, 's'))
    expect(said.stdout).toMatch(/n2 +: ok=0 +changed=0 +unreachable=1/)
    expect(await isMarked(n1)).toBe(true)
  } finally {
    await n2.start()
  }
})

test('a host with another key than before is not talked to', async () => {
  const known = readFileSync(n1.knownHostsFile, 'utf8')
  const keyOf = (host: TestHost): string => /\sAAAA\S+/.exec(known.split('\n').find((line) => line.startsWith(`${host.address} `))!)![0]
  writeFileSync(n1.knownHostsFile, known.replace(keyOf(n1), keyOf(n2)))
  try {
    const said = await run(MARK, '-l', 'n1')
    expect(said.code).toBe(4)
    expect(said.stdout).toContain('the host shows another key than before')
    expect(said.stdout).toMatch(/expects SHA256:\S+/)
    expect(said.stdout).toContain(`ssh-keygen -R '${n1.address}' -f ${n1.knownHostsFile}`)
  } finally {
    writeFileSync(n1.knownHostsFile, known)
  }
  expect(await isMarked(n1)).toBe(false)
})

test('a wrong password for sudo is told as that, at once, and is shown nowhere', async () => {
  await root(n1, 'useradd -m -s /bin/bash -G sudo demo; echo demo:right-horse | chpasswd; cp -r /home/admin/.ssh /home/demo/; chown -R demo: /home/demo/.ssh')
  const password = join(directory, 'password')
  const as = async (text: string): Promise<Said> => {
    writeFileSync(password, `${text}\n`, { mode: 0o600 })
    return run(MARK, '-l', 'n1', '-e', 'ansible_user=demo', '-b', '--become-password-file', password)
  }
  const begin = Date.now()
  const said = await as('wrong-horse')
  expect(said.code).not.toBe(0)
  expect(said.stdout).toMatch(/sudo.*password/is)
  expect(said.stdout + said.stderr).not.toContain('wrong-horse')
  expect(Date.now() - begin).toBeLessThan(15_000)
  expect(await isMarked(n1)).toBe(false)
  const right = await as('right-horse')
  expect(right.code, right.stdout).toBe(0)
  expect(await root(n1, 'stat -c %U /tmp/mark')).toBe('root')
})

test('who holds the lock of apt is named', async () => {
  // The lock that apt takes is one of fcntl; perl is in every Debian. It takes its name once it has the lock.
  const holder = 'use Fcntl; open(F, ">>", "/var/lib/dpkg/lock-frontend"); $lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLKW, $lock) or die "not locked"; $0 = "unattended-upgrade"; sleep 120'
  await root(n1, `echo ${Buffer.from(holder).toString('base64')} | base64 -d > /run/holder.pl; systemd-run --quiet --unit=lock-holder perl /run/holder.pl`)
  await expect.poll(() => root(n1, 'pgrep -fx unattended-upgrade || true'), { timeout: 20_000 }).not.toBe('')
  const pid = await root(n1, 'pgrep -fx unattended-upgrade')
  try {
    const said = await run('    - apt: {name: tree, lock_timeout: 1}\n', '-l', 'n1', '-b')
    expect(said.code).toBe(2)
    expect(said.stdout).toContain(`/var/lib/dpkg/lock-frontend is held by process ${pid}: unattended-upgrade`)
    expect(await root(n1, 'dpkg -s tree >/dev/null 2>&1 && echo there || echo none')).toBe('none')
  } finally {
    await root(n1, 'systemctl stop lock-holder')
  }
})

describe('a disk that is full', () => {
  // Small content travels in a request of the shell, large content over a channel of its own.
  test.each([['small', 200_000], ['large', 12_000_000]] as const)('a %s file fails with a clear message; the old one stays, and nothing half written', async (_, size) => {
    await root(n1, 'mkdir -p /srv/small; mount -t tmpfs -o size=64k,mode=0755 tmpfs /srv/small; echo old > /srv/small/file')
    try {
      writeFileSync(join(directory, 'big'), Buffer.alloc(size, 'x'))
      const said = await run('    - copy: {src: big, dest: /srv/small/file}\n    - copy: {src: big, dest: /srv/small/other}\n', '-l', 'n1', '-b')
      expect(said.code).toBe(2)
      expect(said.stdout).toMatch(/No space left on device/i)
      expect(said.stdout).toContain('/srv/small/file')
      expect(await root(n1, 'ls -A /srv/small; cat /srv/small/file')).toBe('file\nold')
      expect(await root(n1, 'find /tmp /var/tmp /dev/shm /root /home -newer /srv/small/file -name "*tutti*" 2>/dev/null; true')).toBe('')
    } finally {
      await root(n1, 'umount /srv/small')
    }
  })
})

describe('Ctrl-C', () => {
  test('ends the remote command, says how far it came, and exits with 99', async () => {
    const file = playbook(`${MARK}    - name: a long one\n      command: sleep 300\n    - name: never\n      command: touch /tmp/never\n`)
    const child = spawn(join(import.meta.dirname, '../../bin/tutti'), ['run', file, '-i', lab.file], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    const sleeping = async (): Promise<readonly boolean[]> => Promise.all(lab.hosts.map(async (host) => (await host.run('pgrep -fx "sleep 300"')).code === 0))
    await expect.poll(sleeping, { timeout: 20_000 }).toEqual([true, true])
    child.kill('SIGINT')
    const begin = Date.now()
    expect(await ended).toBe(99)
    expect(Date.now() - begin).toBeLessThan(10_000)
    expect(await sleeping()).toEqual([false, false])
    expect(stderr).toContain('interrupted: ending what runs on the hosts')
    expect(stdout).toContain('changed: [n1]')
    expect(stdout).toContain('TASK [a long one]')
    expect(stdout).toMatch(/n1 +: ok=1 +changed=1/)
    for (const host of lab.hosts) expect((await host.run('test -e /tmp/never')).code).toBe(1)
  })
})
