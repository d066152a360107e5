import { describe, expect, it } from 'vitest'
import { parseSize, showSize } from '../../src/lab/lab-size.ts'
import { parseUris, showAptSources } from '../../src/lab/nspawn/apt-sources.ts'
import { imageSuite } from '../../src/lab/nspawn/image-suite.ts'
import { freeSubnet } from '../../src/lab/nspawn/lab-network.ts'
import { isAlive, startOf } from '../../src/lab/process-identity.ts'

describe('sizes', () => {
  it.each([['2G', 2 ** 31], ['512M', 2 ** 29], ['1.5GiB', 1.5 * 2 ** 30], [1024, 1024], ['1k', 1024], ['much', undefined], ['-1G', undefined]])('%s is %s bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })
  it.each([2 ** 31, 1.5 * 2 ** 30, 1000])('%d is written so that it reads the same', (bytes) => expect(parseSize(showSize(bytes))).toBe(bytes))
})

describe('images', () => {
  it.each([[undefined, 'bookworm'], ['debian/13', 'trixie'], ['ubuntu/24.04', 'noble'], ['24.04', 'noble'], ['trixie', 'trixie'], ['ubuntu/jammy', 'jammy']])('%s is %s', (image, suite) => {
    expect(imageSuite(image).suite).toBe(suite)
  })
  it('refuses what it does not know', () => expect(() => imageSuite('windows/11')).toThrow(expect.objectContaining({ code: 'unknown-image' })))
})

describe('the sources of packages', () => {
  it('are read in either of apt’s formats', () => {
    expect(parseUris('# deb http://no.example/debian x main\ndeb [arch=amd64 signed-by=/a] http://one.example/debian/ bookworm main\ndeb-src http://src.example/debian x main\n')).toEqual(['http://one.example/debian'])
    expect(parseUris('Types: deb\nURIs: http://a.example/debian https://b.example/debian/\nSuites: x\n')).toEqual(['http://a.example/debian', 'https://b.example/debian'])
    expect(parseUris('URIs: cdrom:[x]/')).toEqual([])
  })
  it('are written with updates and security', () => {
    const text = showAptSources({ distribution: 'debian', suite: 'bookworm' }, { archive: 'http://m.example/debian', security: 'http://m.example/debian-security' })
    expect(text).toContain('Suites: bookworm bookworm-updates\n')
    expect(text).toContain('URIs: http://m.example/debian-security\nSuites: bookworm-security\n')
  })
})

describe('the network of a lab', () => {
  it('is the same for the same lab, and another one for another', () => {
    expect(freeSubnet('/labs/a', '')).toBe(freeSubnet('/labs/a', ''))
    expect(freeSubnet('/labs/a', '')).not.toBe(freeSubnet('/labs/b', ''))
  })
  it('keeps out of networks that are in use', () => {
    const first = freeSubnet('/labs/a', '')!
    expect(freeSubnet('/labs/a', `${first}.0/24 dev eth0`)).not.toBe(first)
    expect(freeSubnet('/labs/a', `${first.split('.').slice(0, 2).join('.')}.0.0/16 dev vpn`)!.split('.')[1]).not.toBe(first.split('.')[1])
    expect(freeSubnet('/labs/a', '10.0.0.0/8 dev vpn')).toBe(undefined)
  })
})

describe.runIf(process.platform === 'linux')('a process', () => {
  it('is known by its number and its start', () => {
    expect(isAlive(process.pid, startOf(process.pid))).toBe(true)
    expect(isAlive(process.pid, '1')).toBe(false)
    expect(isAlive(undefined, undefined)).toBe(false)
    expect(startOf(2 ** 22 + 1)).toBe(undefined)
  })
})
