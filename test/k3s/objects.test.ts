import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TuttiRun, runTutti } from '../lab/run-tutti.ts'
import type { TestHost, TestLab } from '../lab/with-lab.ts'
import { installK3s, k3sRelease, kubectl, startK3s, until, withK3sHosts } from './k3s-hosts.ts'

const release = k3sRelease()
const folder = mkdtempSync(join(tmpdir(), 'k8s-objects-'))
mkdirSync(join(folder, 'files'))
copyFileSync(join(import.meta.dirname, 'objects.yml'), join(folder, 'files', 'objects.yml'))

let lab: TestLab
let n1: TestHost
beforeAll(async () => {
  lab = await withK3sHosts('objects', 1)
  n1 = lab.hosts[0]!
  await installK3s(n1, 'server', { 'cluster-init': true, 'disable': ['traefik', 'metrics-server', 'servicelb'] }, release)
  await startK3s(n1, 'server')
  await until('a Ready node', () => kubectl(n1, 'get nodes --no-headers'), /^n1 +Ready/m)
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await lab?.down()
})

/** One task on the server host, as root. */
function play(task: object, ...flags: readonly string[]): Promise<TuttiRun> {
  const file = join(folder, 'site.yml')
  writeFileSync(file, JSON.stringify([{ hosts: 'all', become: true, gather_facts: false, tasks: [{ name: 'task', ...task }] }]))
  return runTutti('run', file, '-i', lab.file, '--diff', ...flags)
}
const ending = async (task: object, ...flags: readonly string[]) => {
  const run = await play(task, ...flags)
  return { status: run.result('task')?.status as string, reason: (run.result('task')?.reason ?? '') as string, diff: (run.result('task')?.diff ?? []) as readonly { readonly header: { readonly after: string }; readonly before: string; readonly after: string }[], all: JSON.stringify(run.events) }
}
const apply = { k8s: { src: 'objects.yml', wait: true, wait_timeout: 150, wait_sleep: 2 } }
const forced = { k8s: { ...apply.k8s, force_conflicts: true } }

describe(`${release.name}: 28 objects of all common kinds in one task`, () => {
  test('a dry run says what would be made, and makes nothing', async () => {
    const dry = await ending(apply, '--check')
    expect(dry.status, dry.reason).toBe('changed')
    expect(dry.diff).toHaveLength(28)
    expect(await kubectl(n1, 'get namespaces,priorityclasses -o name')).not.toContain('shop')
  })

  test('they are made, and waited for; the value of the Secret is seen nowhere', async () => {
    const run = await ending(apply)
    expect(run.status, run.reason).toBe('changed')
    expect(run.all).not.toMatch(/hunter22|aHVudGVyMjIt/)
    expect(await kubectl(n1, `get -n shop deployment/web -o jsonpath='{.status.availableReplicas}'`)).toBe('2')
    expect(await kubectl(n1, `get -n shop secret/login -o jsonpath='{.data.password}'`)).toBe(Buffer.from('hunter22-in-the-clear').toString('base64'))
  })

  test('a second run changes nothing, dry or not', async () => {
    for (const flags of [['--check'], []]) expect(await ending(apply, ...flags)).toMatchObject({ status: 'ok', diff: [] })
  })

  test('a hand-made drift is refused with its owner, shown by its fields, and repaired', async () => {
    await kubectl(n1, 'set env -n shop deployment/web WORKERS=9')
    await kubectl(n1, 'patch -n shop service web --type=json -p \'[{"op":"replace","path":"/spec/ports/0/targetPort","value":8088}]\'')
    await kubectl(n1, 'label namespace shop team=other --overwrite')
    const refused = await ending(apply)
    expect(refused.status).toBe('failed')
    expect(refused.reason).toContain('Deployment shop/web: spec.template.spec.containers[name=web].env[name=WORKERS].value is "9" by kubectl-set, and "4" here')
    const wanted = [
      ['Namespace shop', 'metadata.labels.team: other\n', 'metadata.labels.team: web\n'],
      ['Deployment shop/web', 'spec.template.spec.containers[name=web].env[name=WORKERS].value: "9"\n', 'spec.template.spec.containers[name=web].env[name=WORKERS].value: "4"\n'],
      ['Service shop/web', 'spec.ports[port=80,protocol=TCP].targetPort: 8088\n', 'spec.ports[port=80,protocol=TCP].targetPort: http\n'],
    ]
    for (const flags of [['--check'], []]) {
      const { status, reason, diff } = await ending(forced, ...flags)
      expect(status, reason).toBe('changed')
      expect(diff.map(({ header, before, after }) => [header.after, before, after])).toEqual(wanted)
    }
    expect(await ending(apply)).toMatchObject({ status: 'ok', diff: [] })
  })

  test('what another controller owns is left to it', async () => {
    await kubectl(n1, 'annotate -n shop configmap settings example.org/seen=yes')
    expect(await ending(apply)).toMatchObject({ status: 'ok' })
    expect(await kubectl(n1, `get -n shop configmap settings -o jsonpath='{.metadata.annotations}'`)).toContain('yes')
  })

  test('a rollout that does not come about names the pod and why', async () => {
    await kubectl(n1, 'set image -n shop deployment/web web=nowhere.example.org/none:1')
    const { status, reason } = await ending({ k8s_rollout: { name: 'web', namespace: 'shop', wait_timeout: 25 } })
    expect(status).toBe('failed')
    expect(reason).toMatch(/Deployment shop\/web: 1 of 2 pods are of the new version\n +pod web-\S+: container web does not get its image \(ErrImageNeverPull\)/)
    expect((await ending(forced)).status).toBe('changed')
  })

  test('a restart brings other pods', async () => {
    const names = () => kubectl(n1, `get pods -n shop -l app=web -o jsonpath='{.items[*].metadata.name}'`)
    const before = await names()
    const { status, reason } = await ending({ k8s_rollout: { name: 'web', namespace: 'shop', state: 'restarted', wait_timeout: 120 } })
    expect(status, reason).toBe('changed')
    expect((await names()).split(' ').filter((name) => before.includes(name) && name !== '')).toEqual([])
  })

  test('a node that cannot be drained names the pod and the budget, and takes pods again', async () => {
    const { status, reason } = await ending({ k8s_drain: { name: 'n1', pod_selectors: ['app=web'], delete_options: { wait_timeout: 20, wait_sleep: 2 } } })
    expect(status).toBe('failed')
    expect(reason).toMatch(/n1 is not empty after 20 s, and stays cordoned:\n +pod shop\/web-\S+: the PodDisruptionBudget web allows no pod to go \(1 healthy, 1 wanted\)/)
    for (const wanted of ['changed', 'ok']) expect(await ending({ k8s_drain: { name: 'n1', state: 'uncordon' } })).toMatchObject({ status: wanted })
    await until('the pods', () => kubectl(n1, `get -n shop deployment/web -o jsonpath='{.status.availableReplicas}'`), /^2$/)
  })

  test('a chart of our own is installed, changed and removed', async () => {
    mkdirSync(join(folder, 'shelf', 'templates'), { recursive: true })
    writeFileSync(join(folder, 'shelf', 'Chart.yaml'), 'apiVersion: v2\nname: shelf\nversion: 1.0.0\n')
    writeFileSync(join(folder, 'shelf', 'templates', 'settings.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shelf}\ndata: {boards: {{ .Values.boards | quote }}}\n')
    execFileSync('tar', ['czf', join(folder, 'files', 'shelf.tgz'), '-C', folder, 'shelf'])
    const chart = (boards: number) => ({ helm_chart: { name: 'shelf', chart_content: 'shelf.tgz', target_namespace: 'default', values: { boards }, wait: true, wait_timeout: 120 } })
    for (const boards of [3, 5]) {
      expect(await ending(chart(boards))).toMatchObject({ status: 'changed', reason: '' })
      expect(await kubectl(n1, `get configmap shelf -o jsonpath='{.data.boards}'`)).toBe(String(boards))
      expect(await ending(chart(boards))).toMatchObject({ status: 'ok' })
    }
    expect(await ending({ helm_chart: { name: 'shelf', state: 'absent', wait: true, wait_timeout: 60 } })).toMatchObject({ status: 'changed' })
    expect(await kubectl(n1, 'get configmaps -o name')).not.toContain('shelf')
  })

  test('they are removed and waited for, and a second time there is nothing to remove', async () => {
    const gone = { k8s: { state: 'absent', src: 'objects.yml', wait: true, wait_timeout: 150, wait_sleep: 2 } }
    const { status, reason } = await ending(gone)
    expect(status, reason).toBe('changed')
    expect(await kubectl(n1, 'get namespaces,priorityclasses,persistentvolumes,crd -o name')).not.toMatch(/shop|shelves/)
    expect(await ending(gone)).toMatchObject({ status: 'ok', diff: [] })
  })
})
