import { expect, test } from 'vitest'
import { type Waiting, awaitGone, awaitReady } from '../../src/contract/await-objects.ts'
import type { Acting } from '../../src/host/act.ts'

const object = { apiVersion: 'v1', kind: 'Pod', name: 'web', namespace: 'shop', json: {} }
const waiting: Waiting = { access: { kubeconfig: undefined, context: undefined }, environment: {}, timeout: 1, sleep: 0.01 }
const podIs = (phase: string): string => JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop' }, status: { phase } })
const REFUSED = { stderr: 'E1122 03:27:42.732181 3284 memcache.go:265] "Unhandled Error"\nThe connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?\n' }

/** A host on which kubectl answers so, one answer after the other; the last one from then on. */
function acting(...answers: readonly { readonly stdout?: string; readonly stderr?: string }[]): Acting & { readonly told: string[] } {
  const left = [...answers]
  const told: string[] = []
  const run = async () => {
    const { stdout = '', stderr = '' } = left.length > 1 ? left.shift()! : left[0]!
    return { code: 0, stdout: Buffer.from(`${stdout}\0${stderr === '' ? 0 : 1}\0`), stderr: Buffer.from(`${stderr}\0`) }
  }
  return { run, told, progress: (text: string) => void told.push(text), signal: new AbortController().signal } as unknown as Acting & { readonly told: string[] }
}

test('a server that starts anew is no reason to stop waiting', async () => {
  const host = acting({}, REFUSED, { stdout: podIs('Pending') }, { stdout: podIs('Succeeded') })
  expect(await awaitReady(host, [object], waiting)).toMatchObject([{ kind: 'Pod' }])
  expect(host.told).toEqual(['Pod shop/web: it is not there yet', 'Kubernetes does not answer: The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?', 'Pod shop/web: it is Pending'])
})

test('one that does not come back is', async () => {
  await expect(awaitReady(acting(REFUSED), [object], { ...waiting, timeout: 0.05 })).rejects.toThrow(/^Kubernetes does not answer: The connection to the server 127\.0\.0\.1:6443 was refused/)
})

test('what refuses is not waited for', async () => {
  await expect(awaitGone(acting({ stderr: 'Error from server (Forbidden): pods is forbidden' }), [object], waiting)).rejects.toThrow('pods is forbidden')
})
