import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FileStep } from '../../src/host/file-script.ts'
import { mkdir, write } from '../../src/host/step.ts'
import { batchFailure, batchFrom, batchScript } from '../../src/host/take-batch.ts'
import { bytesContent } from '../../src/value/content.ts'
import { shells } from '../shell/shells.ts'

let root = ''
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'batch-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

const put = (name: string, content: string | Uint8Array, attributes = {}) => write(join(root, name), bytesContent(content), attributes, { replaceLink: true })
const at = (name: string): string => readFileSync(join(root, name), 'utf8')
const mode = (name: string): string => (statSync(join(root, name)).mode & 0o7777).toString(8)

describe.each(shells.filter(({ argv }) => existsSync(argv[0]!)))('a batch of steps in $name', ({ argv }) => {
  const take = (...steps: readonly ReturnType<typeof mkdir>[]) => {
    const batch = batchFrom(steps, 0)
    expect(batch).toHaveLength(steps.length)
    const { status, stderr } = spawnSync(argv[0]!, argv.slice(1), { input: `umask 027\n( eval '${batchScript(batch).replaceAll("'", "'\\''")}' )\n` })
    return { status, ...batchFailure(batch, stderr.toString()) }
  }

  test('many files of one directory: names, bytes and modes as they should be, and nothing else', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    const names = ['a', ' b c ', '-n', '--', "it's", '$(touch x)', '`id`', 'ü', '*', '\\n', 'new\nline', '.hidden', ';', '~']
    const { status, said } = take(mkdir(join(root, 'd')), ...names.map((name) => put(`d/${name}`, `of ${name}\n`)), put('d/bytes', bytes, { mode: 0o600 }), put('d/empty', '', { mode: 0o4711 }))
    expect({ status, said }).toEqual({ status: 0, said: '' })
    expect(readdirSync(join(root, 'd')).toSorted()).toEqual([...names, 'bytes', 'empty'].toSorted())
    for (const name of names) expect(at(`d/${name}`)).toBe(`of ${name}\n`)
    expect(readFileSync(join(root, 'd/bytes'))).toEqual(Buffer.from(bytes))
    expect([mode('d/a'), mode('d/bytes'), mode('d/empty')]).toEqual(['640', '600', '4711'])
    expect(readdirSync(root)).toEqual(['d'])
  })

  test('what is replaced keeps its mode; a link is replaced, not followed', () => {
    writeFileSync(join(root, 'old'), 'old')
    writeFileSync(join(root, 'far'), 'far')
    chmodSync(join(root, 'old'), 0o604)
    symlinkSync('far', join(root, 'link'))
    expect(take(put('old', 'new'), put('link', 'here'), put('fresh', 'x')).status).toBe(0)
    expect([at('old'), mode('old'), at('link'), at('far'), mode('fresh')]).toEqual(['new', '604', 'here', 'far', '640'])
    expect(readdirSync(root)).toEqual(['far', 'fresh', 'link', 'old'])
  })

  test('a step that cannot be taken is named, ends the batch, and leaves no file half written', () => {
    mkdirSync(join(root, 'in-the-way'))
    mkdirSync(join(root, 'in-the-way/x'))
    writeFileSync(join(root, 'old'), 'old')
    const missing = write(join(root, 'old'), { kind: 'host', path: join(root, 'missing'), sha1: '' })
    const one = take(put('a', 'a'), missing, put('z', 'z'))
    expect(one).toMatchObject({ status: 1, failed: { path: join(root, 'old') }, said: expect.stringContaining('missing') })
    expect([at('a'), at('old'), existsSync(join(root, 'z'))]).toEqual(['a', 'old', false])
    const many = take(put('b', 'b'), put('in-the-way', 'x'), put('c', 'c'))
    expect(many).toMatchObject({ status: 1, failed: { path: join(root, 'in-the-way') }, said: expect.stringContaining('is a directory') })
    expect(take(put('no/a', 'a'), put('no/b', 'b'))).toMatchObject({ status: 1, failed: { path: join(root, 'no/a') } })
    expect(readdirSync(root).filter((name) => name.startsWith('.tutti'))).toEqual([])
  })

  test('a disk that is full leaves the old content and nothing beside it', () => {
    writeFileSync(join(root, 'old'), 'old')
    const steps = [put('old', 'x'.repeat(40_000)), put('next', 'y')] as FileStep[]
    // A limit on the size of files ends a write as a full disk does.
    const { status } = spawnSync(argv[0]!, argv.slice(1), { input: `trap '' XFSZ; ulimit -f 8\n${batchScript(steps)}\n` })
    expect([status === 0, at('old'), readdirSync(root)]).toEqual([false, 'old', ['old']])
  })
})
