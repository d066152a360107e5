import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { bringFile, installK3s, k3sRelease, kubectl, ownImage, root, startK3s, until, withK3sHosts } from './k3s-hosts.ts'

const release = k3sRelease()
const TOKEN = 'a-token-of-the-test'
/** The packaged parts have a test of their own. */
const LIGHT = { disable: ['traefik', 'metrics-server'] }
const MANIFESTS = '/var/lib/rancher/k3s/server/manifests'

let lab: TestLab
let [n1, n2, n3]: TestHost[] = []
beforeAll(async () => {
  lab = await withK3sHosts('k3s-cluster', 3)
  ;[n1, n2, n3] = lab.hosts as [TestHost, TestHost, TestHost]
})
afterAll(() => lab?.down())

const nodes = () => kubectl(n1!, 'get nodes --no-headers')
const put = (path: string, content: object) => root(n1!, `cat >${path} <<'END'\n${JSON.stringify(content)}\nEND`)

const deployment = (name: string, replicas: number) => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name },
  spec: {
    replicas, selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        tolerations: [{ operator: 'Exists' }],
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: name } } }],
        containers: [{ name: 'pause', image: 'docker.io/rancher/mirrored-pause:3.6', imagePullPolicy: 'Never' }],
      },
    },
  },
})
const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { a: 'b' } })

describe(`${release.name}: a single server`, () => {
  beforeAll(async () => {
    await installK3s(n1!, 'server', { ...LIGHT, 'cluster-init': true, token: TOKEN, 'secrets-encryption': true, 'node-label': ['tier=first'], 'kubelet-arg': ['max-pods=50'] }, release)
    await startK3s(n1!, 'server')
  })

  test('systemd calls it active when it is up, and its node gets Ready with the roles, label and version wanted', async () => {
    expect(await root(n1!, 'systemctl is-active k3s')).toBe('active\n')
    expect(await root(n1!, 'k3s --version')).toMatch(new RegExp(`^k3s version ${release.version.replace('+', '\\+')} \\(`))
    await until('a Ready node', nodes, /^n1 +Ready +control-plane,etcd(,master)? .*v1\.34\.2\+k3s1/m)
    expect(await kubectl(n1!, `get node n1 -o jsonpath='{.metadata.labels.tier} {.status.capacity.pods}'`)).toBe('first 50')
  })

  test('its files are where and as k3s leaves them, secrets for root alone', async () => {
    expect(await root(n1!, 'stat -c "%a %U" /etc/rancher/k3s/k3s.yaml /var/lib/rancher/k3s/server/token')).toBe('600 root\n600 root\n')
    const token = await root(n1!, 'cat /var/lib/rancher/k3s/server/node-token')
    const authority = await root(n1!, 'sha256sum </var/lib/rancher/k3s/server/tls/server-ca.crt')
    expect(token).toBe(`K10${authority.slice(0, 64)}::server:${TOKEN}\n`)
    expect(await root(n1!, 'grep server: /etc/rancher/k3s/k3s.yaml')).toContain('https://127.0.0.1:6443')
    expect(await root(n1!, 'curl -sk https://127.0.0.1:6443/ping; curl -sk -o /dev/null -w " %{http_code}" https://127.0.0.1:6443/readyz')).toBe('pong 401')
    expect(await root(n1!, 'k3s secrets-encrypt status')).toContain('Encryption Status: Enabled')
  })

  test('manifests are applied, followed by an Addon, pruned when they shrink, and left alone with .skip', async () => {
    await put(`${MANIFESTS}/app.yaml`, { apiVersion: 'v1', kind: 'List', items: [deployment('app', 2), configMap('kept'), configMap('dropped')] })
    await root(n1!, `touch ${MANIFESTS}/skipped.yaml.skip`) // First, or a scan may come between.
    await put(`${MANIFESTS}/skipped.yaml`, configMap('skipped'))
    await until('the Deployment', () => kubectl(n1!, `get deployment app -o jsonpath='{.status.readyReplicas}'`), /^2$/)
    expect(await kubectl(n1!, 'get addon -n kube-system app -o jsonpath="{.spec.source}"')).toBe(`${MANIFESTS}/app.yaml`)
    await put(`${MANIFESTS}/app.yaml`, { apiVersion: 'v1', kind: 'List', items: [deployment('app', 2), configMap('kept')] })
    await until('the pruning', () => kubectl(n1!, 'get configmaps -o name'), /^(?!.*dropped)[^]*kept/s)
    expect(await kubectl(n1!, 'get configmaps -o name')).not.toContain('skipped')
  })

  test('an archive of images packed by zstd is taken in while the node runs, and crictl lists it', async () => {
    const plain = gunzipSync(readFileSync(ownImage('probe')))
    const file = join(mkdtempSync(join(tmpdir(), 'k3s-')), 'probe.tar.zst')
    // A name of the same length.
    writeFileSync(file, zstdCompressSync(Buffer.from(plain.toString('latin1').replaceAll('library/probe:1.0.0', 'library/zstd5:1.0.0'), 'latin1')))
    await bringFile(n1!, file, '/var/lib/rancher/k3s/agent/images/zstd.tar.zst')
    await until('the image', () => root(n1!, 'k3s crictl images'), /^docker\.io\/library\/zstd5 +1\.0\.0 /m)
    expect(await root(n1!, 'k3s crictl ps')).toMatch(/ Running +pause +\d+ +\w+ +app-/)
    expect(await root(n1!, 'k3s crictl pods --namespace=^default$ -q | wc -l')).toBe('2\n')
  })

  test('a command runs in a container, and its log is read', async () => {
    const pod = (await kubectl(n1!, 'get pods -l app=app -o name')).split('\n')[0]!
    expect(await root(n1!, `k3s kubectl exec ${pod} -- /nothing 2>&1; true`)).toMatch(/no such file or directory/)
    expect(await kubectl(n1!, `logs ${pod}`)).toBe('')
  })

  test('a restart leaves pods running, and comes back with the same token', async () => {
    const started = () => kubectl(n1!, `get pods -l app=app -o jsonpath='{.items[*].status.containerStatuses[*].state.running.startedAt} {.items[*].status.containerStatuses[*].restartCount}'`)
    const before = await started()
    await root(n1!, 'timeout 120 systemctl restart k3s', 130)
    await until('the Ready node', nodes, /^n1 +Ready/m)
    expect(await started()).toBe(before)
  })
})

describe(`${release.name}: a cluster`, () => {
  beforeAll(async () => {
    const server = `https://${n1!.address}:6443`
    const full = (await root(n1!, 'cat /var/lib/rancher/k3s/server/token')).trim()
    await installK3s(n2!, 'server', { ...LIGHT, server, token: full, 'secrets-encryption': true }, release)
    await startK3s(n2!, 'server')
    await installK3s(n3!, 'agent', { server, token: TOKEN, 'node-taint': ['kept=away:PreferNoSchedule'] }, release)
    await startK3s(n3!, 'agent')
  })

  test('a second server and an agent join and get Ready', async () => {
    await until('three nodes', nodes, /^n1 +Ready .*\nn2 +Ready +control-plane,etcd.*\nn3 +Ready +<none>/m)
    expect(await root(n2!, 'k3s kubectl get nodes --no-headers | wc -l')).toBe('3\n')
  })

  test('pods are spread over all nodes', async () => {
    await kubectl(n1!, 'scale deployment app --replicas=6')
    await until('pods everywhere', () => kubectl(n1!, `get pods -l app=app --field-selector=status.phase=Running -o jsonpath='{range .items[*]}{.spec.nodeName}{"\\n"}{end}'`), /(?=[^]*n1)(?=[^]*n2)(?=[^]*n3)/)
  })

  test('a server with another setting where all must agree is refused, and says which', async () => {
    await root(n3!, 'systemctl stop k3s-agent')
    const told = await root(n3!, `timeout 60 k3s server --data-dir=/var/lib/rancher/other --config=/none --server=https://${n1!.address}:6443 --token=${TOKEN} --cluster-cidr=10.99.0.0/16 2>&1; true`)
    expect(told).toMatch(/level=fatal.*critical configuration value mismatch.*cluster-cidr/)
    await root(n3!, 'systemctl start k3s-agent')
  })

  test('a snapshot brings back what was there, and takes away what was not', async () => {
    await kubectl(n1!, 'create configmap before')
    await root(n1!, 'k3s etcd-snapshot save --name=test')
    const name = /^(test-n1-\d+) /m.exec(await root(n1!, 'k3s etcd-snapshot ls'))![1]!
    await until('its object', () => kubectl(n1!, `get etcdsnapshotfiles -o jsonpath='{range .items[*]}{.spec.snapshotName} {.spec.nodeName} {.status.readyToUse}{"\\n"}{end}'`), new RegExp(`^${name} n1 true$`, 'm'), 30)
    await kubectl(n1!, 'create configmap after')
    await root(n2!, 'systemctl stop k3s')
    await root(n1!, 'systemctl stop k3s')
    const told = await root(n1!, `timeout 100 k3s server --cluster-reset --cluster-reset-restore-path=/var/lib/rancher/k3s/server/db/snapshots/${name} 2>&1`)
    expect(told).toContain('Managed etcd cluster membership has been reset, restart without --cluster-reset flag now')
    await startK3s(n1!, 'server')
    const found = await until('the restored state', () => kubectl(n1!, 'get configmaps -o name'), /before/)
    expect(found).not.toContain('after')
    await root(n2!, 'rm -rf /var/lib/rancher/k3s/server/db')
    await startK3s(n2!, 'server')
    await until('both servers', nodes, /^n1 +Ready .*\nn2 +Ready/m)
  })

  test('after token rotate the new token joins, and a server that is started with the old one ends', async () => {
    const told = await root(n1!, `k3s token rotate --token=${TOKEN} --new-token=another-token 2>&1`)
    expect(told).toContain('restart k3s nodes with new token')
    expect(await root(n2!, 'systemctl restart k3s & sleep 20; journalctl -u k3s --no-pager --since=-20s | grep fatal; systemctl stop k3s')).toContain('bootstrap data already found and encrypted with different token')
    for (const host of lab.hosts) await root(host, `sed -i 's/"token":"[^"]*"/"token":"another-token"/' /etc/rancher/k3s/config.yaml`)
    // Two servers are no majority without each other: each waits until the other is there.
    await Promise.all([n1!, n2!].map((host) => root(host, 'timeout 120 systemctl restart k3s', 130)))
    await root(n3!, 'timeout 120 systemctl restart k3s-agent', 130)
    await until('all nodes', nodes, /^n1 +Ready .*\nn2 +Ready .*\nn3 +Ready /m)
    expect(await root(n2!, 'cat /var/lib/rancher/k3s/server/token')).toMatch(/::server:another-token\n$/)
  })
})
