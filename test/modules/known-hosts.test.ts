import { expect, test } from 'vitest'
import { editKnownHosts } from '../../src/modules/known-hosts.ts'

test('several authorities and revoked keys may stand for the same names', () => {
  const edit = (text: string, key: string, name: string, state: 'present' | 'absent' = 'present') => editKnownHosts(text, { name, key, state, hash_host: false }, Buffer.alloc(20))
  const first = '@cert-authority *.example.com ssh-ed25519 AAAA\n'
  const both = `${first}@cert-authority *.example.com ssh-ed25519 BBBB\n`
  expect(edit(first, '@cert-authority *.example.com ssh-ed25519 BBBB', '*.example.com')).toBe(both)
  expect(edit(both, '@cert-authority *.example.com ssh-ed25519 BBBB', '*.example.com', 'absent')).toBe(first)
  expect(edit('a ssh-ed25519 AAAA\n', 'a ssh-ed25519 BBBB', 'a')).toBe('a ssh-ed25519 BBBB\n')
})
