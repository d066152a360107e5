import { describe, expect, test } from 'vitest'
import { becomeCommand, becomeProblem, needsPassword, wrongPassword } from '../../src/transport/become.ts'

const sudo = { method: 'sudo', user: 'redis' } as const

test('sudo asks for a password only when there is one', () => {
  expect(becomeCommand(sudo, 'sh', 't').command).toBe('sudo -H -n -u redis sh')
  const asking = becomeCommand({ ...sudo, password: 'p', flags: '-H -S -n -E' }, 'sh', 't')
  expect(asking.command).toBe(`sudo -H -S -E -S -p '[t] ' -u redis sh`)
  expect([asking.mayPrompt, asking.isPrompt('lecture\n[t] '), asking.isPrompt('lecture\n')]).toEqual([true, true, false])
})

test('su and doas', () => {
  expect(becomeCommand({ method: 'su', user: 'a b', flags: '-' }, 'sh', 't').command).toBe(`su - 'a b' -c 'exec sh'`)
  expect(becomeCommand({ method: 'doas', user: 'x', program: '/usr/local/bin/doas' }, 'sh', 't').command).toBe('/usr/local/bin/doas -n -u x sh')
  for (const prompt of ['Password: ', 'Passwort:', 'パスワード：']) expect(becomeCommand({ method: 'su', user: 'x' }, 'sh', 't').isPrompt(prompt)).toBe(true)
})

describe('problems say what to do', () => {
  test.each([
    ['sudo: sorry, you must have a tty to run sudo', 'become-requiretty'],
    ['sudo: a password is required', 'become-needs-password'],
    ['Sorry, try again.', 'become-password'],
    ['su: Authentication failure', 'become-password'],
    ['ann is not in the sudoers file.', 'become-not-allowed'],
    ['sudo: unknown user: redis', 'become-unknown-user'],
    ['sh: 1: exec: doas: not found', 'become-missing-program'],
    ['something new', 'become-failed'],
  ])('%s', (said, code) => {
    expect(becomeProblem(sudo, 'web1', said, false)).toMatchObject({ code, detail: expect.stringContaining(said) })
  })

  test('the password itself is in none of them', () => {
    const become = { ...sudo, password: 'hush-hush' }
    for (const problem of [needsPassword(become, 'w'), wrongPassword(become, 'w'), becomeProblem(become, 'w', 'x', true)]) {
      expect(JSON.stringify(problem.parts())).not.toContain('hush')
    }
  })
})
