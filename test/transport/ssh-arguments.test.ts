import { expect, test } from 'vitest'
import { parseSshArguments } from '../../src/transport/ssh-arguments.ts'

const said = (...args: string[]) => parseSshArguments(args).directives.map(({ keyword, rest }) => `${keyword}=${rest}`)

test('options, short ones and glued ones are directives', () => {
  expect(said('-o', 'StrictHostKeyChecking=no', '-oPort=2', '-o', 'User root', '-p', '22', '-l', 'me', '-i', '/k', '-J', 'a,b')).toEqual([
    'stricthostkeychecking=no', 'port=2', 'user=root', 'port=22', 'user=me', 'identityfile=/k', 'proxyjump=a,b',
  ])
  expect(said('-C', '-4', '-A', '-vvv', '-qT')).toEqual(['compression=yes', 'addressfamily=inet', 'forwardagent=yes'])
})

test('what only the program understands is told apart', () => {
  expect(parseSshArguments(['-F', '/c', '-w', '0', '-L8080:x:80'])).toEqual({ directives: [], foreign: ['-w', '0', '-L8080:x:80'], configFile: '/c' })
})
