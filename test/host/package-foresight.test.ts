import { expect, test } from 'vitest'
import { parseContents, parseListing } from '../../src/host/package-content.ts'
import { PackageForesight, changes, mentions } from '../../src/host/package-foresight.ts'
import { isUnknown } from '../../src/value/value.ts'

const listing = `drwxr-xr-x root/root         0 2025-01-01 10:00 ./etc/
drwxr-xr-x root/root         0 2025-01-01 10:00 ./etc/web/
-rw-r--r-- root/root         6 2025-01-01 10:00 ./etc/web/web.conf
-rwsr-xr-x root/daemon      10 2025-01-01 10:00 ./usr/bin/web
lrwxrwxrwx root/root         0 2025-01-01 10:00 ./usr/bin/w -> web
-rw-r--r-- root/root        30 2025-01-01 10:00 ./lib/systemd/system/web.service
`
const scripts = `if deb-systemd-helper --quiet was-enabled 'web.service'; then
deb-systemd-helper enable 'web.service'
fi
adduser --system webuser
chown webuser /etc/web/secret
`
const reply = `@@package web 1 http://x/web.deb
${listing}@@scripts
${scripts}@@contents
/etc/web/web.conf ${Buffer.from('hello\n').toString('base64')}
/lib/systemd/system/web.service ${Buffer.from('[Install]\nAlias=www.service\n').toString('base64')}
@@end
`

test('a listing gives kinds, modes and targets', () => {
  const files = parseListing(listing)
  expect(files.get('/etc/web')).toMatchObject({ kind: 'directory', mode: 0o755, owner: 'root' })
  expect(files.get('/usr/bin/web')).toMatchObject({ kind: 'file', mode: 0o4755, group: 'daemon', size: 10 })
  expect(files.get('/usr/bin/w')).toMatchObject({ kind: 'link', target: 'web' })
})

test('contents travel as base64', () => {
  expect(parseContents(reply).get('web 1 http://x/web.deb')!.contents.get('/etc/web/web.conf')!.toString()).toBe('hello\n')
})

function foresight() {
  const asked: string[] = []
  const shell = { run: async (script: string) => (asked.push(script), { code: 0, stdout: Buffer.from(reply), stderr: Buffer.alloc(0) }) }
  return { asked, sees: new PackageForesight(shell, () => [{ name: 'web', action: 'install', version: '1', by: "task 'web'", source: { uri: 'http://x/web.deb', hash: '' } }]) }
}

test('shipped is known with its content, spoken of is unknown, all else is left alone; and the package is fetched once', async () => {
  const { asked, sees } = foresight()
  expect(await sees.file('/etc/web/web.conf')).toMatchObject({ kind: 'file', mode: 0o644 })
  expect(String(await sees.content('/etc/web/web.conf'))).toBe('hello\n')
  expect(isUnknown(await sees.file('/etc/web/secret'))).toBe(true)
  expect(await sees.file('/etc/web/other.conf')).toBeUndefined()
  expect(await sees.file('/home/ann/web.conf')).toBeUndefined()
  expect(asked).toHaveLength(1)
})

test('units are known by file and by alias, with whether scripts enable them', async () => {
  const { sees } = foresight()
  expect(await sees.unit('web.service')).toEqual({ exists: true, by: "task 'web'", enabled: true })
  expect(await sees.unit('www.service')).toMatchObject({ exists: true })
  expect(await sees.unit('nope.service')).toBeUndefined()
})

test('accounts that scripts speak of are unknown, others stay absent', async () => {
  const { sees } = foresight()
  expect(isUnknown(await sees.user('webuser'))).toBe(true)
  expect(await sees.user('ann')).toBeUndefined()
})

test('a package that cannot be looked into leaves everything of its places unknown', async () => {
  const sees = new PackageForesight({ run: async () => ({ code: 1, stdout: Buffer.alloc(0), stderr: Buffer.from('no network\n') }) }, () => [{ name: 'web', action: 'install', by: 'task', source: { uri: 'http://x/web.deb', hash: '' } }])
  expect(await sees.file('/etc/anything')).toMatchObject({ reason: expect.stringContaining('no network') })
})

test('scripts speak of a path by its name, its last part, or its directory with a pattern', () => {
  expect(mentions('rm -f /var/lib/x/cache', '/var/lib/x/cache')).toBe(true)
  expect(mentions('for f in /etc/x/*; do', '/etc/x/a.conf')).toBe(true)
  expect(mentions('touch "$DIR/state.db"', '/var/lib/x/state.db')).toBe(true)
  expect(mentions('rm -f /var/lib/y', '/var/lib/x/cache')).toBe(false)
})

test('a test of a path changes nothing, chown does, also from above or through a variable', () => {
  expect(changes('if [ -d /etc/x ] && true', '/etc/x')).toBe(false)
  expect(changes('chown u /etc/x', '/etc/x')).toBe(true)
  expect(changes('chown -R u:u /var/lib/x', '/var/lib/x/a')).toBe(true)
  expect(changes('CONF="/etc/x/a.conf"\nchmod 640 $CONF', '/etc/x/a.conf')).toBe(true)
})
