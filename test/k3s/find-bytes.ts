import { spawn } from 'node:child_process'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestHost } from '../lab/with-lab.ts'
import { login } from './k3s-hosts.ts'

/** A text as it may lie somewhere: itself, and its base64 at each place in a longer text, without the characters that depend on what stands beside it. */
export const formsOf = (text: string): readonly string[] => [text, ...[0, 1, 2].map((before) => Buffer.from(`${' '.repeat(before)}${text}`).toString('base64').slice(before === 0 ? 0 : 4, -4).replace(/=+$/, ''))]

/** Which of the forms stand in a text. */
export const formsIn = (text: string, forms: readonly string[]): readonly string[] => forms.filter((form) => text.includes(form))

/** Files below a directory of this machine that hold one of the forms. */
export function filesWith(directory: string, forms: readonly string[]): readonly string[] {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  return files.filter((file) => formsIn(readFileSync(file, 'latin1'), forms).length > 0)
}

/** Temporary files of this machine that were written since then, by whomever, and hold one of the forms. */
export function temporaryFilesWith(forms: readonly string[], since: number): readonly string[] {
  const fresh = (name: string): boolean => statSync(name).mtimeMs >= since
  const below = (directory: string): readonly string[] => readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const name = join(directory, entry.name)
    try {
      if (entry.isDirectory()) return below(name)
      return entry.isFile() && fresh(name) && statSync(name).size < 50e6 && formsIn(readFileSync(name, 'latin1'), forms).length > 0 ? [name] : []
    } catch {
      return [] // Gone by now.
    }
  })
  return below(tmpdir())
}

/**
 * Files of a lab host that hold one of the forms, its journal, temporary files and etcd's among them. The script comes by standard input: sudo
 * notes what it is called with.
 */
export function hostFilesWith(host: TestHost, forms: readonly string[], where = '/etc /home /opt /root /run /srv /tmp /usr/local/bin /var/lib /var/log /var/tmp /var/cache /dev/shm'): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', [...login(host), 'sudo sh -s'], { timeout: 300_000 })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(said) : reject(new Error(`${host.name}: looking through its files: ${code}: ${said}`))))
    // Images are the same everywhere. 2: something ended while it was read.
    child.stdin.end(`cd /; timeout 280 grep -rlaF --devices=skip --exclude-dir=io.containerd.snapshotter.v1.native --exclude-dir=io.containerd.content.v1.content --exclude-dir=images -f - ${where} 2>/dev/null <<'END'\n${forms.join('\n')}\nEND\n[ $? -le 2 ]\n`)
  })
}
