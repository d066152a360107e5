import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const here = import.meta.dirname
const root = join(here, '../..')

/** How hosts are reached: directly or through relays. */
export interface Reach {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly user: string
  readonly key: string
}

/** A program that does the work of a play, in its own way. `scratch` is a folder for this run alone. */
export interface Peer {
  readonly name: string
  readonly version: string
  command(play: string, hosts: readonly Reach[], scratch: string): { readonly command: readonly string[]; readonly env?: NodeJS.ProcessEnv }
}

const words = (program: string, ...args: readonly string[]): string => execFileSync(program, args, { encoding: 'utf8' })

/** The published package, built anew from these sources and installed with what it needs. */
export function builtTutti(home = benchHome()): string {
  const installed = join(home, 'tutti')
  mkdirSync(installed, { recursive: true })
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  for (const name of ['dist', 'bin', 'package.json']) cpSync(join(root, name), join(installed, name), { recursive: true, force: true })
  execFileSync('rm', ['-rf', join(root, 'dist')])
  if (!existsSync(join(installed, 'node_modules'))) symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'))
  return join(installed, 'bin/tutti')
}

/** Peers from PyPI, in an environment of their own. */
function pythonHome(home: string): string {
  const venv = join(home, 'peers')
  if (!existsSync(join(venv, 'bin/pyinfra'))) {
    execFileSync('python3', ['-m', 'venv', venv])
    execFileSync(join(venv, 'bin/pip'), ['install', '--quiet', 'ansible-core==2.19.*', 'mitogen==0.3.*', 'pyinfra==3.*'], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  return join(venv, 'bin')
}

/** The folder that all of it is installed into; kept between runs. */
function benchHome(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? '/root', '.cache'), 'tutti/bench')
}

/** `plays`: the folder of the plays and the scripts. */
export function allPeers(plays = join(here, 'plays')): readonly Peer[] {
  const home = benchHome()
  mkdirSync(home, { recursive: true })
  const [tutti, python] = [builtTutti(home), pythonHome(home)]
  const playbook = (play: string): string => join(plays, `${play}.yml`)
  // A fresh place for control sockets: each run logs in anew, as a floor and a second person would.
  const clean = (scratch: string): NodeJS.ProcessEnv => (writeFileSync(join(scratch, 'ansible.cfg'), ''), { ANSIBLE_SSH_CONTROL_PATH_DIR: join(scratch, 'cp'), ANSIBLE_HOME: join(scratch, 'home'), ANSIBLE_CONFIG: join(scratch, 'ansible.cfg'), ANSIBLE_HOST_KEY_CHECKING: 'False', ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3' })
  const ansible = (name: string, env: (hosts: readonly Reach[]) => NodeJS.ProcessEnv, version: string): Peer => ({
    name, version, command: (play, hosts, scratch) => ({ command: [join(python, 'ansible-playbook'), '-b', '-i', inventory(hosts, scratch), playbook(play)], env: { ...clean(scratch), ...env(hosts) } }),
  })
  const ansibleVersion = /core ([\d.]+)/.exec(words(join(python, 'ansible'), '--version'))![1]!
  const versionOf = (name: string): string => /Version: (.*)/.exec(words(join(python, 'pip'), 'show', name))![1]!
  const tuned = (hosts: readonly Reach[]): NodeJS.ProcessEnv => ({ ANSIBLE_PIPELINING: 'True', ANSIBLE_FORKS: String(hosts.length) })
  const strategies = join(dirname(python), words('sh', '-c', `cd ${dirname(python)} && ls -d lib/python*/site-packages/ansible_mitogen/plugins/strategy`).trim())
  return [
    { name: 'floor', version: 'one ssh a host', command: (play, hosts) => ({ command: ['sh', join(here, 'floor.sh'), join(plays, `${play}.sh`), ...hosts.map(({ address, port }) => `${address}:${port}`)], env: { SSH_KEY: hosts[0]!.key, SSH_USER: hosts[0]!.user } }) },
    { name: 'tutti', version: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version as string, command: (play, hosts, scratch) => ({ command: [tutti, 'run', playbook(play), '-b', '-i', inventory(hosts, scratch), '--output', 'json'] }) },
    { name: 'pyinfra', version: versionOf('pyinfra'), command: (play, hosts, scratch) => ({ command: ['env', '-C', plays, join(python, 'pyinfra'), '-y', pyinfraInventory(hosts, scratch), `${play}.py`], env: { PYTHONDONTWRITEBYTECODE: '1' } }) },
    ansible('Mitogen', (hosts) => ({ ...tuned(hosts), ANSIBLE_STRATEGY: 'mitogen_linear', ANSIBLE_STRATEGY_PLUGINS: strategies }), `${versionOf('mitogen')} under ansible-core ${ansibleVersion}`),
    ansible('Ansible tuned', tuned, `ansible-core ${ansibleVersion}, pipelining, forks = hosts`),
    ansible('Ansible', () => ({}), `ansible-core ${ansibleVersion} as it comes`),
  ]
}

function inventory(hosts: readonly Reach[], scratch: string): string {
  const file = join(scratch, 'hosts.json')
  writeFileSync(file, JSON.stringify({ all: { hosts: Object.fromEntries(hosts.map(({ name, address, port, user, key }) => [name, { ansible_host: address, ansible_port: port, ansible_user: user, ansible_ssh_private_key_file: key, ansible_ssh_common_args: '-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null' }])) } }))
  return file
}

function pyinfraInventory(hosts: readonly Reach[], scratch: string): string {
  const file = join(scratch, 'inventory.py')
  writeFileSync(file, `hosts = ${JSON.stringify(hosts.map(({ name, address, port, user, key }) => [name, { ssh_hostname: address, ssh_port: port, ssh_user: user, ssh_key: key, _sudo: user !== 'root', ssh_strict_host_key_checking: 'no', ssh_known_hosts_file: '/dev/null' }])).replaceAll('true', 'True').replaceAll('false', 'False').replaceAll('[["', '[("').replaceAll('],["', '),("').replaceAll(']]', ')]')}\n`)
  return file
}
