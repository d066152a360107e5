import { describe, expect, test } from 'vitest'
import { editCrontab, jobNames } from '../../src/contract/edit-crontab.ts'

const job = (name: string, line: string | undefined) => ({ kind: 'job' as const, name, line })
const variable = (name: string, line: string | undefined, more = {}) => ({ kind: 'variable' as const, name, line, ...more })

describe('jobs', () => {
  test('a new one stands at the end, under its comment', () => {
    expect(editCrontab('', job('a', '* * * * * x'))).toBe('#Ansible: a\n* * * * * x\n')
    expect(editCrontab('# mine\n', job('a', 'l'))).toBe('# mine\n#Ansible: a\nl\n')
  })
  test('the one of the name is replaced where it stands, others are left alone', () => {
    expect(editCrontab('#Ansible: a\nold\n#Ansible: b\nkeep\n', job('a', 'new'))).toBe('#Ansible: a\nnew\n#Ansible: b\nkeep\n')
  })
  test('the same is the same', () => expect(editCrontab('#Ansible: a\nl\n', job('a', 'l'))).toBe('#Ansible: a\nl\n'))
  test('a job that stands there without a comment is adopted', () => expect(editCrontab('l\n', job('a', 'l'))).toBe('#Ansible: a\nl\n'))
  test('a job of another name with the same line stays that one’s', () => expect(editCrontab('#Ansible: b\nl\n', job('a', 'l'))).toBe('#Ansible: b\nl\n#Ansible: a\nl\n'))
  test('one that should not be there goes with its comment', () => expect(editCrontab('#Ansible: a\nl\n#Ansible: b\nk\n', job('a', undefined))).toBe('#Ansible: b\nk\n'))
  test('the last one leaves nothing', () => expect(editCrontab('#Ansible: a\nl\n', job('a', undefined))).toBe(''))
})

describe('variables', () => {
  test('a new one stands first', () => expect(editCrontab('l\n', variable('A', 'A="1"'))).toBe('A="1"\nl\n'))
  test('after or before another', () => {
    expect(editCrontab('A="1"\nB="2"\n', variable('C', 'C="3"', { after: 'A' }))).toBe('A="1"\nC="3"\nB="2"\n')
    expect(editCrontab('A="1"\nB="2"\n', variable('C', 'C="3"', { before: 'B' }))).toBe('A="1"\nC="3"\nB="2"\n')
  })
  test('beside one that is not there is a failure', () => expect(() => editCrontab('', variable('C', 'C="3"', { after: 'A' }))).toThrow("Variable named 'A' not found."))
  test('replaced and removed', () => {
    expect(editCrontab('A="1"\n', variable('A', 'A="2"'))).toBe('A="2"\n')
    expect(editCrontab('A="1"\nl\n', variable('A', undefined))).toBe('l\n')
  })
})

test('names of what is there', () => expect(jobNames('A="1"\n#Ansible: x\nl\n')).toEqual({ jobs: ['x'], envs: ['A'] }))
