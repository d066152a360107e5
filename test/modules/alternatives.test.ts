import { expect, test } from 'vitest'
import { parseGroup } from '../../src/modules/alternatives.ts'

test('reads a group with what is switched together', () => {
  const text = 'Name: editor\nLink: /usr/bin/editor\nSlaves:\n editor.1.gz /usr/share/man/man1/editor.1.gz\nStatus: auto\nBest: /bin/nano\nValue: /bin/nano\n\nAlternative: /bin/nano\nPriority: 40\nSlaves:\n editor.1.gz /usr/share/man/man1/nano.1.gz\n\nAlternative: /bin/ed\nPriority: -100\n'
  expect(parseGroup(text)).toEqual({
    link: '/usr/bin/editor', mode: 'auto', value: '/bin/nano',
    paths: { '/bin/nano': { priority: 40, slaves: { 'editor.1.gz': { link: '/usr/share/man/man1/editor.1.gz', path: '/usr/share/man/man1/nano.1.gz' } } }, '/bin/ed': { priority: -100, slaves: {} } },
  })
})

test('knows a group that is not there', () => expect(parseGroup('')).toEqual({ link: '', mode: '', value: '', paths: {} }))
