import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dispatch } from '../../src/cli/dispatch.ts'
import { parseCertificate } from '../../src/seal/certificate.ts'
import { sealSecret, sealedManifest } from '../../src/seal/sealed-secret.ts'
import { secretManifest } from '../../src/seal/secret.ts'
import { writeYaml } from '../../src/yaml/write-yaml.ts'
import { project } from '../playbook/project.ts'
import { makePair } from '../seal/make-certificate.ts'
import { fakeTerminal } from './fake-terminal.ts'

const [pair, next] = [makePair({ bits: 1024 }), makePair({ bits: 1024 })]
const SECRET = 'hush-hush-4711'
const secret = { name: 'db', namespace: 'shop', labels: { app: 'x' }, annotations: {}, type: 'Opaque', immutable: undefined, data: new Map([['a', Buffer.from(SECRET)], ['b', Buffer.from('two')]]) }
const sealed = writeYaml(sealedManifest(sealSecret(secret, 'namespace-wide', parseCertificate(pair.certificate, { source: 'c' }))))
const plain = writeYaml(secretManifest(secret)).replace(/data:[^]*/, `stringData:\n  a: ${SECRET}\n  b: two\n`)

/** A slip of the hand somewhere in a text: a line lost, doubled, moved in, or a character that does not belong. */
const slips = fc.array(fc.record({ at: fc.nat(), kind: fc.constantFrom('drop', 'double', 'indent', 'insert', 'cut', 'comment'), char: fc.constantFrom(':', '{', '}', '"', "'", '\t', '-', '&x ', '*x', '!', '|', '#', '\u0000', '[', '---\n', '\r\n') }), { minLength: 1, maxLength: 3 })
function slip(text: string, all: readonly { readonly at: number; readonly kind: string; readonly char: string }[]): string {
  return all.reduce((so, { at, kind, char }) => {
    const lines = so.split('\n')
    const line = at % lines.length
    if (kind === 'insert') return so.slice(0, at % so.length) + char + so.slice(at % so.length)
    if (kind === 'cut') return so.slice(0, at % so.length)
    const put = kind === 'drop' ? [] : kind === 'double' ? [lines[line]!, lines[line]!] : kind === 'indent' ? [`  ${lines[line]}`] : [`${lines[line]} # note`]
    return lines.toSpliced(line, 1, ...put).join('\n')
  }, text)
}

test('whatever is wrong with a file, it is told without the secret, nothing breaks, and nothing is lost', async () => {
  const directory = project({ 'c.pem': pair.certificate, 'next.pem': next.certificate, 'k.pem': pair.keyPem, 'nextkey.pem': next.keyPem })
  const file = join(directory, 's.yml')
  const seal = async (...args: readonly string[]): Promise<{ readonly exitCode: number; readonly out: string; readonly err: string }> => {
    const terminal = fakeTerminal()
    const exitCode = await dispatch(['seal', ...args.map((arg) => (/\.pem$/.test(arg) ? join(directory, arg) : arg))], terminal)
    // 5: a separator that slipped in makes two Secrets of the one that --name is for.
    expect([0, 1, 4, 5]).toContain(exitCode)
    return { exitCode, out: terminal.text(), err: terminal.errors() }
  }
  const put = (text: string): void => writeFileSync(file, text)
  const opened = async () => JSON.stringify(await seal('--unseal', '--recovery-private-key', 'k.pem', '--recovery-private-key', 'nextkey.pem', '-o', 'json', file))
  await fc.assert(fc.asyncProperty(slips, async (all) => {
    put(slip(plain, all))
    const { out, err } = await seal('--cert', 'c.pem', '--name', 'db', '-n', 'shop', file)
    expect(out + err).not.toContain(SECRET)
    const text = slip(sealed, all)
    put(text)
    const before = await opened()
    for (const args of [['--validate'], ['--re-encrypt', '--cert', 'next.pem', '--recovery-private-key', 'k.pem', '--recovery-private-key', 'nextkey.pem']]) {
      const found = await seal(...args, file)
      expect(found.out + found.err).not.toContain(SECRET)
      if (found.exitCode !== 0) expect(readFileSync(file, 'utf8')).toBe(text)
      expect(await opened()).toBe(before)
    }
    put(text)
    const merged = await seal('--cert', 'c.pem', '--merge-into', file, '--from-literal', 'b=new')
    if (merged.exitCode !== 0) expect(readFileSync(file, 'utf8')).toBe(text)
    else if (JSON.parse(before).exitCode === 0) expect(JSON.parse(JSON.parse(await opened()).out).data).toEqual({ ...JSON.parse(JSON.parse(before).out).data, b: Buffer.from('new').toString('base64') })
    expect(readdirSync(directory)).toHaveLength(5)
  }), { numRuns: Number(process.env.TUTTI_SLIPS ?? 60) })
}, 120_000)
