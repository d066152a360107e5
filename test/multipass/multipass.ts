import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseSize } from '../../src/lab/lab-size.ts'
import { startOf } from '../../src/lab/process-identity.ts'
import { sshArguments } from '../../src/lab/reach-host.ts'
import { commandLine } from '../../src/shell/quote.ts'
import { firstStart } from './first-start.ts'
import { changeInstance, changeInstances, machines, readInstances, record, stateOf } from './instances.ts'

// The multipass program as its documentation and source describe it (1.16 and 1.17), with systemd-nspawn hosts instead of virtual
// machines. TUTTI_STAND_IN is a list of what shall go wrong or otherwise: 1.16, spinner, daemon-down, launch-timeout.
// TUTTI_STAND_IN_HOME is where it keeps its instances.

const wanted = (word: string): boolean => (process.env['TUTTI_STAND_IN'] ?? '').split(',').includes(word)
const old = wanted('1.16')
const NAME = /^([a-zA-Z]|[a-zA-Z][a-zA-Z0-9-]*[a-zA-Z0-9])$/

class Failure extends Error {
  readonly code: number
  constructor(message: string, code = 2) {
    super(message)
    this.code = code
  }
}
const out = (text: string): void => void process.stdout.write(`${text}\n`)
const spin = (text: string): void => void (wanted('spinner') && process.stdout.write(`\r[2K\r${text} |\r${text} /\r[2K`))

type Command = (args: string[]) => Promise<number | void>
const commands: Readonly<Record<string, Command>> = { version, list, info, launch, start, stop, delete: remove, recover, purge, exec, set, get, _boot: boot }

async function version(): Promise<void> {
  const number = old ? '1.16.3+linux' : '1.17.0+linux'
  // Without a daemon it tells of the client alone, and succeeds.
  out(JSON.stringify({ multipass: number, ...(wanted('daemon-down') ? {} : { multipassd: number }) }))
}

async function list(): Promise<void> {
  const instances = Object.entries(readInstances()).map(([name, { zone }]) => {
    const { state, ipv4 } = stateOf(name)
    const release = state === 'Deleted' ? 'Not Available' : 'Debian 12'
    return { ipv4: [...ipv4, ...(ipv4.length > 0 ? ['172.17.0.1'] : [])], name, release, state, ...(old ? {} : { zone: { name: zone, available: true } }) }
  })
  out(JSON.stringify({ list: instances }))
}

async function info(args: string[]): Promise<void> {
  const { positionals } = parseArgs({ args, allowPositionals: true, options: { format: { type: 'string' } } })
  const names = positionals.length > 0 ? positionals : Object.keys(readInstances())
  const missing = names.find((name) => !readInstances()[name])
  if (missing) throw new Failure(`instance "${missing}" does not exist`) // As a whole: nothing of the others.
  const entries = names.map((name) => {
    const { cpus, zone } = readInstances()[name]!
    const { state, ipv4 } = stateOf(name)
    const running = state === 'Running'
    const zoned = old ? {} : { zone: { name: zone, available: true } }
    return [name, { state, ipv4, cpu_count: running ? String(cpus) : '', release: running ? 'Debian 12' : '', memory: {}, disks: { sda1: {} }, load: [], mounts: {}, snapshot_count: '0', ...zoned }]
  })
  out(JSON.stringify({ errors: [], info: Object.fromEntries(entries) }))
}

async function launch(args: string[]): Promise<void> {
  const string = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args, allowPositionals: true,
    options: { name: string, cpus: string, memory: string, disk: string, timeout: string, zone: string, 'cloud-init': string },
  })
  const name = values.name ?? 'dancing-chipmunk'
  if (!NAME.test(name)) throw new Failure(`Invalid instance name supplied: ${name}`)
  if (values.zone && old) throw new Failure(`Unknown option 'zone'.`, 1)
  const memory = parseSize(values.memory ?? '1G')
  if (!memory || memory < 512 * 2 ** 20) throw new Failure(`Invalid memory size value supplied: ${values.memory}`)
  const userData = values['cloud-init'] === '-' ? readFileSync(0, 'utf8') : values['cloud-init'] ? readFileSync(values['cloud-init'], 'utf8') : ''
  changeInstances((all) => {
    if (all[name]) throw new Failure(`instance "${name}" already exists`)
    const used = Object.values(all).map(({ index }) => index)
    const index = [...Array(240).keys()].find((i) => !used.includes(i))!
    const instance = { index, image: positionals[0] ?? 'lts', cpus: Number(values.cpus ?? 1), memory, disk: parseSize(values.disk ?? '5G')!, userData, deleted: false }
    return { ...all, [name]: { ...instance, zone: values.zone ?? `zone${(index % 3) + 1}` } }
  })
  spin(`Creating ${name}`)
  if (wanted('launch-timeout')) {
    leaveBooting(name)
    throw new Failure(`The following errors occurred:\n${name}: timed out waiting for response`)
  }
  await boot([name])
  out(old ? `Launched: ${name}` : `Launched: ${name} in ${readInstances()[name]!.zone}`)
}

/** The machine goes on starting after the command gave up. */
function leaveBooting(name: string): void {
  const child = spawn(process.execPath, [...process.execArgv, import.meta.filename, '_boot', name], { detached: true, stdio: 'ignore' })
  child.unref()
  changeInstance(name, { starting: { pid: child.pid!, started: startOf(child.pid!)! } })
}

async function boot([name = '']: string[]): Promise<void> {
  changeInstance(name, { starting: { pid: process.pid, started: startOf(process.pid)! } })
  const driver = machines()
  await driver.prepare()
  await driver.start(name)
  await firstStart(name, readInstances()[name]!.userData)
  const { starting: _, ...instance } = readInstances()[name]!
  changeInstances((all) => ({ ...all, [name]: instance }))
}

async function start(names: string[]): Promise<void> {
  for (const name of names) {
    if (!readInstances()[name]) throw new Failure(`Instance '${name}' does not exist.`)
    if (stateOf(name).state === 'Deleted') throw new Failure(`Instance '${name}' is deleted. Use 'recover' to recover it or 'purge' to permanently delete it.`)
    spin(`Starting ${name}`)
    if (stateOf(name).state === 'Stopped') await machines().start(name)
  }
}

async function stop(args: string[]): Promise<void> {
  for (const name of existing(args.filter((arg) => !arg.startsWith('-')))) if (stateOf(name).state === 'Running') await machines().powerOff(name)
}

async function remove(args: string[]): Promise<void> {
  const purged = args.some((arg) => arg === '--purge' || arg === '-p')
  for (const name of existingToo(args.filter((arg) => !arg.startsWith('-')))) {
    if (stateOf(name).state === 'Running') await machines().powerOff(name)
    if (purged) await forget(name)
    else changeInstance(name, { deleted: true })
  }
}

async function recover(names: string[]): Promise<void> {
  for (const name of existingToo(names)) changeInstance(name, { deleted: false })
}

async function purge(): Promise<void> {
  for (const [name, { deleted }] of Object.entries(readInstances())) if (deleted) await forget(name)
}

async function forget(name: string): Promise<void> {
  if (record.host(name)) await machines().remove(name)
  const left = changeInstances((all) => {
    const { [name]: _, ...rest } = all
    return rest
  })
  if (Object.keys(left).length > 0) return
  await machines().release()
  record.remove()
}

async function exec(args: string[]): Promise<number> {
  const at = args.indexOf('--')
  const [name = ''] = existing((at < 0 ? args : args.slice(0, at)).filter((arg) => !arg.startsWith('-')).slice(0, 1))
  if (stateOf(name).state === 'Stopped') await start([name])
  if (stateOf(name).state === 'Starting') return 255
  const command = commandLine(['sudo', '-n', '-u', 'ubuntu', '--', ...args.slice(at + 1)])
  return spawnSync('ssh', [...sshArguments(record.directory, record.host(name)!), command], { stdio: 'inherit' }).status ?? 255
}

async function set([assignment = '']: string[]): Promise<void> {
  const [, name = '', key = '', value = ''] = /^local\.([^.]+)\.(cpus|memory|disk)=(.*)$/.exec(assignment) ?? []
  existing([name])
  if (stateOf(name).state !== 'Stopped') throw new Failure(`Cannot update instance settings; instance: ${name}; reason: Instance must be stopped for modification`)
  changeInstance(name, { [key]: key === 'cpus' ? Number(value) : parseSize(value)! })
}

async function get([key = '']: string[]): Promise<void> {
  const [, name = '', setting = ''] = /^local\.([^.]+)\.(cpus|memory|disk)$/.exec(key) ?? []
  out(String(readInstances()[existing([name])[0]!]![setting as 'cpus']))
}

function existing(names: string[]): string[] {
  for (const name of existingToo(names)) if (readInstances()[name]!.deleted) throw new Failure(`instance "${name}" is deleted`)
  return names
}
function existingToo(names: string[]): string[] {
  for (const name of names) if (!readInstances()[name]) throw new Failure(`instance "${name}" does not exist`)
  return names
}

const [word = '', ...args] = process.argv.slice(2)
const command = commands[word]
try {
  if (!command) throw new Failure(`Unknown command '${word}'`, 1)
  if (wanted('daemon-down') && word !== 'version') throw new Failure("cannot connect to the multipass socket\nPlease ensure multipassd is running and '/run/multipass_socket' is accessible")
  process.exitCode = (await command(args)) ?? 0
} catch (error) {
  if (!(error instanceof Failure)) throw error
  process.stderr.write(`${word} failed: ${error.message}\n`)
  process.exitCode = error.code
}
