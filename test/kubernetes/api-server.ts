import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const bin = join(process.env['TUTTI_K3S_CACHE'] ?? join(homedir(), '.cache/tutti/k3s'), 'bin')
/** All of Kubernetes in one program, as test/k3s/build.sh makes it: the newest version that is there. */
const program = (existsSync(bin) ? readdirSync(bin) : []).filter((name) => /^kubernetes@v[\d.]+$/.test(name)).map((name) => join(bin, name, 'kubernetes')).filter((path) => existsSync(path)).sort().at(-1)

/** Why there is no API server here; undefined where there is one. */
export const whyNoApiServer = (): string | undefined => (program === undefined ? 'Kubernetes was not built: test/k3s/build.sh makes it' : process.platform === 'linux' ? undefined : 'Kubernetes was built for Linux')

export interface ApiServer {
  /** A directory with etcd, kube-apiserver and kubectl. */
  readonly programs: string
  readonly kubeconfig: string
  readonly port: number
  readonly token: string
  /** Of the server. */
  readonly certificate: string
  close(): Promise<void>
}

/**
 * A real API server with an etcd of its own, on loopback: no nodes and no controllers, so that objects stay as they were written. Its certificate
 * and its keys are made for it and thrown away. Started once in a process.
 */
export function apiServer(): Promise<ApiServer> {
  return (running ??= start())
}
let running: Promise<ApiServer> | undefined

async function start(): Promise<ApiServer> {
  const why = whyNoApiServer()
  if (why !== undefined) throw new Error(why)
  const directory = mkdtempSync(join(tmpdir(), 'api-server-'))
  const programs = join(directory, 'bin')
  mkdirSync(programs)
  for (const name of ['etcd', 'kube-apiserver', 'kubectl']) symlinkSync(program!, join(programs, name))
  const [etcdPort, port] = [await freePort(), await freePort()]
  const token = randomBytes(16).toString('hex')
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs1', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } })
  for (const [name, content] of Object.entries({ 'sa.key': privateKey, 'sa.pub': publicKey, 'tokens.csv': `${token},admin,admin,system:masters\n` })) writeFileSync(join(directory, name), content, { mode: 0o600 })
  const logs: string[] = []
  const launch = (name: string, ...args: readonly string[]): ChildProcess => {
    const child = spawn(join(programs, name), args, { stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr!.on('data', (chunk: Buffer) => logs.push(chunk.toString()))
    return child
  }
  const etcdUrl = `http://127.0.0.1:${etcdPort}`
  const children = [
    launch('etcd', `--data-dir=${join(directory, 'etcd')}`, `--listen-client-urls=${etcdUrl}`, `--advertise-client-urls=${etcdUrl}`, '--listen-peer-urls=http://127.0.0.1:0', '--unsafe-no-fsync', '--log-level=error'),
    launch('kube-apiserver', `--etcd-servers=${etcdUrl}`, `--secure-port=${port}`, '--bind-address=127.0.0.1', `--cert-dir=${join(directory, 'certificates')}`, `--token-auth-file=${join(directory, 'tokens.csv')}`, '--authorization-mode=RBAC', '--disable-admission-plugins=ServiceAccount',
      '--service-account-issuer=https://kubernetes.default.svc', `--service-account-key-file=${join(directory, 'sa.pub')}`, `--service-account-signing-key-file=${join(directory, 'sa.key')}`, '--service-cluster-ip-range=10.43.0.0/16', '--profiling=false'),
  ]
  process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')))
  const kubeconfig = join(directory, 'kubeconfig')
  const config = (certificate: string) => ({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'case', contexts: [{ name: 'case', context: { cluster: 'case', user: 'case' } }], users: [{ name: 'case', user: { token } }],
    clusters: [{ name: 'case', cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority': certificate } }],
  })
  const close = async (): Promise<void> => {
    await Promise.all(children.map((child) => new Promise<void>((resolve) => (child.exitCode !== null || child.signalCode !== null ? resolve() : child.once('exit', () => resolve()).kill('SIGKILL')))))
    rmSync(directory, { recursive: true, force: true })
    running = undefined
  }
  const certificate = join(directory, 'certificates', 'apiserver.crt')
  for (let i = 0; i < 300; i++, await sleep(200)) {
    const ended = children.find(({ exitCode }) => exitCode !== null)
    if (ended) break
    if (!existsSync(certificate)) continue
    writeFileSync(kubeconfig, JSON.stringify(config(certificate)), { mode: 0o600 })
    if (await answers(join(programs, 'kubectl'), kubeconfig)) return { programs, kubeconfig, port, token, certificate, close }
  }
  await close()
  throw new Error(`the API server does not start: ${logs.join('').slice(-2000)}`)
}

/** It is ready, and has the namespace that it makes first. */
const answers = (kubectl: string, kubeconfig: string): Promise<boolean> => new Promise((resolve) => {
  const child = spawn(kubectl, [`--kubeconfig=${kubeconfig}`, '--cache-dir=/dev/null/none', 'get', 'namespace', 'default', '-o', 'name'], { stdio: 'ignore' })
  child.on('close', (code) => resolve(code === 0))
})

export const freePort = (): Promise<number> => new Promise((resolve, reject) => {
  const server = createServer().on('error', reject).listen(0, '127.0.0.1', () => {
    const { port } = server.address() as { readonly port: number }
    server.close(() => resolve(port))
  })
})

