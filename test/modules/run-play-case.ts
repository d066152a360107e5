import { expect } from 'vitest'
import type { HostResult } from '../../src/engine/event.ts'
import { type Json, fromJson, toJson } from '../../src/value/json.ts'
import type { Dict, Value } from '../../src/value/value.ts'
import { LocalServers } from '../cluster/redis/local-servers.ts'
import { type Ran, runYaml } from '../engine/run-yaml.ts'
import { reachKubernetes } from './run-case.ts'
import { subset } from './subset.ts'

/** How a task ends: a status, or in more detail. `null`: it has no result, for the host never came to it. */
type Expected = null | HostResult['status'] | {
  readonly status?: HostResult['status']
  readonly msg?: string
  readonly reason?: string
  readonly outputs?: Readonly<Record<string, Json>>
}

/** A case that needs a play: what acts on the run, on several hosts or on servers. It runs dry and for real; `DIR` in texts is the directory of the playbook. */
export interface PlayCase {
  readonly name: string
  readonly needs?: string
  /** As in other cases. */
  readonly kubernetes?: true
  /** Tasks of one play on all hosts, or whole plays. */
  readonly play?: readonly Json[]
  readonly plays?: readonly Json[]
  /** All of them are this machine. */
  readonly hosts?: readonly string[]
  /** Files beside the playbook. */
  readonly files?: Readonly<Record<string, string>>
  readonly extraVars?: Readonly<Record<string, Json>>
  /** What somebody at the terminal types, and what they were asked: only the run asks. */
  readonly answers?: readonly string[]
  readonly asked?: readonly string[]
  /** Redis servers, `1:7000` for the one at 127.64.1.1:7000, and their settings. They are new for the dry run and live on in the run. */
  readonly redis?: readonly string[]
  readonly redisSettings?: readonly string[]
  readonly verbosity?: number
  /** By the name of the task, with `@host` where hosts differ. */
  readonly results?: Readonly<Record<string, Expected>>
  /** Where the dry run says something else. */
  readonly dry?: Readonly<Record<string, Expected>>
  /** The playbook is refused before the first connection, in these words. */
  readonly refused?: string
  readonly stats?: Json
  readonly exit?: number
  /** Must be seen in no event, but in the results that `register` receives. */
  readonly secret?: string
}

export async function runPlayCase(given: PlayCase): Promise<void> {
  if (given.kubernetes) await reachKubernetes()
  if (given.refused !== undefined) return expect(runOnce(given, true)).rejects.toThrow(given.refused)
  const servers = new LocalServers(64, given.redisSettings ?? [])
  try {
    await servers.start(...(given.redis ?? []).map((one) => servers.instance(...(one.split(':').map(Number) as [number, number]))))
    checkRun(given, 'dry run', await runOnce(given, true), { ...given.results, ...given.dry })
    const real = await runOnce(given, false)
    checkRun(given, 'run', real, given.results ?? {})
    if (given.asked) expect(real.asked).toEqual(given.asked.map((text) => expect.stringContaining(text)))
    if (given.stats !== undefined) expect(toJson(new Map(real.events.flatMap((event) => (event.type === 'recap' ? [...event.customStats] : []))))).toEqual(given.stats)
    if (given.exit !== undefined) expect(real.exitCode).toBe(given.exit)
  } finally {
    await servers.close()
  }
}

function runOnce({ play, plays, hosts, files, extraVars, answers, verbosity }: PlayCase, check: boolean): Promise<Ran> {
  const source = JSON.stringify(plays ?? [{ hosts: 'all', gather_facts: false, vars: { ansible_async_dir: 'DIR/jobs' }, tasks: play }]) // JSON is YAML.
  return runYaml(source, {
    check, ...(hosts ? { hosts } : {}), ...(files ? { files } : {}), ...(answers ? { answers } : {}), ...(extraVars ? { extraVars: Object.fromEntries(fromJson(extraVars) as Dict) as Record<string, Value> } : {}), settings: { verbosity: verbosity ?? 0 },
  })
}

function checkRun({ secret }: PlayCase, which: string, ran: Ran, expected: NonNullable<PlayCase['results']>): void {
  const said = `${which}: ${ran.results.join('; ')}`
  for (const [key, wanted] of Object.entries(expected)) {
    const [, name, host] = /^(.*?)(?:@(\w+))?$/s.exec(key)!
    if (wanted === null) {
      expect(ran.results.filter((line) => line.endsWith(` ${name}`) && (host === undefined || line.startsWith(`${host} `))), said).toEqual([])
      continue
    }
    const found = ran.result(name!, host)
    const { status, msg, reason, outputs = {} } = typeof wanted === 'string' ? { status: wanted } as Exclude<Expected, null | string> : wanted
    expect(found.status, `${key}, ${said} ${found.reason ?? ''} ${JSON.stringify(toJson(found.outputs))}`).toBe(status ?? 'ok')
    if (msg !== undefined) expect(`${found.reason ?? ''}\n${String(found.outputs.get('msg') ?? '')}`, said).toContain(inDirectory(msg, ran.directory))
    if (reason !== undefined) expect(found.reason, said).toContain(reason)
    const shown = toJson(found.outputs) as Record<string, Json>
    for (const [field, value] of Object.entries(outputs)) expect(subset(value, shown[field] ?? null), `${key}, ${which}: output ${field}`).toEqual(inDirectory(value, ran.directory))
  }
  if (secret !== undefined) expect(JSON.stringify(ran.events.map((event) => (event.type === 'result' || event.type === 'item' ? [event.result.diff, event.result.steps, event.result.reason] : event)))).not.toContain(secret)
}

function inDirectory(value: Json, directory: string): Json {
  return JSON.parse(JSON.stringify(value).replaceAll('DIR', directory)) as Json
}
