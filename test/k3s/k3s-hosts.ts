import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { type TestHost, type TestLab, withLab } from '../lab/with-lab.ts'

/** What is tested: real k3s where `K3S` and `IMAGES` name its program and archive of images, else what test/k3s/build.sh made. */
export interface K3sRelease {
  readonly program: string
  readonly images: string
  readonly version: string
  /** Said wherever results are told: what runs here is not k3s unless it is. */
  readonly name: 'k3s' | 'lab k3s'
}

/** Where servers answer. */
export const K3S_PORT = 6443

export const K3S_VERSIONS = { old: 'v1.33.13+k3s1', current: 'v1.34.2+k3s1' } as const

const cache = process.env['TUTTI_K3S_CACHE'] ?? join(homedir(), '.cache/tutti/k3s')

/** The directory of a release as k3s publishes it, for tests that serve it over HTTP. */
export const releaseDirectory = (version: string): string => join(cache, 'release', version)

/** Fails with what to do when nothing was built. */
export function k3sRelease(version: string = K3S_VERSIONS.current): K3sRelease {
  const { K3S: real, IMAGES: archive } = process.env
  if (real && archive) return { program: real, images: archive, version, name: 'k3s' }
  const [program, images] = ['k3s', 'k3s-airgap-images-amd64.tar.gz'].map((file) => join(releaseDirectory(version), file)) as [string, string]
  if (!existsSync(program)) throw new Error(`${program} is not there: run test/k3s/build.sh ${version}`)
  return { program, images, version, name: 'lab k3s' }
}

/** An image of ours that k3s does not bring, as an archive: `counter-app`, `probe` or `pause`. */
export const ownImage = (name: string): string => join(releaseDirectory(K3S_VERSIONS.current), `${name}-amd64.tar.gz`)

/**
 * The release with the images that every pod needs and no others, for tests that use none of what k3s brings along: taking all of them in is
 * most of what a start costs. Real k3s stays as it is.
 */
export function slimRelease(into: string, version: string = K3S_VERSIONS.current): string {
  const { program, images, name } = k3sRelease(version)
  if (name === 'k3s') return dirname(program)
  const directory = join(into, version)
  mkdirSync(directory, { recursive: true })
  const archive = join(directory, basename(images))
  cpSync(program, join(directory, 'k3s'))
  cpSync(ownImage('pause'), archive)
  const sums = readFileSync(join(dirname(program), 'sha256sum-amd64.txt'), 'utf8').split('\n').filter((line) => line.endsWith('  k3s'))
  writeFileSync(join(directory, 'sha256sum-amd64.txt'), `${sums[0]}\n${createHash('sha256').update(readFileSync(archive)).digest('hex')}  ${basename(archive)}\n`)
  return directory
}

/** Lab hosts on which a k3s can run; nothing of it is on them yet. Real disks below its data, as overlays cannot lie on overlays. */
export async function withK3sHosts(name: string, count: number): Promise<TestLab> {
  const hosts = Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i + 1}`, { zone: 'abc'[i % 3]!, memory: '3G', cpus: 2, volumes: ['/var/lib/rancher', '/var/lib/kubelet'] }]))
  const lab = await withLab(name, hosts)
  try {
    await Promise.all(lab.hosts.map(prepareK3sHost))
    return lab
  } catch (error) {
    await lab.down()
    throw error
  }
}

/** What k3s brings itself and lab k3s does not. */
export const prepareK3sHost = (host: TestHost): Promise<string> => root(host, 'apt-get update -qq && apt-get install -y -qq --no-install-recommends iptables conntrack >/dev/null', 300)

/** Runs a script there as root, and returns what it printed. */
export function root(host: TestHost, script: string, seconds = 120): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', ['-n', ...login(host), `sudo sh -c ${quoted(script)}`], { timeout: seconds * 1000 })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(stdout) : reject(new Error(`${host.name}: ${script}: ${code}: ${stderr}${stdout}`.slice(-3000)))))
  })
}

/** Puts a file of this machine there, and checks that it came whole. */
export async function bringFile(host: TestHost, file: string, path: string, mode = '0644'): Promise<void> {
  const sum = createHash('sha256').update(readFileSync(file)).digest('hex')
  const script = `ssh ${login(host).map(quoted).join(' ')} ${quoted(`sudo sh -c 'mkdir -p ${dirname(path)} && cat >${path} && chmod ${mode} ${path} && sha256sum <${path}'`)} <${quoted(file)}`
  const told = await new Promise<string>((resolve, reject) => {
    const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`cannot bring ${file} to ${host.name}`))))
  })
  if (!told.startsWith(sum)) throw new Error(`${path} on ${host.name} is not ${file}`)
}

/** Program, images, configuration and unit, as an installation without network leaves them; nothing is started. */
export async function installK3s(host: TestHost, role: 'server' | 'agent', config: object, release: K3sRelease = k3sRelease()): Promise<void> {
  const unit = role === 'server' ? 'k3s' : 'k3s-agent'
  await Promise.all([
    bringFile(host, release.program, '/usr/local/bin/k3s', '0755'),
    bringFile(host, release.images, '/var/lib/rancher/k3s/agent/images/k3s-airgap-images-amd64.tar.gz'),
  ])
  await root(host, `mkdir -p /etc/rancher/k3s; umask 077; printf %s ${quoted(JSON.stringify(config))} >/etc/rancher/k3s/config.yaml; printf %s ${quoted(unitFile(role))} >/etc/systemd/system/${unit}.service; ln -sf k3s /usr/local/bin/kubectl; systemctl daemon-reload`)
}

/** What install.sh writes, without what no test needs. */
const unitFile = (role: string): string => `[Unit]
Description=Lightweight Kubernetes
Wants=network-online.target
After=network-online.target
[Install]
WantedBy=multi-user.target
[Service]
Type=notify
KillMode=process
Delegate=yes
User=root
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStart=/usr/local/bin/k3s ${role}
`

/** Starts the unit; systemd says when k3s is up. The journal's last lines tell why not. */
export async function startK3s(host: TestHost, role: 'server' | 'agent'): Promise<void> {
  const unit = role === 'server' ? 'k3s' : 'k3s-agent'
  await root(host, `systemctl enable -q ${unit}; timeout 240 systemctl start ${unit} || { journalctl -u ${unit} --no-pager -n 40; exit 1; }`, 260)
}

export const kubectl = (host: TestHost, args: string): Promise<string> => root(host, `/usr/local/bin/k3s kubectl ${args}`)

/** Waits until a command prints what is wanted; the last answer is in the error. */
export async function until(what: string, ask: () => Promise<string>, wanted: RegExp, seconds = 180): Promise<string> {
  let said = ''
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(1500)) {
    said = await ask().catch((error: Error) => error.message)
    if (wanted.test(said)) return said
  }
  throw new Error(`${what}: waited ${seconds} s in vain; the last answer: ${said}`)
}

export const login = ({ address, user, privateKeyFile, knownHostsFile }: TestHost): readonly string[] => ['-F', 'none', '-o', 'BatchMode=yes', '-o', 'ServerAliveInterval=10', '-o', `UserKnownHostsFile=${knownHostsFile}`, '-i', privateKeyFile, `${user}@${address}`]
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`
