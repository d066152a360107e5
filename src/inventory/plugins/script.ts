import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { Problem } from '../../problem/problem.ts'
import { fromJson } from '../../value/json.ts'
import { asTemplate, isDict, type Dict, type Value } from '../../value/value.ts'
import type { Host } from '../inventory-data.ts'
import { type Reading, addHosts } from './source.ts'

/** An executable inventory: `--list` gives groups as JSON; hosts' variables come in `_meta`, or from `--host NAME` for each. */
export async function readScript(file: string, reading: Reading): Promise<void> {
  const groups = await runJson(file, ['--list'])
  if (!isDict(groups)) throw failed(file, '--list', 'the answer is no JSON object')
  const origin = { file, directory: dirname(file) }
  const named: string[] = []
  for (const [name, content] of groups) if (name !== '_meta') named.push(...readGroup(String(name), content, file, reading, origin))
  const meta = groups.get('_meta')
  const hostvars = isDict(meta) ? meta.get('hostvars') : undefined
  for (const name of new Set(named)) {
    const vars = isDict(hostvars) ? hostvars.get(name) : isDict(meta) ? undefined : await runJson(file, ['--host', name])
    if (isDict(vars)) setVars(reading.data.addHost(name), vars)
  }
}

function readGroup(name: string, content: Value, file: string, reading: Reading, origin: { file: string; directory: string }): readonly string[] {
  const { data } = reading
  const group = data.addGroup(name)
  const parts: Dict = isDict(content) ? content : new Map<Value, Value>([['hosts', content]])
  // The oldest form: a key without the three parts is a host with its variables.
  if (isDict(content) && !['hosts', 'vars', 'children'].some((part) => content.has(part))) return oneHost(name, content, reading, origin)
  const hosts = list(parts.get('hosts'), `hosts of group '${name}'`, file).flatMap((host) => addHosts(reading, host, name, origin))
  const vars = parts.get('vars')
  if (vars !== undefined && vars !== null && !isDict(vars)) throw failed(file, '--list', `vars of group '${name}' is no object`)
  if (isDict(vars)) for (const [key, value] of vars) data.setGroupVar(group, key, withTemplates(value))
  for (const child of list(parts.get('children'), `children of group '${name}'`, file)) data.addChild(name, child)
  return hosts.map((host) => host.name)
}

function oneHost(name: string, vars: Dict, reading: Reading, origin: { file: string; directory: string }): readonly string[] {
  addHosts(reading, name, name, origin)
  setVars(reading.data.addHost(name), vars)
  return [name]
}

function setVars(host: Host, vars: Dict): void {
  for (const [key, value] of vars) host.vars.set(key, withTemplates(value))
}

function list(value: Value | undefined, what: string, file: string): readonly string[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw failed(file, '--list', `${what} is no list`)
  return value.map(String)
}

function withTemplates(value: Value): Value {
  if (typeof value === 'string') return asTemplate(value)
  if (Array.isArray(value)) return value.map(withTemplates)
  return isDict(value) ? new Map([...value].map(([key, item]) => [key, withTemplates(item)])) : value
}

async function runJson(file: string, args: readonly string[]): Promise<Value> {
  const text = await new Promise<string>((done, fail) => {
    const child = execFile(file, args, { maxBuffer: 1 << 30, cwd: dirname(file) }, (error, stdout, stderr) => {
      if (error) fail(failed(file, args[0]!, stderr.trim() || error.message))
      else done(stdout)
    })
    child.stdin?.end()
  })
  try {
    return text.trim() === '' ? new Map() : fromJson(JSON.parse(text))
  } catch (error) {
    throw failed(file, args[0]!, `the answer is no JSON: ${(error as Error).message}`)
  }
}

const failed = (file: string, argument: string, detail: string): Problem =>
  new Problem({ code: 'inventory-script', summary: 'an inventory script failed', detail: `${file} ${argument}: ${detail}` })
