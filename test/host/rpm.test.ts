import { expect, test } from 'vitest'
import { parseRpms, parseTransaction } from '../../src/host/rpm.ts'

test('reads packages; what rpm says where there is none is no package', () =>
  expect(parseRpms('hat|2:1.0-1|noarch\npackage nosuch is not installed\nno package provides /x\n')).toEqual([{ name: 'hat', version: '2:1.0-1', arch: 'noarch' }]))

test('reads the table of dnf, also where a row takes two lines', () => {
  const table = `Dependencies resolved.
================================================================================
 Package                                  Arch   Version        Repo       Size
================================================================================
Installing:
 coat                                     noarch 1.0-1          local     6.0 k
     replacing  cape.noarch 0.9-1
 a-very-long-name-of-a-package
                                          noarch 0:2.0-1        local     6.0 k
Installing dependencies:
 hat                                      noarch 1:2.0-1        local     6.0 k
Upgrading:
 shoe                                     x86_64 2.0-1          local     6.0 k
Removing dependent packages:
 sock                                     noarch 1.0-1          @System   4

Transaction Summary
================================================================================
Install  3 Packages
`
  expect(parseTransaction(table)).toEqual([
    { what: 'install', name: 'coat', arch: 'noarch', version: '1.0-1' }, { what: 'install', name: 'a-very-long-name-of-a-package', arch: 'noarch', version: '2.0-1' }, { what: 'install', name: 'hat', arch: 'noarch', version: '1:2.0-1' },
    { what: 'upgrade', name: 'shoe', arch: 'x86_64', version: '2.0-1' }, { what: 'remove', name: 'sock', arch: 'noarch', version: '1.0-1' },
  ])
})

test('nothing to do is no table', () => expect(parseTransaction('Last metadata expiration check: 0:01:00 ago.\nDependencies resolved.\nNothing to do.\nComplete!\n')).toEqual([]))
