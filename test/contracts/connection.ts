import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Problem } from '../../src/problem/problem.ts'
import { type Connection, Unreachable } from '../../src/transport/connection.ts'

/** What every connection must keep, whatever carries it. `elsewhere`: the machine is not this one; its own sshd is forwarded to. */
export function connectionContract(name: string, open: () => Promise<Connection>, elsewhere = false): void {
  describe(name, () => {
    let connection: Connection
    beforeAll(async () => {
      connection = await open()
    })
    afterAll(() => connection.close())
    const run = (script: string) => connection.shell().run(script)
    const code = (promise: Promise<unknown>) => promise.then(() => 'fine', (error: Problem | Unreachable) => (error instanceof Unreachable ? error.problem : error).code)

    test('exit code, output and errors come apart, as bytes', async () => {
      const reply = await run(`printf 'a\\000\\377b'; printf 'no newline' >&2; exit 42`)
      expect({ ...reply, stdout: reply.stdout.toString('latin1'), stderr: reply.stderr.toString() }).toEqual({
        code: 42,
        stdout: 'a\0\xffb',
        stderr: 'no newline',
      })
    })

    test('scripts of one turn are one round trip, answered each with its own', async () => {
      await run(':')
      const before = connection.traffic.roundTrips
      const replies = await Promise.all(Array.from({ length: 60 }, (_, i) => run(`echo ${i}; echo e${i} >&2; exit ${i}`)))
      expect(connection.traffic.roundTrips - before).toBe(1)
      replies.forEach(({ code, stdout, stderr }, i) => expect([code, `${stdout}`, `${stderr}`]).toEqual([i, `${i}\n`, `e${i}\n`]))
    })

    test('a script changes nothing for the next one', async () => {
      const [, syntax, bracket, quote, , after] = await Promise.all(
        ['X=1; cd /; umask 000; set -e; exec >/dev/null', 'if (', '}', `echo 'open`, 'kill -9 $(sh -c "echo \\$PPID")', 'echo "${X-none}"'].map(run),
      )
      for (const reply of [syntax, bracket, quote]) expect(reply!.code).not.toBe(0)
      expect(`${after!.stdout}`).toBe('none\n')
    })

    test('a script without input reads an end, and one with input reads all of it', async () => {
      const bytes = randomBytes(20_000)
      const [none, given] = await Promise.all([run('cat'), connection.shell().run('cat', { stdin: bytes })])
      expect(none.stdout.length).toBe(0)
      expect(given.stdout.equals(bytes)).toBe(true)
      // Input that nobody reads is no error.
      expect(await connection.shell().run('exit 3', { stdin: bytes })).toMatchObject({ code: 3, stderr: Buffer.alloc(0) })
    })

    test('input too large for a request travels all the same', async () => {
      const bytes = randomBytes(700_000)
      const { stdout } = await connection.shell().run('sha256sum', { stdin: bytes })
      expect(`${stdout}`).toContain(createHash('sha256').update(bytes).digest('hex'))
    })

    test('large output is whole', async () => {
      const { stdout } = await run('head -c 3000000 /dev/zero')
      expect(stdout.length).toBe(3_000_000)
    })

    test('streams go in and out on channels of their own', async () => {
      const bytes = randomBytes(1_000_000)
      const into = await connection.pipeIn('sha256sum; echo e >&2; exit 4', Readable.from([bytes.subarray(0, 400_000), bytes.subarray(400_000)]))
      expect([into.code, `${into.stderr}`]).toEqual([4, 'e\n'])
      expect(`${into.stdout}`).toContain(createHash('sha256').update(bytes).digest('hex'))
      const out = connection.pipeOut(`head -c 2000000 /dev/zero | tr '\\0' x; exit 5`)
      expect((await text(out.stdout)).length).toBe(2_000_000)
      expect((await out.done).code).toBe(5)
    })

    test('a failing source ends the stream with its error', async () => {
      const source = new Readable({ read() { this.destroy(new Error('the file vanished')) } })
      await expect(connection.pipeIn('cat', source)).rejects.toThrow('the file vanished')
    })

    test('output is told while it comes', async () => {
      const heard: string[] = []
      const reply = await connection.shell().run('echo first; sleep 0.3; echo second', { onOutput: (piece) => heard.push(piece) })
      expect(heard.length).toBeGreaterThan(1)
      expect(heard.join('')).toBe(`${reply.stdout}`)
    })

    test('a script out of time dies with its children, and those behind it are done', async () => {
      const mark = `sleep 6${Math.floor(Math.random() * 1e6)}`
      const [slow, next] = await Promise.all([code(connection.shell().run(`${mark} | cat`, { timeout: 0.5 })), run('echo next')])
      expect([slow, `${next.stdout}`]).toEqual(['timed-out', 'next\n'])
      expect(`${(await run(alive(mark))).stdout}`).toBe('')
    })

    test('long scripts do not hold up the others', async () => {
      const ended: string[] = []
      const note = (name: string) => () => ended.push(name)
      const long = [1, 2, 3].map(() => connection.shell().run('sleep 3', { alone: true }).then(note('long')))
      await Promise.all([...long, run('echo quick').then(note('quick'))])
      expect(ended[0]).toBe('quick')
    })

    test('what is given after a script that leads runs after it, however long it takes', async () => {
      const shell = connection.shell()
      const file = `/tmp/tutti-leads-${Math.floor(Math.random() * 1e9)}`
      const step = shell.run(`sleep 0.6; echo there > ${file}`, { leads: true })
      // Longer than the pool is patient with a busy shell.
      const late = delay(200).then(() => shell.run(`cat ${file}`))
      const [, early, after] = await Promise.all([step, shell.run(`cat ${file}`), late])
      expect([early.stdout.toString(), after.stdout.toString()]).toEqual(['there\n', 'there\n'])
      await shell.run(`rm -f ${file}`)
    })

    test('a shell that dies takes nothing with it that had not begun, and nothing waits for it', async () => {
      const shell = connection.shell()
      const [died, step, read] = await Promise.allSettled([shell.run('kill -9 $$; sleep 4'), shell.run('echo step', { leads: true }), shell.run('echo read')])
      expect(died.status).toBe('rejected')
      expect([step, read].map((one) => (one.status === 'fulfilled' ? one.value.stdout.toString() : one.reason))).toEqual(['step\n', 'read\n'])
    })

    test('an interruption ends what runs, and the next script works', async () => {
      const mark = `sleep 7${Math.floor(Math.random() * 1e6)}`
      const running = code(connection.shell().run(mark, { alone: true }))
      const piped = code(connection.pipeIn(mark, Readable.from(['x'])))
      await new Promise((resolve) => setTimeout(resolve, 500))
      await connection.interrupt()
      expect([await running, await piped]).toEqual(['interrupted', 'interrupted'])
      // The program ssh, whose arguments hold the script as well, may take a moment longer.
      for (let i = 0; i < 20 && (await run(alive(mark))).stdout.length > 0; i++) await delay(100)
      expect(`${(await run(alive(mark))).stdout}`).toBe('')
    })

    test('no script and no secret shows in the list of processes', async () => {
      const { stdout } = await connection.shell().run('S=s3cr3t-word; for f in /proc/[0-9]*/cmdline; do tr "\\0" " " <$f 2>/dev/null; echo; done | grep -a s3cr3t-wor[d]')
      expect(`${stdout}`).toBe('')
    })

    test.runIf(elsewhere)('a forwarded connection leads to what the host can reach', async () => {
      const stream = await connection.forward('127.0.0.1', 22)
      expect(`${await new Promise((resolve) => stream.once('data', resolve))}`).toMatch(/^SSH-2/)
      stream.destroy()
    })

    test('an address that the host cannot reach is a problem, not a hang', async () => {
      expect(await code(connection.forward('127.0.0.1', 1))).toBe('forward-failed')
    })

    test.skipIf(elsewhere)('a forwarded connection carries bytes both ways', async () => {
      const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const stream = await connection.forward('127.0.0.1', (server.address() as { port: number }).port)
      stream.write('ping')
      expect(`${await new Promise((resolve) => stream.once('data', resolve))}`).toBe('ping')
      stream.destroy()
      server.close()
    })

    test('a NUL in a script is refused', async () => {
      expect(await code(run('a\0b'))).toBe('nul-in-script')
    })

    test('once closed, everything is unreachable', async () => {
      const other = await open()
      const running = code(other.shell().run('sleep 30'))
      await new Promise((resolve) => setTimeout(resolve, 200))
      await other.close()
      expect(await running).toBe('connection-closed')
      expect(await code(other.shell().run('true'))).toBe('connection-closed')
      expect(await code(other.pipeIn('true', Readable.from(['x'])))).toBe('connection-closed')
    })
  })
}

// A process that has ended but was not waited for (nobody does in a container without an init) is not alive.
const alive = (command: string): string =>
  `for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$f 2>/dev/null | grep -aqx '${command} ' && echo "$f"; done; :`
