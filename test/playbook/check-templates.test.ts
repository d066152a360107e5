import { expect, test } from 'vitest'
import type { Problem } from '../../src/problem/problem.ts'
import { load, problemsOfLoading } from './project.ts'

const play = (condition: string): Readonly<Record<string, string>> => ({ 'site.yml': `- hosts: all\n  tasks:\n    - ping:\n      ${condition}\n` })
function warnings(condition: string): readonly string[] {
  const told: Problem[] = []
  load(play(condition), { warn: (problem) => told.push(problem) })
  return told.map(({ code, span }) => `${code}:${span?.line}`)
}

test.each([`when: "'x == 1'"`, `failed_when: '"no"'`, `until: "'x is defined'"`])('a condition in two pairs of quotes decides nothing: %s', (condition) => expect(warnings(condition)).toEqual(['dead-condition:4']))
test.each([`when: "'a' in 'b'"`, 'when: false', `when: "'a' == ansible_check_mode"`])('a condition that decides: %s', (condition) => expect(warnings(condition)).toEqual([]))
test('braces in a condition that cannot be read', () => expect(problemsOfLoading(play('when: inventory_hostname == {{ 1 }}'))[0]).toMatchObject({ code: 'template-syntax', hint: expect.stringContaining('write it without') }))
