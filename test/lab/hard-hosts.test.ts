import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compareRuns } from '../../src/engine/audit.ts'
import { type TuttiRun, runTutti } from './run-tutti.ts'
import { type TestLab, withLab } from './with-lab.ts'

/**
 * Hosts without what we like: other shells, nothing but busybox, another language, no /tmp to write to or to run things in, odd umasks.
 * One playbook with names and contents that bite, on all of them: what it comes to must be the same as on a plain host.
 */
const HOSTS: Readonly<Record<string, string>> = {
  plain: 'true',
  bash: 'ln -sf bash /bin/sh',
  // PATH of the login and of root is one busybox, and /bin/sh is its ash.
  ash: "ln -s /usr/bin/sudo /bb/sudo; ln -sf /bb/busybox /bin/sh; usermod -s /bb/sh admin; echo SetEnv PATH=/bb > /etc/ssh/sshd_config.d/bb.conf; echo 'Defaults secure_path=/bb' > /etc/sudoers.d/bb; systemctl reload ssh",
  german: 'apt-get install -y -qq locales >/dev/null; localedef -i de_DE -f UTF-8 de_DE.UTF-8; echo LANG=de_DE.UTF-8 > /etc/default/locale; echo LANGUAGE=de >> /etc/default/locale; echo LC_ALL=de_DE.UTF-8 >> /etc/default/locale',
  'read-only-tmp': "mount -t tmpfs -o ro none /tmp; echo 'Defaults umask=0000, umask_override' > /etc/sudoers.d/umask",
  'noexec-tmp': "mount -t tmpfs -o noexec,nosuid none /tmp; echo 'Defaults umask=0077, umask_override' > /etc/sudoers.d/umask",
}
const names = Object.keys(HOSTS)

const ODD = [
  'a b', " it's ", '"quoted"', '-n', '--help', '$(touch canary)', '`touch canary`', '; touch canary', '&& touch canary | tee canary > canary', 'new\nline', '\n', 'tab\there', 'ünï 日本',
  '*', '[a]?', 'back\\slash', '\\n', '%s%d', '~', '#!', '$nothing ${IFS}', "'\\''", '.hidden', 'trailing ', '\u007f', 'carriage\rreturn', 'a=b:',
]
/** Names of the tree on the controller: bytes, for not all are UTF-8. */
const RAW = [...ODD.filter((name) => name !== '\n').map((name) => Buffer.from(name)), Buffer.from([0x72, 0x61, 0x77, 0xff, 0xfe, 0x20, 0xc3]), Buffer.from('raw \xe4 latin', 'latin1')]
const BYTES = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 256))

let lab: TestLab
let folder: string
beforeAll(async () => {
  lab = await withLab('hard', Object.fromEntries(names.map((name) => [name, {}])))
  folder = dirname(lab.file)
  const bb = join(folder, 'bb')
  execFileSync('sh', [join(import.meta.dirname, 'busybox-host.sh'), bb], { stdio: 'inherit' })
  // The host's root as the host sees it.
  cpSync(bb, join(lab.lab.directory, 'hosts/ash/root/bb'), { recursive: true, verbatimSymlinks: true })
  await Promise.all(names.map(async (name) => {
    const { code, stdout, stderr } = await lab.host(name).run(`sudo sh -ec '${HOSTS[name]!.replaceAll("'", "'\\''")}'`)
    if (code !== 0) throw new Error(`${name}: ${stderr}${stdout}`)
  }))
  writeFiles()
})
afterAll(() => lab?.down())

function writeFiles(): void {
  const tree = Buffer.from(join(folder, 'tree/below/'))
  mkdirSync(tree, { recursive: true })
  for (const name of RAW) writeFileSync(Buffer.concat([tree, name]), Buffer.concat([name, BYTES]))
  execFileSync('tar', ['-cf', join(folder, 'archive.tar'), '--owner=root', '--group=root', '--mode=u=rwX,g=rX,o=', '-C', join(folder, 'tree'), 'below'])
  writeFileSync(join(folder, 'bytes'), BYTES)
  writeFileSync(join(folder, 'template.j2'), 'of {{ item }}: no line feed')
  writeFileSync(join(folder, 'script.sh'), '#!/bin/sh\nprintf "%s\\n" "$@" > /srv/hard/scripted\n')
  writeFileSync(join(folder, 'play.yml'), JSON.stringify([{ hosts: 'all', become: true, gather_facts: false, vars: { odd: ODD }, tasks: TASKS }]))
}

const each = { loop: '{{ odd }}' }
const TASKS = [
  { file: { path: '/srv/hard', state: 'directory', mode: '0755' } },
  { copy: { content: 'of {{ item }}\n', dest: '/srv/hard/{{ item }}', mode: '0640' }, ...each },
  { lineinfile: { path: '/srv/hard/line {{ item }}', create: true, mode: '0644', line: 'line $(touch canary) {{ item | replace("\n", " ") | replace("\r", " ") }}' }, ...each },
  { blockinfile: { path: '/srv/hard/block', create: true, mode: '0644', block: 'block `touch canary`', marker: '# {mark} $(touch canary) \\1' } },
  { template: { src: 'template.j2', dest: '/srv/hard/template {{ item }}', mode: 'u=rw,g=,o=' }, ...each },
  { file: { src: '{{ item }}', path: '/srv/hard/link {{ item }}', state: 'link' }, ...each },
  { stat: { path: '/srv/hard/{{ item }}' }, register: 'stats', ...each },
  { assert: { that: ['item.stat.exists', 'item.stat.isreg', 'item.stat.mode == "0640"'] }, loop: '{{ stats.results }}', loop_control: { label: '-' } },
  { command: { argv: ['printf', '%s.', '{{ item }}'], expand_argument_vars: false }, register: 'said', changed_when: false, ...each },
  { assert: { that: ['item.stdout == item.item ~ "."'] }, loop: '{{ said.results }}', loop_control: { label: '-' } },
  { shell: 'printf %s. {{ item | quote }} "$ODD"', environment: { ODD: '{{ item }}' }, register: 'told', changed_when: false, ...each },
  { assert: { that: ['item.stdout == item.item ~ "." ~ item.item ~ "."'] }, loop: '{{ told.results }}', loop_control: { label: '-' } },
  { copy: { src: 'bytes', dest: '/srv/hard/bytes', mode: '0604', owner: 'daemon' } },
  { slurp: { src: '/srv/hard/bytes' }, register: 'slurped' },
  { assert: { that: [`slurped.content == '${BYTES.toString('base64')}'`] } },
  { copy: { src: 'tree/', dest: '/srv/hard/tree', mode: '0644', directory_mode: '0750' } },
  { copy: { src: '/srv/hard/tree/below', dest: '/srv/hard/again/', remote_src: true, mode: '0640', directory_mode: '0750' } },
  { file: { path: '/srv/hard/again', state: 'directory', owner: 'daemon', mode: 'u=rwX,g=rX,o=', recurse: true } },
  { find: { paths: '/srv/hard/tree/below', patterns: 'raw*', hidden: true }, register: 'raw' },
  { assert: { that: ['raw.matched == 2'] } },
  { copy: { src: '{{ item.path }}', dest: '/srv/hard/copy of {{ item.path | basename }}', remote_src: true, mode: '0644' }, loop: '{{ raw.files }}', loop_control: { label: '-' } },
  { find: { paths: '/srv/hard', hidden: true, recurse: true, file_type: 'any' }, register: 'all' },
  { assert: { that: [`all.matched > ${ODD.length * 3}`, 'all.files | map(attribute="path") | select("search", "/canary$") | list == []'] } },
  { file: { path: '/srv/hard/unpacked', state: 'directory', mode: '0755' } },
  // busybox has no GNU tar.
  { unarchive: { src: 'archive.tar', dest: '/srv/hard/unpacked' }, when: 'inventory_hostname != "ash"' },
  { script: { cmd: 'script.sh "a b" "$(touch canary)"', creates: '/srv/hard/scripted' } },
  { user: { name: 'odd', comment: 'Ödd $(touch canary) `id` \'x\' "y" ; \\', shell: '/bin/sh', create_home: false } },
  { copy: { content: 'of old\n', dest: '/srv/hard/replaced', mode: '0644', force: false } },
  { replace: { path: '/srv/hard/replaced', regexp: '^of .*$', replace: 'now $(touch canary) \\\\1' } },
  { file: { path: '/srv/hard/scripted', mode: '0644' } },
].map((task, i) => ({ name: `${i} ${Object.keys(task)[0]}`, ...task }))

async function play(command: 'run' | 'diff'): Promise<TuttiRun> {
  const run = await runTutti(command, join(folder, 'play.yml'), '-i', lab.file, ...(command === 'run' ? ['--diff'] : []))
  const items = run.events.filter(({ type, result }) => type === 'item' && ['failed', 'changed'].includes(result.status)).map(({ host, result }) => `${host} ${JSON.stringify(result.item)}: ${result.status} ${result.reason ?? ''}`)
  return { ...run, output: `${run.output}\n${items.slice(0, 20).join('\n')}` }
}
const withStatus = ({ results }: TuttiRun, ...statuses: readonly string[]) => results.filter((line) => statuses.includes(line.split(' ')[1]!))

/** Everything below /srv/hard with kind, mode, owner and content, and the user; by the host's own GNU tools. */
async function endState(name: string): Promise<readonly string[]> {
  const script = 'export PATH=/usr/bin:/bin LC_ALL=C; cd /srv/hard; find . -printf "%p %y %m %u:%g %l\\0" | sort -z | tr "\\n\\0" "\\1\\n"; find . -type f -print0 | sort -z | xargs -0 sha1sum -z | tr "\\n\\0" "\\1\\n"; grep ^odd: /etc/passwd | cut -d: -f1,5-7; find / -xdev -name canary; find / -xdev -name "*tutti*" -not -path "/bb/*" -not -path "/proc/*"'
  const { code, stdout, stderr } = await lab.host(name).run(`sudo /bin/bash -c '${script}'`)
  if (code !== 0) throw new Error(`${name}: ${stderr}`)
  return stdout.split('\n').filter((line) => name !== 'ash' || !line.includes('./unpacked/'))
}

describe('one playbook on all of them', () => {
  let dry: TuttiRun
  let run: TuttiRun

  test('the hosts are what they are said to be', async () => {
    const said = async (name: string, command: string) => (await lab.host(name).run(command)).stdout.trim()
    expect(await said('german', 'sudo stat /nowhere 2>&1')).toContain('Datei oder Verzeichnis nicht gefunden')
    expect(await said('ash', 'sudo sh -c "echo $PATH; ls --help 2>&1 | head -n 1"')).toMatch(/^\/bb\nBusyBox/)
    expect(await said('bash', '/bin/sh --version')).toContain('GNU bash')
    expect(await said('read-only-tmp', 'sudo touch /tmp/x 2>&1')).toContain('Read-only')
    expect(await said('noexec-tmp', 'sudo sh -c umask')).toBe('0077')
    expect(await said('read-only-tmp', 'sudo sh -c umask')).toBe('0000')
  })

  test('a dry run finds no failure', async () => {
    dry = await play('diff')
    expect(withStatus(dry, 'failed', 'unreachable'), dry.output).toEqual([])
    expect(dry.exitCode, dry.output).toBe(2)
  })

  test('the run ends well, and does what the dry run said', async () => {
    run = await play('run')
    expect(withStatus(run, 'failed', 'unreachable'), run.output).toEqual([])
    expect(run.exitCode, run.output).toBe(0)
    expect(compareRuns(dry.events, run.events)).toEqual([])
  })

  test('the second run changes nothing', async () => {
    const again = await play('run')
    expect(withStatus(again, 'changed', 'failed', 'unreachable'), again.output).toEqual([])
  })

  test.each(names.filter((name) => name !== 'plain'))('%s ends as the plain host does', async (name) => {
    const [plain, other] = await Promise.all([endState('plain'), endState(name)])
    expect(plain.length).toBeGreaterThan(ODD.length * 6)
    expect(plain.filter((line) => line.includes('canary') && line.startsWith('/'))).toEqual([])
    expect(other).toEqual(name === 'ash' ? plain.filter((line) => !line.includes('./unpacked/')) : plain)
  })

  test('what busybox cannot do is said', async () => {
    writeFileSync(join(folder, 'unarchive.yml'), JSON.stringify([{ hosts: 'ash', become: true, gather_facts: false, tasks: [{ unarchive: { src: 'archive.tar', dest: '/srv/hard/unpacked' } }] }]))
    expect((await runTutti('run', join(folder, 'unarchive.yml'), '-i', lab.file)).output).toContain('is not GNU tar, which is needed for archives')
  })
})
