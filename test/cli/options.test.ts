import { expect, test } from 'vitest'
import { choice, count, flag, integer, list, parseOptions, text } from '../../src/cli/options.ts'
import { playbookOptions } from '../../src/cli/playbook-options.ts'

const options = {
  inventory: list('-i --inventory', 'PATH', ''), check: flag('-C --check', ''), diff: flag('-D --diff', ''), verbose: count('-v --verbose', ''), forks: integer('-f --forks', 'N', ''),
  user: text('-u --user', 'NAME', ''), output: choice('--output', ['live', 'json'], ''), old: text('--old', 'X', '', { refused: 'use --new' }), noop: flag('--noop', '', { inert: 'no cache' }),
}
const parse = (...args: string[]) => parseOptions(options, args)

test('nothing given', () => expect(parse()).toMatchObject({ values: { inventory: [], check: false, verbose: 0, forks: undefined }, operands: [], help: false }))
test('options anywhere, values apart or joined', () => {
  expect(parse('a.yml', '-i', 'x', '--inventory=y', '-iz', '--forks', '7', 'b.yml')).toMatchObject({ values: { inventory: ['x', 'y', 'z'], forks: 7 }, operands: ['a.yml', 'b.yml'] })
})
test('short flags together, one with a value last', () => expect(parse('-CDvvf20').values).toMatchObject({ check: true, diff: true, verbose: 2, forks: 20 }))
test('unique beginnings of long names', () => expect(parse('--inv', 'x', '--che').values).toMatchObject({ inventory: ['x'], check: true }))
test('-- ends options', () => expect(parse('--', '-C').operands).toEqual(['-C']))
test('help', () => expect(parse('-h').help).toBe(true))
test('inert options are told', () => expect(parse('--noop').inert[0]?.inert).toBe('no cache'))
test.each([
  [['--chekc'], /no such option: --chekc/, "did you mean '--check'?"], [['-x'], /no such option: -x/, undefined], [['-f', 'many'], /needs a number/, undefined], [['-i'], /needs a value/, undefined],
  [['--check=yes'], /takes no value/, undefined], [['--output', 'jsno'], /no such value/, "did you mean 'json'?"], [['--old', 'x'], /not offered/, 'use --new'],
])('%j is refused', (args, message, hint) => {
  expect(() => parse(...args)).toThrow(message)
  try { parse(...args) } catch (error) { if (hint) expect((error as { hint: string }).hint).toBe(hint) }
})
test('all options of ansible-playbook are known', () => {
  const names = new Set(Object.values(playbookOptions).flatMap(({ names: own }) => own))
  const theirs = `-i --inventory -l --limit -t --tags --skip-tags -e --extra-vars -C --check -D --diff -f --forks -b --become -K --ask-become-pass -k --ask-pass -c --connection -T --timeout -u --user
    --become-method --become-user --private-key --ssh-common-args --ssh-extra-args --sftp-extra-args --scp-extra-args --connection-password-file --become-password-file -v --list-hosts --list-tasks
    --list-tags --syntax-check --start-at-task --step --force-handlers --vault-id --vault-password-file --ask-vault-pass --flush-cache -M -J`.split(/\s+/)
  expect(theirs.filter((name) => !names.has(name))).toEqual([])
})
