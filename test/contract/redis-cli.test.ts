import fc from 'fast-check'
import { expect, test } from 'vitest'
import { answersOf, parseInfo, redisWord } from '../../src/contract/redis-cli.ts'
import { bytesOf } from '../../src/modules/redis.ts'

const readWord = (word: string): string => Buffer.from(word.slice(1, -1).replace(/\\x(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1').toString()

test('a word for redis-cli means itself and holds nothing but plain signs', () => fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
  fc.pre(text.isWellFormed())
  expect(redisWord(text)).toMatch(/^"(?:[\w.:/-]|\\x[0-9a-f]{2})*"$/)
  expect(readWord(redisWord(text))).toBe(text)
})))

test('reads answers between marks', () => {
  const mark = '"@@next"\n'
  expect(answersOf({ login_password: undefined }, `OK\n${mark}"x\\ny\\\\ \\xc3\\xa9 \\"q\\""\n${mark}(nil)\n${mark}(integer) -1\n${mark}1) "a"\n2) (nil)\n${mark}(empty array)\n${mark}# Server\r\na:1\r\nb:2\r\n${mark}`)).toEqual(['OK', 'x\ny\\ é "q"', null, -1, ['a', null], [], '# Server\r\na:1\r\nb:2\r\n'])
})
test('an error is a failure; one of logging in says so', () => {
  expect(() => answersOf({ login_password: undefined }, "(error) ERR unknown command\n\"@@next\"\n")).toThrow(/^ERR unknown command$/)
  expect(() => answersOf({ login_password: 'x' }, "(error) WRONGPASS no\n\"@@next\"\n")).toThrow('unable to connect to database: WRONGPASS no')
})
test('where nobody is let in there are no marks', () => {
  expect(() => answersOf({ login_password: undefined }, 'NOAUTH Authentication required.\n(error) NOAUTH Authentication required.\n')).toThrow('unable to connect to database: NOAUTH Authentication required.')
})
test('INFO as values', () => expect([...parseInfo('# Server\r\nredis_version:7.0.15\r\nuptime:12\r\nratio:1.5\r\nexecutable:/a=b,c\r\ndb0:keys=1,expires=0\r\nslave0:ip=10.0.0.1,port=6379\r\n')]).toEqual([
  ['redis_version', '7.0.15'], ['uptime', 12], ['ratio', 1.5], ['executable', '/a=b,c'], ['db0', new Map([['keys', 1], ['expires', 0]])], ['slave0', new Map<string, string | number>([['ip', '10.0.0.1'], ['port', 6379]])],
]))
test.each([['1gb', '1073741824'], ['1g', '1000000000'], ['5 mb', '5 mb'], ['yes', 'yes'], ['100', '100']])('%s is %s to Redis', (value, bytes) => expect(bytesOf(value)).toBe(bytes))
