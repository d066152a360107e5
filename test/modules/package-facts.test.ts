import { expect, test } from 'vitest'
import { parseApk, parsePackageList, parseRpm } from '../../src/modules/package-facts.ts'
import { toJson } from '../../src/value/json.ts'

test('what dpkg lists: only what is installed, one entry for each architecture', () => {
  const output = 'installed|libc6|2.36-9|amd64|libs|Debian\ninstalled|libc6|2.36-9|i386|libs|\nconfig-files|old|1|amd64|net|\n'
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
