import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decrypt } from '../../src/vault/vault.ts'

const root = join(import.meta.dirname, '../..')
const canMount = process.platform === 'linux' && process.getuid?.() === 0

/** A k3s and a systemctl that are played: the state of a server and an agent lies in $D; `said` and `heard` there are what the cluster has of a kubelet. */
const K3S = `#!/bin/sh
case "$1 $2" in
"--version ") echo "k3s version v1.34.2+k3s1 (played)" ;;
"kubectl get")
  now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  said=$(cat $D/said 2>/dev/null || date -u +%Y-%m-%dT%H:%M:%SZ) heard=$(cat $D/heard 2>/dev/null || date -u +%Y-%m-%dT%H:%M:%SZ)
  [ "$3" = nodes,leases ] && printf 'Node n1 v1.34.2+k3s1 True  \\nNode n2 v1.34.2+k3s1 True  \\nLease n1    %s 40\\nLease n2    %s 40\\n' $now $heard || echo True/v1.34.2+k3s1 $said $heard 40 ;;
"token rotate")
  [ "$K3S_TOKEN" = "$(sed 's/.*::server://' $D/data/server/token)" ] || { echo 'the token is wrong' >&2; exit 1; }
  echo "K10abc::server:$(head -c8 /dev/urandom | od -An -tx1 | tr -d ' \\n')" >$D/data/server/token
  echo "rotate: $*" >>$D/log ;;
*) exit 1 ;;
esac
`
const SYSTEMCTL = `#!/bin/sh
for last; do :; done
unit=\${last%.service}
case "$*" in
is-active*) echo active ;;
*SubState*) echo running ;;
*ExecMainStartTimestamp*) cat $D/$unit ;;
"show -- "*) printf 'Id=%s\\nLoadState=loaded\\nActiveState=active\\nUnitFileState=enabled\\nInvocationID=%s\\n' $last "$(md5sum <$D/$unit | cut -c1-8)" ;;
show*) echo UnitsLoadTimestamp=@1; echo UnitsLoadFinishTimestamp=@1 ;;
restart*)
  sleep 1.1; LC_ALL=C date >$D/$unit
  grep -q "$(sed 's/.*::server://' $D/data/server/token)" /etc/rancher/k3s/config.yaml.d/90-join.yaml || { echo "started with another token" >&2; exit 1; }
  echo "restart $unit" >>$D/log ;;
esac
`

/** The playbook in a view of the file system of its own; on a whole cluster: test/k3s/k3s-token.test.ts. */
describe.skipIf(!canMount)('the token of a k3s that is played', () => {
  const directory = mkdtempSync(join(tmpdir(), 'k3s-token-'))
  const at = (name: string): string => join(directory, name)
  const key = (): string => readFileSync(at('inventory/.secrets/k3s-token.key'), 'utf8').trim()
  const kept = (): { readonly secret: string; readonly previous?: string } => JSON.parse(decrypt(readFileSync(at('inventory/.secrets/k3s-token.vault'), 'utf8'), { secrets: [{ id: 'default', secret: Buffer.from(key()) }] }))
  const there = (): string => readFileSync(at('data/server/token'), 'utf8').trim().replace(/.*::server:/, '')
  const log = (): readonly string[] => readFileSync(at('log'), 'utf8').split('\n').filter(Boolean)

  beforeAll(() => {
    for (const name of ['bin', 'inventory', 'data/server/tls', 'data/server/db/etcd', 'data/agent']) mkdirSync(at(name), { recursive: true })
    for (const [name, script] of [['k3s', K3S], ['systemctl', SYSTEMCTL]] as const) writeFileSync(at(`bin/${name}`), script.replaceAll('$D', directory), { mode: 0o755 })
    cpSync('/etc', at('etc'), { recursive: true, verbatimSymlinks: true, filter: (path) => !/ssl|shadow/.test(path) })
    mkdirSync(at('etc/rancher/k3s/config.yaml.d'), { recursive: true })
    for (const name of ['k3s', 'k3s-agent']) execFileSync('sh', ['-c', `LC_ALL=C date >${at(name)}`])
    for (const name of ['data/server/tls/server-ca.crt', 'data/agent/server-ca.crt']) writeFileSync(at(name), 'authority\n')
    writeFileSync(at('data/agent/client-kubelet.crt'), '')
    const host = (name: string) => ({ hosts: { [name]: { ansible_connection: 'local', k3s_node_name: name, ansible_host: '192.0.2.1' } } })
    writeFileSync(at('inventory/hosts.yml'), JSON.stringify({ k3s_server: host('n1'), k3s_agent: host('n2') }))
    writeFileSync(at('make.yml'), JSON.stringify([{ hosts: 'n1', gather_facts: false, tasks: [
      { generated_secret: { path: at('inventory/.secrets/k3s-token.vault'), key_path: at('inventory/.secrets/k3s-token.key') }, register: 'made' },
      { copy: { content: 'K10abc::server:{{ made.secret }}\n', dest: at('data/server/token') } },
    ] }]))
    execFileSync(join(root, 'bin/tutti'), ['run', at('make.yml'), '-i', at('inventory/hosts.yml')], { stdio: 'ignore' })
  }, 60_000)
  afterAll(() => rmSync(directory, { recursive: true }))

  /** Runs it, or kills it as soon as the log has the line. */
  async function rotate({ killAfter, flags = [] }: { readonly killAfter?: string; readonly flags?: readonly string[] } = {}): Promise<{ readonly code: number | null; readonly said: string }> {
    writeFileSync(at('log'), '')
    const script = `mount --bind ${at('etc')} /etc && mount --bind ${at('bin')} /usr/local/bin && exec "$0" "$@"`
    const child = spawn('unshare', ['-m', 'sh', '-c', script, join(root, 'bin/tutti'), 'run', 'playbooks/k3s-rotate-token.yml', '-i', at('inventory/hosts.yml'), '-e', `k3s_data_dir=${at('data')}`, '--output', 'json', ...flags],
      { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PATH: `/usr/local/bin:${process.env['PATH']}` } })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    if (killAfter !== undefined) {
      while (!log().includes(killAfter) && child.exitCode === null) await sleep(20)
      if (child.exitCode === null) process.kill(-child.pid!, 'SIGKILL')
    }
    return { code: await ended, said }
  }
  const done = async (wanted: readonly string[]): Promise<void> => {
    const { code, said } = await rotate()
    expect(code, said.slice(-3000)).toBe(0)
    expect(log().map((line) => line.replace(/: token rotate.*/, ''))).toEqual(wanted)
    expect(kept()).toEqual({ secret: there() })
    expect(said).not.toContain(there())
  }

  test('a dry run makes none, and does not say that all stays as it is', async () => {
    const before = kept()
    const { code, said } = await rotate({ flags: ['--check'] })
    expect(code, said.slice(-3000)).toBe(0)
    expect([kept(), log()]).toEqual([before, []])
    expect(said).toMatch(/"status":"unknown"/)
  }, 120_000)

  test('a new one is taken by the server, then by the agent, and stands in no argument list', async () => {
    const before = there()
    await done(['rotate', 'restart k3s', 'restart k3s-agent'])
    expect(there()).not.toBe(before)
  }, 120_000)

  test('one that was made and not kept is taken, and no third is made', async () => {
    execFileSync(at('bin/k3s'), ['token', 'rotate'], { env: { ...process.env, K3S_TOKEN: there() } })
    await done(['restart k3s', 'restart k3s-agent'])
  }, 120_000)

  test.each([['rotate: token rotate --data-dir=DIR/data', ['restart k3s', 'restart k3s-agent']], ['restart k3s', ['restart k3s-agent']]])('killed after "%s" it goes on there', async (line, rest) => {
    expect((await rotate({ killAfter: line.replace('DIR', directory) })).code).not.toBe(0)
    const made = there()
    await done(rest)
    expect(there()).toBe(made)
  }, 120_000)

  test('it does not begin beside a node that nothing was heard of for a minute, though it is called Ready', async () => {
    const before = there()
    writeFileSync(at('heard'), new Date(Date.now() - 60_000).toISOString())
    const { said } = await rotate()
    rmSync(at('heard'))
    expect(said).toMatch(/n2: its node n2 was last heard of 6\d s ago/)
    expect([log(), there()]).toEqual([[], before])
  }, 120_000)

  test('a node that was Ready before its start, and has not said so since, is waited for', async () => {
    writeFileSync(at('said'), new Date(Date.now() - 60_000).toISOString())
    const { code, said } = await rotate({ flags: ['-e', 'k3s_ready_timeout=3'] })
    rmSync(at('said'))
    expect({ code, log: log().slice(1) }, said.slice(-3000)).toEqual({ code: 2, log: ['restart k3s'] })
    expect(said).toContain('True/v1.34.2+k3s1, but not since its start')
    await done(['restart k3s-agent'])
  }, 120_000)

  test('a run that leaves a node out, and a token of yours, are refused', async () => {
    expect((await rotate({ flags: ['--limit', 'n1'] })).said).toMatch(/could not start again with the old token: n2/)
    expect((await rotate({ flags: ['-e', 'k3s_token=mine-alone'] })).said).toMatch(/k3s_token is yours/)
    expect(log()).toEqual([])
  }, 120_000)
})
