import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { loadCases, runCase } from './run-case.ts'

const folder = join(import.meta.dirname, 'cases')
const isRoot = process.getuid?.() === 0

/** Whether this machine has a program that a case is about. */
function has(program: string): boolean {
  try {
    return execFileSync('sh', ['-c', `command -v ${program}`]).length > 0
  } catch {
    return false
  }
}

for (const module of readdirSync(folder).sort()) {
  describe(module, () => {
    for (const file of readdirSync(join(folder, module)).filter((name) => name.endsWith('.yml')).sort()) {
      for (const one of loadCases(join(folder, module, file))) test.skipIf((one.root === true && !isRoot) || (one.root === false && isRoot) || (one.needs !== undefined && !has(one.needs)))(`${file.replace('.yml', '')}: ${one.name}`, () => runCase(module, one))
    }
  })
}
