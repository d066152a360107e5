import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, test } from 'vitest'
import { apiServer, whyNoApiServer } from '../kubernetes/api-server.ts'
import { type Case, canRunAgain, loadCases, runAgain, runCase } from './run-case.ts'
import { type PlayCase, runPlayCase } from './run-play-case.ts'

const folder = join(import.meta.dirname, 'cases')
const isRoot = process.getuid?.() === 0

/** A machine that may be changed: cases with `spare` make users, rules and file systems. */
const isSpare = process.env.TUTTI_SPARE_HOST === '1'

/** Only what is said of a missing program. */
const onlyLacking = process.env.TUTTI_CASES === 'lacking'

/** Nothing is prepared, and nothing may change: what a pass with TUTTI_KEEP_CASES left is looked at once more. */
const isSecondPass = process.env.TUTTI_SECOND_PASS === '1'

/** Whether this machine has all programs that a case is about; `gnu-tar` is a tar of GNU. */
const has = (programs: string): boolean => programs.split(' ').every((program) => {
  try {
    return execFileSync('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin; ${program === 'gnu-tar' ? 'tar --version | grep GNU' : `command -v ${program}`}`]).length > 0
  } catch {
    return false
  }
})

const says = (line: string): boolean => spawnSync('sh', ['-c', line]).status === 0

const isPlay = (one: Case | PlayCase): one is PlayCase => 'play' in one || 'plays' in one

const hasApiServer = whyNoApiServer() === undefined

const runsHere = ({ root, needs, lacks, spare, kubernetes }: Case): boolean =>
  (kubernetes === undefined || hasApiServer) && (root === undefined || root === isRoot) && (needs === undefined || has(needs)) && (lacks === undefined || !has(lacks)) && (spare !== true || (isSpare && isRoot))

let asked = false
afterAll(async () => {
  if (asked) await (await apiServer()).close()
}, 30_000)

for (const module of readdirSync(folder).sort()) {
  describe(module, () => {
    for (const file of readdirSync(join(folder, module)).filter((name) => name.endsWith('.yml')).sort()) {
      loadCases(join(folder, module, file)).forEach((one, i) => {
        if (isPlay(one)) {
          const isHere = (one.needs === undefined || has(one.needs)) && (one.kubernetes === undefined || hasApiServer)
          return test.skipIf(isSecondPass || !isHere)(`${file.replace('.yml', '')}: ${one.name}`, () => {
            asked ||= one.kubernetes === true
            return runPlayCase(one)
          }, one.kubernetes ? 120_000 : undefined)
        }
        const id = `${module}-${file.replace('.yml', '')}-${i}`
        test.skipIf(!runsHere(one) || (onlyLacking && one.lacks === undefined) || (isSecondPass && !canRunAgain(one)))(`${file.replace('.yml', '')}: ${one.name}`, async (context) => {
          // Asked only now: cases before this one may have made what it wants.
          if (one.where !== undefined && !says(one.where)) context.skip()
          asked ||= one.kubernetes === true
          await (isSecondPass ? runAgain : runCase)(module, one, id)
        }, isSpare || one.kubernetes ? 120_000 : undefined)
      })
    }
  })
}
