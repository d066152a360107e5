import { expect, test } from 'vitest'
import { parseGroups } from '../../src/host/group.ts'
import { noUser, parseUser } from '../../src/host/user.ts'

const passwd = 'root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000:Ann,,:/home/ann:/bin/sh\n'
const groups = 'root:x:0:\nann:x:1000:\nadm:x:4:ann,bob\nsudo:x:27:bob,ann\n'

test('an account with its groups and what shadow tells', () => {
  expect(parseUser('ann', { passwd, local: passwd, groups, shadow: 'ann:!$6$x:19000:0:99999:7::21915:\n' })).toEqual({
    exists: true, uid: 1000, gid: 1000, group: 'ann', groups: ['adm', 'sudo'], home: '/home/ann', shell: '/bin/sh', comment: 'Ann,,', local: true, shadow: { hash: '!$6$x', min: 0, max: 99999, warn: 7, expires: 21915 },
  })
})

test('a name that begins another name is not that account', () => {
  expect(parseUser('an', { passwd, local: passwd, groups, shadow: '' })).toEqual(noUser)
})

test('an account of a directory service is not local; without shadow nothing is said of its password', () => {
  const found = parseUser('ann', { passwd, local: 'root:x:0:0::/root:/bin/sh\n', groups, shadow: '' })
  expect([found.local, found.shadow]).toEqual([false, undefined])
})

test('a group without a name is its number', () => {
  expect(parseUser('ann', { passwd, local: passwd, groups: '', shadow: '' }).group).toBe('1000')
})

test('groups with and without members', () => {
  expect(parseGroups(groups)[2]).toEqual({ name: 'adm', gid: 4, members: ['ann', 'bob'] })
  expect(parseGroups(groups)[0]!.members).toEqual([])
})
