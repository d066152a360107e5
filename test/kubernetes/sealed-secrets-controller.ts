import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ApiServer, freePort, whyNoApiServer } from './api-server.ts'

const program = join(process.env['TUTTI_K3S_CACHE'] ?? join(homedir(), '.cache/tutti/k3s'), 'bin/sealed-secrets/controller')

/** Why the real controller cannot run here; undefined where it can. It reads its account in one place only, which root can give it a view of. */
export const whyNoController = (): string | undefined => whyNoApiServer() ?? (!existsSync(program) ? 'the controller was not built: test/k3s/build.sh part sealed-secrets' : process.getuid?.() !== 0 ? 'it needs root' : undefined)

export interface Controller {
  readonly port: number
  /** The certificate of its newest key. */
  certificate(): Promise<string>
  close(): Promise<void>
}

/** The real controller beside an API server, as if it ran in a pod: in a view of the file system of its own, in which /run is empty but for its account. */
export async function startController({ port, token, certificate }: ApiServer, flags: readonly string[] = [], address = '127.0.0.1'): Promise<Controller> {
  const [http, metrics] = [await freePort(), await freePort()]
  const account = '/run/secrets/kubernetes.io/serviceaccount'
  const script = `ca=$(cat "$1"); mount -t tmpfs none /run && mkdir -p ${account} && printf %s "$ca" >${account}/ca.crt && printf %s "$2" >${account}/token && shift 2 && exec "$@"`
  const logs: string[] = []
  const child: ChildProcess = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', certificate, token, program, `--listen-addr=${address}:${http}`, `--listen-metrics-addr=127.0.0.1:${metrics}`, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port), POD_NAMESPACE: 'kube-system' },
  })
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => logs.push(chunk.toString()))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const close = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  const ask = (): Promise<string> => fetch(`http://${address}:${http}/v1/cert.pem`).then((reply) => reply.text())
  for (let i = 0; i < 300; i++, await sleep(200)) {
    if (child.exitCode !== null) break
    if ((await ask().catch(() => '')).includes('BEGIN CERTIFICATE')) return { port: http, certificate: ask, close }
  }
  await close()
  throw new Error(`the controller does not start: ${logs.join('').slice(-2000)}`)
}
