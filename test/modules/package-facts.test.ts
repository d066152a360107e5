import { expect, test } from 'vitest'
import { parseApk, parsePackageList, parseRpm } from '../../src/modules/package-facts.ts'
import { toJson } from '../../src/value/json.ts'

const policy = `Package files:
 100 /var/lib/dpkg/status
     release a=now
 500 http://mirror.example/debian bookworm/main amd64 Packages
     release v=12.5,o=Debian,a=stable,n=bookworm,l=Debian,c=main,b=amd64
     origin mirror.example
Pinned packages:
@@installed
libc6:
  Installed: 2.36-9
  Version table:
     2.37-1 990
        990 http://other.example/debian sid/main amd64 Packages
 *** 2.36-9 500
        500 http://mirror.example/debian bookworm/main amd64 Packages
        100 /var/lib/dpkg/status
libc6:i386:
  Installed: 2.36-9
  Version table:
 *** 2.36-9 100
        100 /var/lib/dpkg/status
`

test('what dpkg lists: only what is installed, one entry for each architecture', () => {
  const output = `installed|libc6|2.36-9|amd64|libs
installed|libc6|2.36-9|i386|libs
config-files|old|1|amd64|net
@@origins
${policy}`
  expect(toJson(parsePackageList(output))).toEqual({
    libc6: [
      { name: 'libc6', version: '2.36-9', arch: 'amd64', category: 'libs', origin: 'Debian', source: 'apt' },
      { name: 'libc6', version: '2.36-9', arch: 'i386', category: 'libs', origin: '', source: 'apt' },
    ],
  })
})

test('what rpm lists: a package without an epoch has none', () => {
  expect(toJson(parseRpm('bash|5.1.8|9.el9|(none)|x86_64\nbind|9.16|1|32|x86_64\n'))).toEqual({
    bash: [{ name: 'bash', version: '5.1.8', release: '9.el9', epoch: null, arch: 'x86_64', source: 'rpm' }],
    bind: [{ name: 'bind', version: '9.16', release: '1', epoch: 32, arch: 'x86_64', source: 'rpm' }],
  })
})

test('what apk lists: names hold dashes', () => {
  expect(toJson(parseApk('ca-certificates-bundle-20240226-r0\nmusl-1.2.5-r0\n'))).toEqual({
    'ca-certificates-bundle': [{ name: 'ca-certificates-bundle', version: '20240226', release: 'r0', source: 'apk' }],
    musl: [{ name: 'musl', version: '1.2.5', release: 'r0', source: 'apk' }],
  })
})
