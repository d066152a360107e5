import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { connectLocal } from '../../src/transport/local-connection.ts'
import { type Pipe, rsyncOver } from '../../src/transport/rsync-bridge.ts'

const isThere = (() => {
  try {
    return execFileSync('sh', ['-c', 'command -v rsync']).length > 0
  } catch {
    return false
  }
})()

const connection = connectLocal({})
const root = mkdtempSync(join(tmpdir(), 'rsync-'))
const pipe: Pipe = (script, content) => connection.pipeBoth(script, content)
afterAll(async () => {
  await connection.close()
  rmSync(root, { recursive: true, force: true })
})

test.skipIf(!isThere)('brings bytes both ways over a connection, whatever is in them', async () => {
  mkdirSync(join(root, 'from'))
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256))
  writeFileSync(join(root, 'from', "odd $(id) 'name'"), bytes)
  expect(await rsyncOver(['-a', join(root, 'from/'), `host:${root}/there it goes`], pipe)).toMatchObject({ code: 0 })
  expect(readFileSync(join(root, 'there it goes', "odd $(id) 'name'")).equals(bytes)).toBe(true)
  expect(await rsyncOver(['-a', `host:${root}/there it goes/`, join(root, 'back')], pipe)).toMatchObject({ code: 0 })
  expect(readFileSync(join(root, 'back', "odd $(id) 'name'")).equals(bytes)).toBe(true)
})

test.skipIf(!isThere)("tells the host's own words when it fails", async () => {
  const reply = await rsyncOver(['-a', '--rsync-path=no-such-rsync', `host:${root}/none`, join(root, 'x')], pipe)
  expect(reply.code).not.toBe(0)
  expect(reply.stderr.toString()).toMatch(/no-such-rsync.*not found/)
})
