import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { ask } from './ask-outside.ts'
import { bringFile, installK3s, k3sRelease, kubectl, ownImage, root, startK3s, until, withK3sHosts } from './k3s-hosts.ts'

const release = k3sRelease()
const TOKEN = 'a-token-of-the-test'

let lab: TestLab
let [n1, n2]: TestHost[] = []
beforeAll(async () => {
  lab = await withK3sHosts('k3s-packaged', 2)
  ;[n1, n2] = lab.hosts as [TestHost, TestHost]
  for (const host of [n1, n2]) await bringFile(host, ownImage('probe'), '/var/lib/rancher/k3s/agent/images/probe-amd64.tar.gz')
  const config = { token: TOKEN, 'cluster-init': true }
  await installK3s(n1, 'server', config, release)
  await startK3s(n1, 'server')
  await installK3s(n2, 'agent', { server: `https://${n1.address}:6443`, token: TOKEN }, release)
  await startK3s(n2, 'agent')
  await until('both nodes', () => kubectl(n1!, 'get nodes --no-headers'), /^n1 +Ready .*\nn2 +Ready/m)
  await apply(SERVED)
})
afterAll(() => lab?.down())

const apply = (objects: readonly object[]) => root(n1!, `k3s kubectl apply -f - <<'END'\n${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })}\nEND`)
const get = (args: string) => kubectl(n1!, `get ${args}`)
const inPod = (deployment: string, args: string) => kubectl(n1!, `exec deploy/${deployment} -- /probe ${args} 2>&1 || true`)

const podSpec = (args: readonly string[]) => ({
  containers: [{ name: 'probe', image: 'docker.io/library/probe:1.0.0', imagePullPolicy: 'Never', args, ports: [{ name: 'http', containerPort: 8080 }], readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 2 } }],
})
const deployment = (name: string, replicas: number) => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: podSpec(['serve', '8080']) } },
})
const service = (name: string, spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }], ...spec } })
const SERVED = [
  deployment('web', 2), deployment('client', 1), service('web', {}),
  { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web' }, spec: { rules: [{ host: 'web.example.org', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] } },
]

describe(`${release.name}: what it brings along`, () => {
  test('pods find services and nodes by their names', async () => {
    await until('CoreDNS', () => get('deployment -n kube-system coredns -o jsonpath={.status.readyReplicas}'), /^1$/)
    expect(await get('service -n kube-system kube-dns -o jsonpath={.spec.clusterIP}')).toBe('10.43.0.10')
    await until('the client', () => get('deployment client -o jsonpath={.status.readyReplicas}'), /^1$/)
    expect(await inPod('client', 'resolve kubernetes.default')).toBe('10.43.0.1\n')
    await until('a node by its name', () => inPod('client', 'resolve n2'), new RegExp(`^${n2!.address}\n`), 90)
    expect(await inPod('client', 'resolve nowhere.default.svc.cluster.local')).toContain('no such host')
  })

  test('kubectl top tells what the nodes use', async () => {
    await until('metrics of both nodes', () => kubectl(n1!, 'top nodes --no-headers'), /^n1 +\d+m .*\nn2 +\d+m /m)
    await until('metrics of pods', () => kubectl(n1!, 'top pods -n kube-system --no-headers'), /^coredns-\S+ +\d+m +\d+Mi/m)
  })

  test('an Ingress answers from outside the cluster at every node, plain and encrypted', async () => {
    await until('Traefik', () => get('deployment -n kube-system traefik -o jsonpath={.status.readyReplicas}'), /^1$/, 240)
    await until('its addresses', () => get(`service -n kube-system traefik -o jsonpath='{.status.loadBalancer.ingress[*].ip}'`), new RegExp(`^${[n1!.address, n2!.address].sort().join(' ')}$`))
    for (const { address } of [n1!, n2!]) {
      await until(`the page at ${address}`, async () => (await ask(`http://${address}/some/path`, 'web.example.org')).body, /^pod=web-\S+ host=web\.example\.org path=\/some\/path/)
      expect(await ask(`https://${address}/`, 'web.example.org')).toMatchObject({ status: 200, body: expect.stringContaining('proto=https') as string })
      expect((await ask(`http://${address}/`, 'other.example.org')).status).toBe(404)
    }
    expect(await get('ingressclass traefik -o jsonpath={.metadata.name}')).toBe('traefik')
    await until('the address in the Ingress', () => get(`ingress web -o jsonpath='{.status.loadBalancer.ingress[0].ip}'`), new RegExp(`^(${n1!.address}|${n2!.address})$`))
  })

  test('an Ingress shows the certificate of its Secret', async () => {
    await root(n1!, 'cd /root && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=web.example.org -addext subjectAltName=DNS:web.example.org -keyout web.key -out web.crt 2>/dev/null && k3s kubectl create secret tls web --cert=web.crt --key=web.key')
    await kubectl(n1!, `patch ingress web --type=merge -p '{"spec":{"tls":[{"hosts":["web.example.org"],"secretName":"web"}]}}'`)
    await until('the certificate', async () => (await ask(`https://${n2!.address}/`, 'web.example.org')).certificate ?? '', /^web\.example\.org$/, 60)
  })
})

describe(`${release.name}: HelmChart and HelmChartConfig`, () => {
  test('a HelmChartConfig changes Traefik: two replicas, and plain requests are sent to HTTPS', async () => {
    const values = { deployment: { replicas: 2 }, ports: { web: { redirections: { entryPoint: { to: 'websecure', scheme: 'https', permanent: true } } } }, tolerations: [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 20 }] }
    await apply([{ apiVersion: 'helm.cattle.io/v1', kind: 'HelmChartConfig', metadata: { name: 'traefik', namespace: 'kube-system' }, spec: { valuesContent: JSON.stringify(values) } }])
    await until('two replicas', () => get(`deployment -n kube-system traefik -o jsonpath='{.spec.replicas} {.status.readyReplicas} {.status.updatedReplicas}'`), /^2 2 2$/)
    expect(await get(`deployment -n kube-system traefik -o jsonpath='{.spec.template.spec.tolerations[0].tolerationSeconds}'`)).toBe('20')
    await until('the redirection', async () => JSON.stringify(await ask(`http://${n1!.address}/x`, 'web.example.org')), /"status":30[18],.*"location":"https:\/\/web\.example\.org\/x"/, 60)
    expect((await ask(`https://${n1!.address}/`, 'web.example.org')).status).toBe(200)
  })

  test('a chart of the user is installed with its values, changed, and uninstalled', async () => {
    const chart = execFileSync('tar', ['-cz', 'small-chart'], { cwd: new URL('fixtures', import.meta.url) }).toString('base64')
    const named = (spec: object) => apply([{ apiVersion: 'helm.cattle.io/v1', kind: 'HelmChart', metadata: { name: 'small', namespace: 'kube-system' }, spec: { chartContent: chart, targetNamespace: 'apps', createNamespace: true, ...spec } }])
    const told = () => get(`configmap -n apps small -o jsonpath='{.data.first} {.data.second} {.data.third}'`)
    await named({ valuesContent: 'first: content\nsecond: content\nthird: content\n', set: { third: 'set' } })
    await until('its values', told, /^content content set$/)
    await apply([{ apiVersion: 'helm.cattle.io/v1', kind: 'HelmChartConfig', metadata: { name: 'small', namespace: 'kube-system' }, spec: { valuesContent: 'second: config\nthird: config\n' } }])
    await until('those of the HelmChartConfig over them', told, /^content config set$/)
    await kubectl(n1!, 'delete helmchart -n kube-system small --timeout=120s')
    expect(await get('configmap -n apps small --ignore-not-found')).toBe('')
  })

  test.skipIf(release.name === 'k3s')('what cannot be installed is told by the condition Failed', async () => {
    await apply([{ apiVersion: 'helm.cattle.io/v1', kind: 'HelmChart', metadata: { name: 'broken', namespace: 'kube-system' }, spec: { chartContent: 'bm8gY2hhcnQ=' } }])
    await until('the condition', () => get(`helmchart -n kube-system broken -o jsonpath='{.status.conditions[?(@.type=="Failed")]}'`), /"status":"True"/, 60)
    await kubectl(n1!, 'delete helmchart -n kube-system broken --timeout=60s')
  })
})

describe(`${release.name}: Services of type LoadBalancer`, () => {
  test('one answers at its port of every node, and only at those that are labelled, once one is', async () => {
    await apply([service('lb', { type: 'LoadBalancer', ports: [{ port: 8090, targetPort: 'http' }] })])
    const addresses = () => get(`service lb -o jsonpath='{.status.loadBalancer.ingress[*].ip}'`)
    await until('both addresses', addresses, new RegExp(`^${[n1!.address, n2!.address].sort().join(' ')}$`))
    for (const { address } of [n1!, n2!]) expect((await ask(`http://${address}:8090/`, 'any')).body).toMatch(/^pod=web-/)
    await kubectl(n1!, 'label node n2 svccontroller.k3s.cattle.io/enablelb=true')
    await until('one address', addresses, new RegExp(`^${n2!.address}$`))
    await kubectl(n1!, 'label node n2 svccontroller.k3s.cattle.io/enablelb-')
    await kubectl(n1!, 'delete service lb')
    await until('its DaemonSet gone', () => get('daemonsets -n kube-system -l svccontroller.k3s.cattle.io/svcname=lb --no-headers 2>&1'), /No resources found/)
  })
})

describe(`${release.name}: NetworkPolicies`, () => {
  const policy = (name: string, spec: object) => ({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name }, spec })
  const asked = () => inPod('client', 'get http://web/')

  test('one that allows nothing denies, from pods and from outside, and the pods stay ready', async () => {
    expect(await asked()).toContain('pod=web-')
    await apply([policy('deny', { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] })])
    await until('the refusal', asked, /refused|timeout|Timeout/, 30)
    // New pods: connections that Traefik keeps open to the old ones are not cut.
    await kubectl(n1!, 'rollout restart deployment web && k3s kubectl rollout status deployment web --timeout=60s')
    expect(await get('deployment web -o jsonpath={.status.readyReplicas}')).toBe('2')
    await until('the ingress to fail', async () => String((await ask(`https://${n1!.address}/`, 'web.example.org')).status), /^50[234]$/, 30)
  })

  test('others let in whom they name', async () => {
    await apply([
      policy('client', { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }], ports: [{ port: 'http' }] }] }),
      policy('ingress', { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } }, podSelector: { matchLabels: { 'app.kubernetes.io/name': 'traefik' } } }] }] }),
    ])
    await until('the client', asked, /pod=web-/, 30)
    await until('the ingress', async () => String((await ask(`https://${n1!.address}/`, 'web.example.org')).status), /^200$/, 30)
  })

  test('egress is held back but for what is allowed', async () => {
    const dns = { to: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }], ports: [{ protocol: 'UDP', port: 53 }, { protocol: 'TCP', port: 53 }] }
    await apply([policy('egress', { podSelector: { matchLabels: { app: 'client' } }, policyTypes: ['Egress'], egress: [dns] })])
    await until('the refusal', asked, /refused|timeout|Timeout/, 30)
    expect(await inPod('client', 'resolve kubernetes.default')).toBe('10.43.0.1\n')
    await kubectl(n1!, 'delete networkpolicy --all')
    await until('all free again', asked, /pod=web-/, 30)
  })
})

describe(`${release.name}: disable`, () => {
  test('what is disabled goes, objects and file', async () => {
    await root(n1!, `printf %s '${JSON.stringify({ token: TOKEN, 'cluster-init': true, disable: ['metrics-server'] })}' >/etc/rancher/k3s/config.yaml && timeout 120 systemctl restart k3s`, 130)
    await until('metrics-server gone', () => get('deployment -n kube-system --no-headers'), /^(?!.*metrics-server)[^]*coredns/s, 120)
    expect(await root(n1!, 'ls /var/lib/rancher/k3s/server/manifests')).not.toContain('metrics-server')
    expect((await ask(`https://${n2!.address}/`, 'web.example.org')).status).toBe(200)
  })
})
