import { execFile } from 'node:child_process'
import { Problem, problemsOf } from '../../problem/problem.ts'
import { parseJson } from '../../template/filters/json.ts'
import { asTemplate, isDict, VaultString, type Dict, type Value } from '../../value/value.ts'
import { decrypt } from '../../vault/vault.ts'
import type { Origin } from '../inventory-data.ts'
import type { Reading, Source, SourceKind } from './source.ts'

/** An executable inventory: `--list` gives groups as JSON; hosts' variables come in `_meta`, or from `--host NAME` for each. */
export const script: SourceKind = {
  name: 'script',
  // An executable text without a shebang is a file with a wrong mode.
  accepts: (source) => source.exists && source.isExecutable && /^#!|\0/.test(source.beginning()),
  read: readScript,
}

async function readScript(source: Source, reading: Reading): Promise<void> {
  const file = source.place
  const groups = await runJson(file, ['--list'], reading)
  const meta = groups.get('_meta')
  const known = meta === undefined ? undefined : dictAt(dictAt(meta, '_meta', file).get('hostvars'), '_meta.hostvars', file)
  const names = new Set<string>()
  for (const [name, content] of groups) if (name !== '_meta') for (const host of readGroup(String(name), content, source, reading)) names.add(host)
  for (const name of names) {
    const vars = known ? (known.has(name) ? dictAt(known.get(name), `_meta.hostvars.${name}`, file) : new Map()) : await runJson(file, ['--host', name], reading)
    for (const [key, value] of vars) reading.data.addHost(name).vars.set(key, value)
  }
}

/** The names of its hosts. Names are taken as they are: no ranges, no ports. */
function readGroup(name: string, content: Value, { place, origin }: Source, { data }: Reading): readonly string[] {
  const group = data.addGroup(name)
  const parts = partsOf(name, content)
  const hosts = parts.has('hosts') ? listAt(parts.get('hosts'), `${name}.hosts`, place).map((host) => hostName(host, place)) : []
  for (const host of hosts) addHost(host, group.name, origin, data)
  if (parts.has('vars')) for (const [key, value] of dictAt(parts.get('vars'), `${name}.vars`, place)) data.setGroupVar(group, key, value)
  if (parts.has('children')) for (const child of childrenAt(parts.get('children'), `${name}.children`, place)) data.addChild(group.name, child)
  return hosts
}

function addHost(name: string, group: string, origin: Origin, data: Reading['data']): void {
  data.addHost(name, origin)
  data.join(name, group)
}

/** The oldest forms: a list of hosts, and a mapping without the three parts, which is a host of the group's name with its variables. */
function partsOf(name: string, content: Value): Dict {
  if (!isDict(content)) return new Map<Value, Value>([['hosts', content]])
  if (['hosts', 'vars', 'children'].some((part) => content.has(part))) return content
  return new Map<Value, Value>([['hosts', [name]], ['vars', content]])
}

const kindOf = (value: Value | undefined): string => (value === undefined || value === null ? 'null' : Array.isArray(value) ? 'a list' : isDict(value) ? 'an object' : `a ${typeof value}`)

function dictAt(value: Value | undefined, where: string, file: string): Dict {
  if (isDict(value)) return value
  throw failed(file, '--list', `'${where}' is ${kindOf(value)} and not an object`)
}

function listAt(value: Value | undefined, where: string, file: string): readonly Value[] {
  if (Array.isArray(value)) return value as readonly Value[]
  throw failed(file, '--list', `'${where}' is ${kindOf(value)} and not a list`)
}

const childrenAt = (value: Value | undefined, where: string, file: string): readonly string[] => (typeof value === 'string' ? [...value] : listAt(value, where, file).map(String))

function hostName(name: Value, file: string): string {
  if (typeof name === 'string') return name
  throw failed(file, '--list', `the name of a host is a text, and this is ${kindOf(name)}: ${String(name)}`)
}

/** Texts of scripts may hold templates; what they mark as unsafe or vaulted is so. */
function withTemplates(value: Value, { vault }: Reading): Value {
  const walk = (one: Value): Value => {
    if (typeof one === 'string') return asTemplate(one)
    if (Array.isArray(one)) return one.map(walk)
    if (!isDict(one)) return one
    const [unsafe, secret] = [one.get('__ansible_unsafe'), one.get('__ansible_vault')]
    if (typeof unsafe === 'string' && one.size === 1) return unsafe
    if (typeof secret === 'string' && one.size === 1) return new VaultString(secret, () => decrypt(secret, vault))
    return new Map([...one].map(([key, item]) => [key, walk(item)]))
  }
  return walk(value)
}

async function runJson(file: string, args: readonly [string, ...string[]], reading: Reading): Promise<Dict> {
  const text = await new Promise<string>((done, fail) => {
    const child = execFile(file, args, { maxBuffer: 1 << 30 }, (error, stdout, stderr) => {
      if (error) fail(failed(file, args[0], `${error.code === undefined || typeof error.code === 'string' ? error.message : `Inventory script returned non-zero exit code ${error.code}`}${stderr.trim() ? `\n${stderr.trim()}` : ''}`))
      else done(stdout)
    })
    child.stdin?.end()
  })
  // A host without variables may answer nothing.
  if (text.trim() === '' && args[0] === '--host') return new Map()
  const value = withTemplates(parse(text, file, args[0]), reading)
  if (isDict(value)) return value
  throw failed(file, args[0], `the answer is ${kindOf(value)} and not an object`)
}

function parse(text: string, file: string, argument: string): Value {
  try {
    return parseJson(text)
  } catch (error) {
    const [problem] = problemsOf(error) ?? []
    throw failed(file, argument, `the answer is no JSON: ${problem?.message ?? (error as Error).message}`)
  }
}

const failed = (file: string, argument: string, detail: string): Problem =>
  new Problem({ code: 'inventory-script', summary: 'an inventory script failed', detail: `${file} ${argument}: ${detail}` })
