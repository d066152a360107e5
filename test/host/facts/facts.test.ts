import { expect, test } from 'vitest'
import { distributionFacts, packageManager, serviceManager } from '../../../src/host/facts/distribution.ts'
import { parseCollected } from '../../../src/host/facts/facts-script.ts'
import { chooseFamilies } from '../../../src/host/facts/families.ts'
import { deviceFacts, humanSize, linkFacts } from '../../../src/host/facts/disks.ts'
import { assembleFacts } from '../../../src/host/facts/gather-facts.ts'
import { memoryFacts, mountFacts, processorFacts } from '../../../src/host/facts/hardware.ts'
import { toJson } from '../../../src/value/json.ts'
import { localFacts } from '../../../src/host/facts/local-facts.ts'
import { lvmFacts } from '../../../src/host/facts/lvm-facts.ts'
import { networkFacts, parseAddresses } from '../../../src/host/facts/network.ts'
import { capabilityFacts, cmdlineFacts, dateFacts, dnsFacts, pythonFacts } from '../../../src/host/facts/platform.ts'
import { virtualizationFacts } from '../../../src/host/facts/virtualization.ts'

const files = (texts: Record<string, string>) => ({ file: (path: string) => texts[path] })

test('Debian: the point release comes from debian_version', () => {
  const release = 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
  expect(distributionFacts(files({ '/etc/os-release': release, '/etc/debian_version': '12.5\n' }))).toMatchObject({ distribution: 'Debian', distribution_version: '12.5', distribution_major_version: '12', distribution_minor_version: '5', distribution_release: 'bookworm', os_family: 'Debian' })
  expect(distributionFacts(files({ '/etc/os-release': release, '/etc/debian_version': 'trixie/sid\n' })).distribution_version).toBe('12')
})

test('others: Ubuntu, Rocky, Alpine, and a stranger by what it is like', () => {
  expect(distributionFacts(files({ '/etc/os-release': 'ID=ubuntu\nVERSION_ID="22.04"\nVERSION_CODENAME=jammy\n' }))).toMatchObject({ distribution: 'Ubuntu', distribution_version: '22.04', distribution_major_version: '22', os_family: 'Debian' })
  expect(distributionFacts(files({ '/etc/os-release': 'ID="rocky"\nVERSION_ID="9.3"\n', '/etc/redhat-release': 'Rocky Linux release 9.3 (Blue Onyx)\n' }))).toMatchObject({ distribution: 'Rocky', distribution_version: '9.3', distribution_release: 'Blue Onyx', os_family: 'RedHat' })
  expect(distributionFacts(files({ '/etc/os-release': 'ID=alpine\nVERSION_ID=3.19.1\n', '/etc/alpine-release': '3.19.1\n' }))).toMatchObject({ distribution: 'Alpine', distribution_version: '3.19.1', os_family: 'Alpine' })
  expect(distributionFacts(files({ '/etc/os-release': 'ID=newos\nNAME=NewOS\nID_LIKE="ubuntu debian"\n' }))).toMatchObject({ distribution: 'NewOS', os_family: 'Debian' })
})

test('managers of packages and services', () => {
  expect(packageManager('Debian', new Set(['dnf', 'apt-get']))).toBe('apt')
  expect(packageManager('RedHat', new Set(['yum', 'dnf']))).toBe('dnf')
  expect(serviceManager('systemd', new Set(), new Set())).toBe('systemd')
  expect(serviceManager('init', new Set(['openrc']), new Set())).toBe('openrc')
})

const addresses = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
    inet6 ::1/128 scope host
       valid_lft forever preferred_lft forever
2: eth0@if9: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 qdisc noqueue state UP group default qlen 1000
    link/ether 92:16:42:af:6b:b3 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 10.77.0.11/20 brd 10.77.15.255 scope global eth0
       valid_lft forever preferred_lft forever
    inet 10.77.0.99/32 scope global secondary eth0:1
       valid_lft forever preferred_lft forever
    inet6 fe80::9016:42ff:feaf:6bb3/64 scope link
       valid_lft forever preferred_lft forever
`

test('interfaces, and the address that leads to the world', () => {
  const section = (name: string) => ({ addresses, routes: '8.8.8.8 via 10.77.0.1 dev eth0 src 10.77.0.11 uid 0 \n', local4: 'local 10.77.0.11 dev eth0 proto kernel\nbroadcast 10.77.15.255 dev eth0\nlocal 127.0.0.0/8 dev lo\n' })[name] ?? ''
  const facts = networkFacts({ file: () => undefined, section })
  expect(facts['interfaces']).toEqual(['eth0', 'eth0_1', 'lo'])
  expect(facts['locally_reachable_ips']).toEqual({ ipv4: ['10.77.0.11', '127.0.0.0/8'], ipv6: [] })
  expect(facts['all_ipv4_addresses']).toEqual(['10.77.0.11', '10.77.0.99'])
  expect(facts['default_ipv4']).toMatchObject({ address: '10.77.0.11', gateway: '10.77.0.1', interface: 'eth0', alias: 'eth0', netmask: '255.255.240.0', network: '10.77.0.0', prefix: '20', macaddress: '92:16:42:af:6b:b3', mtu: 1400 })
  expect(facts['eth0']).toMatchObject({ ipv4_secondaries: [{ address: '10.77.0.99', netmask: '255.255.255.255' }] })
  expect(facts['eth0_1']).toEqual({ ipv4_secondaries: [{ address: '10.77.0.99', broadcast: '', netmask: '255.255.255.255', network: '10.77.0.99', prefix: '32' }] })
  expect(facts['default_ipv6']).toEqual({})
  expect(parseAddresses(addresses)[1]!.v4[1]!.label).toBe('eth0:1')
})

test('addresses with a name of their own; dots stay in the names of facts', () => {
  const text = '3: br-1.5: <BROADCAST,UP> mtu 1500 state UP\n    link/ether fa:9a:3a:0f:22:23 brd ff:ff:ff:ff:ff:ff\n    inet 192.0.2.33/28 scope global br-1.5:t\n       valid_lft forever\n    inet 192.0.2.49/28 scope global br-1.5\n    inet 192.0.2.65/28 scope global br-1.5\n'
  const facts = networkFacts({ file: () => undefined, section: (name) => (name === 'addresses' ? text : '') })
  expect(facts['interfaces']).toEqual(['br-1.5', 'br-1.5_t'])
  expect(facts['br_1.5']).toMatchObject({ ipv4: { address: '192.0.2.49' }, ipv4_secondaries: [{ address: '192.0.2.65' }] })
  expect(facts['br_1.5_t']).toMatchObject({ ipv4: { address: '192.0.2.33' } })
})

test('processors and memory', () => {
  const block = (number: number) => `processor\t: ${number}\nvendor_id\t: X\nmodel name\t: Y\nphysical id\t: 0\nsiblings\t: 4\ncpu cores\t: 2\nflags\t\t: a b\n`
  expect(processorFacts([0, 1, 2, 3].map(block).join('\n'), 4)).toMatchObject({ processor_count: 1, processor_cores: 2, processor_threads_per_core: 2, processor_vcpus: 4, flags: ['a', 'b'] })
  expect(memoryFacts('MemTotal: 2097152 kB\nMemFree: 1048576 kB\nSwapTotal: 0 kB\n')).toMatchObject({ memtotal_mb: 2048, memory_mb: { real: { used: 1024 } } })
  expect([humanSize(274877906944), humanSize(0)]).toEqual(['256.00 GB', '0.00 Bytes'])
})

test('disks: links, what is made of them, volume groups', () => {
  const collected = parseCollected(`
@@@@ files
==> /sys/block/sda/size <==
2097152

==> /sys/block/sda/sda1/start <==
2048

==> /sys/block/sda/sda1/size <==
1024

@@@@ links
/dev/disk/by-uuid:
total 0
lrwxrwxrwx 1 root root 10 Jan  1 00:00 1-2 -> ../../sda1

@@@@ slaves
/sys/block/dm-0/slaves/sda1
@@@@ lvm
@vg
  vg0|1|1|0.50|0
@lv
  root|vg0|0.50
@pv
  /dev/sda1|vg0|0.50|0
@@@@ end
`)
  expect(linkFacts(collected)).toEqual({ ids: {}, uuids: { sda1: ['1-2'] }, labels: {}, masters: { sda1: ['dm-0'] } })
  expect(deviceFacts(collected)).toMatchObject({ sda: { size: '1.00 GB', partitions: { sda1: { uuid: '1-2', links: { uuids: ['1-2'], masters: ['dm-0'] } } } } })
  expect(lvmFacts(collected.section('lvm'))).toEqual({ vgs: { vg0: { size_g: '0.50', free_g: '0', num_lvs: '1', num_pvs: '1' } }, lvs: { root: { size_g: '0.50', vg: 'vg0' } }, pvs: { '/dev/sda1': { size_g: '0.50', free_g: '0', vg: 'vg0' } } })
  expect(lvmFacts('')).toBe('N/A')
})

test('names for storage networks', () => {
  const facts = assembleFacts(parseCollected('\n@@@@ files\n==> /etc/iscsi/initiatorname.iscsi <==\n# made\nInitiatorName=iqn.1993-08.org.debian:01:a\n\n==> /etc/nvme/hostnqn <==\nnqn.2014-08.org.nvmexpress:uuid:b\n\n==> /sys/class/fc_host/host1/port_name <==\n0x21000014ff52a9bb\n\n@@@@ end\n'), chooseFamilies(['!min', 'iscsi', 'nvme', 'fibre_channel_wwn']))
  expect(toJson(facts)).toEqual({ iscsi_iqn: 'iqn.1993-08.org.debian:01:a', hostnqn: 'nqn.2014-08.org.nvmexpress:uuid:b', fibre_channel_wwn: ['21000014ff52a9bb'] })
})

test('a mount that hides another stands for both', () => {
  const mounts = mountFacts({ file: (path) => (path === '/proc/self/mounts' ? '/dev/a /one ext4 ro 0 0\n/dev/a /two ext4 ro 0 0\n/dev/b /one ext4 rw 0 0\n' : undefined), section: () => '' })
  expect(mounts.map(({ mount, device, options }) => [mount, device, options])).toEqual([['/one', '/dev/b', 'rw'], ['/two', '/dev/a', 'ro']])
})

test('in a container: what root is told, and everybody else', () => {
  const type = (environ: string) => virtualizationFacts(parseCollected(`\n@@@@ files\n==> /run/systemd/container <==\nsystemd-nspawn\n\n@@@@ environ\n${environ}\n@@@@ end\n`)).virtualization_type
  expect([type('readable'), type('')]).toEqual(['container', 'systemd-nspawn'])
})

test('the host’s own facts: JSON, INI, neither, failed', () => {
  const facts = localFacts('@@fact /f/a.fact\n{"x": [1]}\n\n@@fact /f/b.fact\n[Main]\nKey = v: w\n\n@@fact /f/c.fact\nnonsense\n\n@@fact /f/d.fact\n\n@@failed 3 \n')
  expect(facts.get('a')).toEqual(new Map([['x', [1]]]))
  expect(facts.get('b')).toEqual(new Map([['Main', new Map([['key', 'v: w']])]]))
  expect(facts.get('c')).toContain('error loading facts as JSON or ini')
  expect(facts.get('d')).toContain('rc: 3')
})

test('small ones: command line, resolv.conf, capabilities, python, date', () => {
  expect(cmdlineFacts('quiet console=tty0 console=ttyS0\n')).toEqual({ cmdline: { quiet: true, console: 'ttyS0' }, proc_cmdline: { quiet: true, console: ['tty0', 'ttyS0'] } })
  expect(dnsFacts('nameserver 1.1.1.1\nsearch a b\noptions ndots:2 rotate\n')).toEqual({ dns: { search: ['a', 'b'], nameservers: ['1.1.1.1'], options: { ndots: '2', rotate: true } } })
  expect(capabilityFacts('Current: =ep\n')).toEqual({ system_capabilities: [], system_capabilities_enforced: 'False' })
  expect(pythonFacts('/usr/bin/python3.11\nPython 3.11.2\n')).toMatchObject({ python_version: '3.11.2' })
  expect(pythonFacts('')).toEqual({})
  expect(dateFacts('2026|07|01|12|00|00|+0200|CEST|1782900000|Wednesday|3|26|000000001\nCET\nCEST\n2026-07-01T10:00:00')).toMatchObject({ date_time: { tz: 'CEST', iso8601: '2026-07-01T10:00:00Z' } })
})

test('facts of the owner that cannot be read say why, as Ansible words it', () => {
  const facts = localFacts('@@fact /f/bad.fact\n[a]\nb = 5 % c\n@@fact /f/all.fact\n[a]\nx = 5%% of %(y)s\ny = yy\n@@fact /f/dead.fact\n@@dead\n@@fact /f/twice.fact\n[a]\nb=1\nb=2\n@@fact /f/prog.fact\n\n@@failed 3 oh\n')
  expect(facts.get('bad')).toBe("error loading facts as ini - please check content: /f/bad.fact ('%' must be followed by '%' or '(', found: '% c')")
  expect(toJson(facts.get('all')!)).toEqual({ a: { x: '5% of yy', y: 'yy' } })
  expect(facts.get('dead')).toBe("Could not stat fact (/f/dead.fact): [Errno 2] No such file or directory: '/f/dead.fact'")
  expect(facts.get('twice')).toMatch(/^error loading facts as JSON or ini/)
  expect(facts.get('prog')).toBe('Failure executing fact script (/f/prog.fact), rc: 3, err: oh\n')
})

test('subsets: everything, without, only, by the name of a fact', () => {
  expect(chooseFamilies(['all']).has('hardware')).toBe(true)
  expect([...chooseFamilies(['!hardware'])]).toEqual([...chooseFamilies(['min'])])
  expect(chooseFamilies(['!env']).has('env')).toBe(false)
  expect(chooseFamilies(['!min']).size).toBe(0)
  expect(chooseFamilies(['all', '!hardware']).has('network')).toBe(true)
  expect(chooseFamilies(['all', '!hardware']).has('hardware')).toBe(false)
  expect([...chooseFamilies(['!all', '!min', 'network'])]).toEqual(['network'])
  expect(chooseFamilies(['!all']).has('distribution')).toBe(true)
  expect(chooseFamilies(['!all', 'default_ipv4']).has('network')).toBe(true)
  expect(() => chooseFamilies(['hardwear'])).toThrow(/no such subset/)
})

test('what the script prints comes apart into files and sections', () => {
  const collected = parseCollected('\n@@@@ files\n==> /a <==\none\n\n==> /b/c <==\ntwo\n\n@@@@ uname\nx86_64\n\n@@@@ end\n')
  expect([collected.file('/a'), collected.file('/b/c'), collected.file('/no'), collected.section('uname')]).toEqual(['one', 'two', undefined, 'x86_64\n'])
})
