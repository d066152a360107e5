import { describe, expect, it } from 'vitest'
import { parseYamlValue } from '../../src/yaml/parse-value.ts'
import { toJson } from '../../src/value/json.ts'
import { userData } from '../../src/lab/cloud-init.ts'
import { instanceName } from '../../src/lab/multipass/instance-name.ts'
import { parseInstances } from '../../src/lab/multipass/multipass-cli.ts'
import { cloudInitComplaint } from '../../src/lab/multipass/multipass-driver.ts'
import { multipassImage } from '../../src/lab/multipass/multipass-image.ts'

describe('the name of an instance', () => {
  const valid = /^([a-zA-Z]|[a-zA-Z][a-zA-Z0-9-]*[a-zA-Z0-9])$/
  it('says lab and host', () => expect(instanceName('home', 'n1')).toBe('tutti-home-n1'))
  it('is one that Multipass takes, and different for different hosts', () => {
    const names = ['n.1', 'n_1', 'n-', 'a'.repeat(63), `${'a'.repeat(62)}b`].map((host) => instanceName('home', host))
    for (const name of names) expect(name).toMatch(valid)
    for (const name of names) expect(name.length).toBeLessThanOrEqual(63)
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('the list of instances', () => {
  const one = { ipv4: ['10.1.2.3', '172.17.0.1'], name: 'n1', release: 'Ubuntu 24.04 LTS', state: 'Running' }
  it.each([['1.16', one], ['1.17', { ...one, zone: { name: 'zone1', available: true } }]])('is read as %s writes it', (_, entry) => {
    expect(parseInstances(JSON.stringify({ list: [entry] }))).toEqual([{ name: 'n1', state: 'Running', ipv4: ['10.1.2.3', '172.17.0.1'] }])
  })
  it('is read behind the spinner of a busy daemon', () => expect(parseInstances('\r\x1b[2Kwaiting |\r{"list":[]}')).toEqual([]))
})

describe('images', () => {
  it.each([[undefined, '24.04'], ['ubuntu/22.04', '22.04'], ['debian/13', 'debian'], ['noble', 'noble'], ['file:///a.img', 'file:///a.img']])('%s is %s', (image, name) => expect(multipassImage(image)).toBe(name))
  it('refuses one that Multipass does not have', () => expect(() => multipassImage('debian/12')).toThrow(expect.objectContaining({ code: 'unknown-image' })))
})

describe('cloud-init', () => {
  it('is told of the admin user and of the host key, in YAML', () => {
    const text = userData({ hostName: 'n1', user: 'admin', authorizedKey: 'ssh-ed25519 AAAA lab', hostKey: { private: '-----BEGIN-----\nx\n', public: 'ssh-ed25519 BBBB' } })
    expect(text.startsWith('#cloud-config\n')).toBe(true)
    expect(toJson(parseYamlValue(text))).toMatchObject({ hostname: 'n1', users: ['default', { name: 'admin', ssh_authorized_keys: ['ssh-ed25519 AAAA lab'] }], ssh_keys: { ed25519_private: '-----BEGIN-----\nx\n' } })
  })
  it('is believed by what it says, not by its exit code alone', () => {
    expect(cloudInitComplaint({ code: 0, stdout: '{"status": "done", "errors": [], "recoverable_errors": {}}' })).toBe(undefined)
    expect(cloudInitComplaint({ code: 0, stdout: '{"errors": [], "recoverable_errors": {"WARNING": ["slow"]}}' })).toEqual({ fatal: false, text: 'slow' })
    expect(cloudInitComplaint({ code: 1, stdout: '....{"errors": ["no user"]}' })).toEqual({ fatal: true, text: 'no user' })
    expect(cloudInitComplaint({ code: 127, stdout: '' })).toEqual({ fatal: true, text: 'the image has no cloud-init' })
  })
})
