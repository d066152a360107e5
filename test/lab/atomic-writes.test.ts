import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execFileSync, spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TuttiRun, runTutti } from './run-tutti.ts'
import { type TestHost, type TestLab, withLab } from './with-lab.ts'

/** No half-written file, whatever ends a write: the controller, the shell on the host, or the disk. */
const MEGABYTE = 1 << 20

let lab: TestLab
let host: TestHost
let server: Server
let folder: string
let url: string

beforeAll(async () => {
  lab = await withLab('atomic', 1)
  host = lab.hosts[0]!
  folder = dirname(lab.file)
  await root('mkdir /full && mount -t tmpfs -o size=4m full /full && mkdir /srv/kept /srv/big && apt-get install -y -qq attr >/dev/null')
  server = createServer((_request, response) => response.end(readFileSync(join(folder, 'two-megabytes')))).listen(0, '0.0.0.0')
  const [controller] = (await host.run('echo $SSH_CONNECTION')).stdout.split(' ')
  url = `http://${controller}:${(server.address() as AddressInfo).port}/new`
  writeFileSync(join(folder, 'two-megabytes'), randomBytes(2 * MEGABYTE))
  writeFileSync(join(folder, 'forty-kilobytes'), 'n'.repeat(40_000))
  writeFileSync(join(folder, 'template.j2'), '{{ "t" * 40000 }}\n')
  mkdirSync(join(folder, 'tree'))
  for (let i = 0; i < 80; i++) writeFileSync(join(folder, 'tree', `f${i}`), `new ${i}`.repeat(1000))
  execFileSync('tar', ['-cf', join(folder, 'archive.tar'), '-C', folder, 'two-megabytes'])
})
afterAll(async () => {
  server?.close()
  await lab?.down()
})

async function root(command: string): Promise<string> {
  const { code, stdout, stderr } = await host.run(`sudo sh -c '${command.replaceAll("'", "'\\''")}'`)
  if (code !== 0) throw new Error(`${command}: ${stderr}`)
  return stdout
}

function playbook(name: string, tasks: readonly object[]): string {
  const file = join(folder, `${name}.yml`)
  writeFileSync(file, JSON.stringify([{ hosts: 'all', become: true, gather_facts: false, tasks }]))
  return file
}
const play = (name: string, tasks: readonly object[]): Promise<TuttiRun> => runTutti('run', playbook(name, tasks), '-i', lab.file)

/** Each with what the file holds before; all write 40 kB or more. */
const WRITES: Readonly<Record<string, { readonly old: string; readonly task: (dest: string) => object }>> = {
  'copy': { old: 'old\n', task: (dest) => ({ copy: { src: join(folder, 'forty-kilobytes'), dest } }) },
  'copy, streamed': { old: 'old\n', task: (dest) => ({ copy: { src: join(folder, 'two-megabytes'), dest } }) },
  'copy of the host': { old: 'old\n', task: (dest) => ({ copy: { src: '/usr/bin/bash', remote_src: true, dest } }) },
  'template': { old: 'old\n', task: (dest) => ({ template: { src: join(folder, 'template.j2'), dest } }) },
  'lineinfile': { old: 'o'.repeat(40_000), task: (dest) => ({ lineinfile: { path: dest, line: 'one more' } }) },
  'blockinfile': { old: 'o'.repeat(40_000), task: (dest) => ({ blockinfile: { path: dest, block: 'one more' } }) },
  'replace': { old: 'o'.repeat(40_000), task: (dest) => ({ replace: { path: dest, regexp: '^oo', replace: 'xo' } }) },
  'get_url': { old: 'old\n', task: (dest) => ({ get_url: { url, dest, force: true } }) },
  'archive': { old: 'old\n', task: (dest) => ({ archive: { path: '/usr/bin/bash', dest, format: 'tar' } }) },
}

describe('a full disk', () => {
  const fill = (free: number) => `dd if=/dev/zero of=/full/.filler bs=4096 count=$(( ($(stat -f -c %a /full) * $(stat -f -c %S /full) - ${free}) / 4096 )) 2>/dev/null; sync`
  const look = "cd /full; for f in * .[!.]*; do case $f in .filler | '*' | '.[!.]*') ;; *) printf '%s %s\\n' \"$f\" \"$(find \"$f\" -type f -exec sha1sum {} + | cut -c1-40 | sort | tr '\\n' ' ')\" ;; esac; done"

  test.each(Object.entries(WRITES))('%s: the task fails, the old file stays, nothing is left beside it; with room it is done', async (name, { old, task }) => {
    const key = name.replaceAll(/\W+/g, '-')
    await root(`rm -rf /full/* /full/.[!.]*; printf %s '${old}' > /full/old; chmod 604 /full/old; ${fill(20_000)}`)
    const before = await root(look)
    const full = await play(`full-${key}`, [{ name: 'write', ...task('/full/old') }])
    expect(full.results, full.output).toEqual(['n1 failed write'])
    expect(await root(look)).toBe(before)
    expect(before).toContain(createHash('sha1').update(old).digest('hex'))
    await root('rm /full/.filler')
    const after = await play(`room-${key}`, [{ name: 'write', ...task('/full/old') }, { name: 'again', ...task('/full/old') }])
    expect(after.results.map((line) => line.split(' ')[1]), after.output).toEqual(['changed', name === 'get_url' || name === 'archive' ? expect.stringMatching('ok|changed') : 'ok'])
    expect((await root('cd /full; ls -A; stat -c %a old')).split('\n')).toEqual(['old', '604', ''])
  })

  test('a backup that finds no room is not there at all, and the file is as it was', async () => {
    // Room for the new file, but not for the copy of the old one.
    await root(`rm -rf /full/* /full/.[!.]*; head -c 1000000 /dev/zero > /full/old; ${fill(500_000)}`)
    const before = await root(look)
    const full = await play('backup', [{ name: 'write', copy: { content: 'new', dest: '/full/old', backup: true } }])
    expect(full.results, full.output).toEqual(['n1 failed write'])
    expect(await root(look)).toBe(before)
  })

  test('a tree: what does not fit is not there, what is there is whole, and nothing else', async () => {
    await root(`rm -rf /full/* /full/.[!.]*; mkdir /full/tree; for i in $(seq 0 39); do echo old > /full/tree/f$i; done; ${fill(200_000)}`)
    const full = await play('tree', [{ name: 'write', copy: { src: `${folder}/tree/`, dest: '/full/tree' } }])
    expect(full.results, full.output).toEqual(['n1 failed write'])
    const old = createHash('sha1').update('old\n').digest('hex')
    const found = (await root('cd /full/tree; find . -type f -exec sha1sum {} +')).trim().split('\n')
    expect(found.length).toBeGreaterThanOrEqual(40)
    for (const line of found) {
      const name = line.slice(44)
      expect([old, createHash('sha1').update(readFileSync(join(folder, 'tree', name))).digest('hex')], name).toContain(line.slice(0, 40))
    }
  })

  test('unarchive: the task fails and its archive is gone; with room the next run mends what tar left', async () => {
    await root(`rm -rf /full/* /full/.[!.]*; ${fill(3_000_000)}`)
    const task = { unarchive: { src: join(folder, 'archive.tar'), dest: '/full' } }
    const full = await play('unarchive', [{ name: 'write', ...task }])
    expect(full.results, full.output).toEqual(['n1 failed write'])
    expect(await root('ls -A /full')).not.toContain('tutti')
    await root('rm -f /full/.filler; mount -o remount,size=16m /full')
    const after = await play('unarchive', [{ name: 'write', ...task }, { name: 'again', ...task }])
    expect(after.results, after.output).toEqual(['n1 changed write', 'n1 ok again'])
    expect(await root('sha1sum < /full/two-megabytes')).toContain(createHash('sha1').update(readFileSync(join(folder, 'two-megabytes'))).digest('hex'))
    await root('rm -f /full/two-megabytes; mount -o remount,size=4m /full')
  })
})

describe('what is replaced keeps what it had', () => {
  test('owner, mode, ACL and extended attributes, in each module that replaces files', async () => {
    const modules = Object.entries(WRITES)
    const show = modules.map((_, i) => `getfacl -p /srv/kept/${i}; getfattr -d /srv/kept/${i}; stat -c "%u:%g %a" /srv/kept/${i}`).join('; ')
    await root(modules.map(([, { old }], i) => `printf %s '${old}' > /srv/kept/${i}; chown daemon:mail /srv/kept/${i}; chmod 640 /srv/kept/${i}; setfacl -m u:nobody:rw,g:games:r /srv/kept/${i}; setfattr -n user.note -v "number ${i}" /srv/kept/${i}`).join('; '))
    const before = await root(show)
    expect(before).toContain('user:nobody:rw-')
    expect(before).toContain('user.note="number 3"')
    const run = await play('kept', modules.map(([name, { task }], i) => ({ name, ...task(`/srv/kept/${i}`) })))
    expect(run.results, run.output).toEqual(modules.map(([name]) => `n1 changed ${name}`))
    expect(await root(show)).toBe(before)
    expect((await root('ls -A /srv/kept')).trim().split('\n').toSorted()).toEqual(modules.map((_, i) => String(i)).toSorted())
  })

  test('a backup is the old file with everything it had', async () => {
    await root('head -c 300000 /dev/urandom > /srv/kept/b; chown daemon:mail /srv/kept/b; chmod 640 /srv/kept/b; setfacl -m u:nobody:rw /srv/kept/b; setfattr -n user.note -v old /srv/kept/b; touch -d @1000000000 /srv/kept/b')
    const show = (path: string) => root(`sha1sum < ${path}; getfacl -cp ${path}; getfattr -d --absolute-names ${path} | grep user; stat -c "%u:%g %a %Y" ${path}`)
    const old = await show('/srv/kept/b')
    const run = await play('backup', [{ name: 'write', copy: { content: 'new', dest: '/srv/kept/b', backup: true } }])
    expect(await show(run.result('write').outputs.backup_file)).toBe(old)
  })
})

describe('a copy of 200 MB that is broken off', () => {
  const large = () => join(folder, 'large')
  const directory = () => join(host.upperLayer(), 'srv/big')
  const temporary = () => readdirSync(directory()).filter((name) => name.startsWith('.tutti.'))
  const task = () => ({ name: 'write', copy: { src: large(), dest: '/srv/big/file' } })

  /** Starts the run and waits until a good part has come. */
  async function begin() {
    if (!existsSync(large())) writeFileSync(large(), 'x')
    truncateSync(large(), 200 * MEGABYTE)
    await root('rm -rf /srv/big/* /srv/big/.t*; echo old > /srv/big/file')
    const child = spawn(join(import.meta.dirname, '../../bin/tutti'), ['run', playbook('large', [task()]), '-i', lab.file, '--output', 'json'], { stdio: ['ignore', 'pipe', 'ignore'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const ended = new Promise<string>((resolve) => child.on('close', () => resolve(output)))
    await until(() => temporary().some((name) => statSync(join(directory(), name)).size > 5 * MEGABYTE))
    return { child, ended }
  }
  async function until(holds: () => boolean): Promise<void> {
    for (let i = 0; i < 1200 && !holds(); i++) await sleep(25)
    expect(holds()).toBe(true)
  }
  async function endsWell(): Promise<void> {
    const again = await play('large', [task()])
    expect(again.results, again.output).toEqual(['n1 changed write'])
    expect(await root('stat -c %s /srv/big/file')).toBe(`${200 * MEGABYTE}\n`)
  }

  test('by SIGKILL of the controller: the old file stays, and the host clears up by itself', async () => {
    const { child, ended } = await begin()
    child.kill('SIGKILL')
    await ended
    await until(() => temporary().length === 0)
    expect(readFileSync(join(directory(), 'file'), 'utf8')).toBe('old\n')
    expect(readdirSync(directory())).toEqual(['file'])
    await endsWell()
  })

  test('by SIGKILL of the shell on the host: the old file stays, and what is left says whose it is', async () => {
    const { ended } = await begin()
    await root('pkill -KILL -x sh; pkill -KILL -x cat; true').catch(() => undefined)
    const output = await ended
    expect(output).toMatch(/"status":"(failed|unreachable)"/)
    expect(readFileSync(join(directory(), 'file'), 'utf8')).toBe('old\n')
    expect(readdirSync(directory()).filter((name) => name !== 'file')).toEqual([expect.stringMatching(/^\.tutti\.\w{8}$/)])
    await endsWell()
  })
})
