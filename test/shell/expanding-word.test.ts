import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { expandingWord } from '../../src/shell/expanding-word.ts'

const shells = ['sh', 'bash'].filter((shell) => {
  try {
    return execFileSync(shell, ['-c', 'echo ok']).length > 0
  } catch {
    return false
  }
})

test.each<[string, string]>([
  ['plain', 'plain'], ['$A', "va'l ue"], ['${A}', "va'l ue"], ['x$A/y', "xva'l ue/y"], ['$NOPE', '$NOPE'], ['${NOPE}', '${NOPE}'], ['$(id)', '$(id)'], ['`id`', '`id`'], ['a"b\'c', 'a"b\'c'], ['~', '/home/x'], ['~/y z', '/home/x/y z'], ['a~', 'a~'], ['', ''], ['$', '$'], ['$5', '$5'], ['-n', '-n'], ['*', '*'], ['$IFS', '$IFS'], ['${PPID}$RANDOM', '${PPID}$RANDOM'], ['$HOSTNAME', 'given'],
])('%s', (word, meant) => {
  for (const shell of shells) expect(execFileSync(shell, ['-c', `for a in ${expandingWord(word)}; do printf '%s|' "$a"; done`], { env: { PATH: process.env.PATH, HOME: '/home/x', A: "va'l ue", HOSTNAME: 'given' } }).toString(), shell).toBe(`${meant}|`)
})
