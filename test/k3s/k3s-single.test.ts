import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { k3sRelease, kubectl, prepareK3sHost, root, until, withK3sHosts } from './k3s-hosts.ts'
import { K3sPlays, having, startOf } from './k3s-plays.ts'

const release = k3sRelease()
let lab: TestLab
let plays: K3sPlays
let n1: TestHost
let mirror: Server
let asked: string[] = []
/** What the mirror gives in place of the list of sums. */
let sums: string | undefined

beforeAll(async () => {
  lab = await withK3sHosts('k3s-single', 1)
  n1 = lab.hosts[0]!
  mirror = createServer((request, response) => {
    const [, version, name = ''] = decodeURIComponent(request.url!).split('/')
    asked.push(name)
    const file = join(dirname(release.program), name)
    if (version !== release.version || !existsSync(file)) return response.writeHead(404).end()
    return name.startsWith('sha256sum') && sums !== undefined ? response.end(sums) : createReadStream(file).pipe(response)
  })
  await new Promise<void>((resolve) => mirror.listen(0, resolve))
  const { port } = mirror.address() as { port: number }
  const bridge = n1.address.replace(/\.\d+$/, '.1')
  const virtual = n1.address.replace(/\.\d+$/, '.250')
  plays = new K3sPlays(lab, ['n1'], [], { k3s_offline_dir: '', k3s_download_url: `http://${bridge}:${port}`, k3s_airgap_images: true, k3s_virtual_address: virtual, k3s_registries: { mirrors: { 'docker.io': { endpoint: ['https://mirror.example'] } } } })
})
afterAll(async () => {
  mirror?.close()
  plays?.done()
  await lab?.down()
})

describe(`${release.name}, one server from a mirror`, () => {
  test('a program that is not what the list of sums says is refused, and not put in place', async () => {
    sums = `${'0'.repeat(64)}  k3s\n`
    const run = await plays.play('k3s')
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(/checksum for \/usr\/local\/bin\/k3s did not match 0000/)
    expect(await root(n1, 'ls /usr/local/bin/k3s /etc/rancher 2>&1 || true')).toMatch(/No such file.*\n.*No such file/)
    sums = undefined
  })

  test('nor one that has not the pinned sum, whatever the list of the mirror says', async () => {
    // Those of roles/versions.yml are of k3s itself, so lab k3s is refused.
    const { k3s } = parse(readFileSync(join(import.meta.dirname, '../../roles/versions.yml'), 'utf8')) as { k3s: { sha256: Record<string, { k3s: string }> } }
    const sums = release.name === 'k3s' ? { [release.version]: { k3s: '1'.repeat(64) } } : k3s.sha256
    const run = await plays.play('k3s', { k3s_sha256: sums })
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toContain(`checksum for /usr/local/bin/k3s did not match ${sums[release.version]!.k3s.slice(0, 8)}`)
    expect(await root(n1, 'ls /usr/local/bin/k3s /etc/rancher 2>&1 || true')).toMatch(/No such file.*\n.*No such file/)
  })

  test('made from what the mirror has, behind a virtual address', async () => {
    asked = []
    const run = await plays.play('k3s')
    expect(run.exitCode, run.output).toBe(0)
    expect(asked).toEqual(expect.arrayContaining(['k3s', 'sha256sum-amd64.txt', 'k3s-airgap-images-amd64.tar.gz']))
    expect(run.result('Say who does what').outputs.msg).toContain('1 server: while it is away the cluster stands still')
    await until('the node', () => kubectl(n1, 'get nodes --no-headers'), /^n1 +Ready +control-plane,etcd/)
    expect(readFileSync(join(plays.directory, 'kubeconfig'), 'utf8')).toContain(`server: https://${plays.vars['k3s_virtual_address'] as string}:6443`)
    expect(await root(n1, `ip -o addr | grep -c ${plays.vars['k3s_virtual_address'] as string}/`)).toBe('1\n')
  })

  test('the second run changes nothing, restarts nothing and loads nothing but the list of sums', async () => {
    const start = await startOf(n1)
    asked = []
    const again = await plays.play('k3s')
    expect({ exit: again.exitCode, changed: having(again, 'changed') }, again.output).toEqual({ exit: 0, changed: [] })
    expect(await startOf(n1)).toBe(start)
    expect([...new Set(asked)]).toEqual(['sha256sum-amd64.txt'])
  })

  test('a run that was interrupted between a setting and the restart owes the restart', async () => {
    const start = await startOf(n1)
    await root(n1, `printf 'kubelet-arg: [max-pods=77]\\n' >>/etc/rancher/k3s/config.yaml`)
    const run = await plays.play('k3s', { k3s_config: { 'kubelet-arg': ['max-pods=77'] } })
    expect(run.exitCode, run.output).toBe(0)
    expect(await startOf(n1)).not.toBe(start)
    expect(having(run, 'changed')).toContain('n1 Restart it with what changed')
    expect(await kubectl(n1, `get node n1 -o jsonpath='{.status.capacity.pods}'`)).toBe('77')
  })

  test('a token that is not that of the cluster is refused', async () => {
    const run = await plays.play('k3s', { k3s_token: 'another-token' })
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(/The token is not that of the cluster: n1 has another one/)
    expect(having(run, 'changed')).toEqual([])
  })

  test.each<[string, RegExp]>([['v1.33.13+k3s1', /cannot go back to an older version.*n1 has v1\.34\.2\+k3s1/s], ['v1.36.1+k3s1', /one minor version at a time.*v1\.35/s], ['v1.35.1+k3s1', /k3s-upgrade\.yml/]])('%s is refused', async (version, said) => {
    const run = await plays.play('k3s', { k3s_version: version })
    expect(run.exitCode).not.toBe(0)
    expect(run.output).toMatch(said)
    expect(having(run, 'changed')).toEqual([])
  })

  test('a snapshot comes here, encrypted, and is restored: what came after it is gone', async () => {
    const copies = join(plays.directory, 'copies')
    const cluster = { k3s_config: { 'kubelet-arg': ['max-pods=77'] }, k3s_snapshot_copy_dir: copies }
    await kubectl(n1, 'create secret generic before --from-literal=word=swordfish')
    const saved = await plays.play('k3s-snapshot', cluster)
    expect(saved.exitCode, saved.output).toBe(0)
    expect(JSON.stringify(saved.events)).not.toContain(plays.token())
    const [copy] = readdirSync(copies)
    expect(readFileSync(join(copies, copy!), 'utf8')).toMatch(/^\$ANSIBLE_VAULT/)
    await kubectl(n1, 'create configmap after')
    const run = await plays.play('k3s-restore', { ...cluster, k3s_snapshot_copy: join(copies, copy!) })
    expect(run.exitCode, run.output).toBe(0)
    expect(run.result('Say how old it is').outputs.msg).toMatch(/^by-hand-n1-\d+ was taken .*(second|minute).* ago .*what came after it is lost$/)
    await until('the restored state', () => kubectl(n1, `get secret before -o jsonpath='{.data.word}'`), /^c3dvcmRmaXNo$/)
    expect(await kubectl(n1, 'get configmaps -o name')).not.toContain('after')
    expect(JSON.stringify(run.events)).not.toContain(plays.token())
    expect(await root(n1, 'ls /var/lib/rancher/k3s/server/db/snapshots')).not.toContain('restored')
  })

  test('and on a new disk: what is left of the cluster is the copy here', async () => {
    const copies = join(plays.directory, 'copies')
    const node = await kubectl(n1, `get node n1 -o jsonpath='{.metadata.uid}'`)
    await n1.renew()
    await prepareK3sHost(n1)
    const cluster = { k3s_config: { 'kubelet-arg': ['max-pods=77'] }, k3s_snapshot_copy_dir: copies }
    const run = await plays.play('k3s-restore', { ...cluster, k3s_snapshot_copy: join(copies, readdirSync(copies)[0]!) })
    expect(run.exitCode, run.output).toBe(0)
    expect(await kubectl(n1, `get secret before -o jsonpath='{.data.word}'`)).toBe('c3dvcmRmaXNo')
    expect(await kubectl(n1, `get node n1 -o jsonpath='{.metadata.uid}'`), 'the node is the one that it was').toBe(node)
    const again = await plays.play('k3s', cluster)
    expect({ exit: again.exitCode, changed: having(again, 'changed') }, again.output).toEqual({ exit: 0, changed: [] })
  })
})
