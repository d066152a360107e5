import { homedir } from 'node:os'
import { dirname } from 'node:path'
import type { Module, Surroundings } from '../contract/define-module.ts'
import { checkRules } from '../contract/check-rules.ts'
import { Failure } from '../contract/failure.ts'
import { Overlay } from '../host/overlay.ts'
import { addTraffic, readTraffic } from '../transport/traffic-meter.ts'
import { Problem, Problems } from '../problem/problem.ts'
import { convertParams } from '../schema/convert-params.ts'
import type { Task } from '../playbook/tree.ts'
import type { Scope } from '../template/scope.ts'
import { render } from '../template/template.ts'
import { type Dict, TemplateString, type Unknown, type Value, dict, findUnknown, isDict, isUnknown } from '../value/value.ts'
import { type Outcome, type Take, converge } from './converge.ts'
import { moduleArgs } from './module-args.ts'
import type { TaskCall } from './call.ts'
import { accumulated } from './context.ts'
import { controllerFileOf, controllerFilesOf, readControllerFile } from './controller-files.ts'
import { type Workplace, workplaceOf } from './place.ts'
import { sum } from './profile.ts'
import { scopeOf } from './scopes.ts'
import { findFile, searchPaths } from './search-paths.ts'
import { maskText, maskValue } from '../value/mask-value.ts'
import { ConnectionVars, targetOf } from './target.ts'
import { nameOf } from './task-result.ts'
import { type TaskResult, failedResult, plain, unknownResult } from './task-result.ts'

/** A module that is about to run: its parameters are known, its machine is reached. */
export interface Prepared {
  readonly module: Module
  readonly params: any
  readonly place: Workplace
  readonly around: Surroundings
  readonly overlay: Overlay | undefined
}

/** Runs a module for a task. `doubt`: in a dry run it is not known whether the task happens at all. */
export async function callModule(call: TaskCall, doubt?: Unknown, options: { readonly take?: Take; readonly signal?: AbortSignal } = {}): Promise<TaskResult> {
  const prepared = await prepare(call)
  if ('status' in prepared) return leaveDoubt(call, prepared)
  const { machine, delegatedTo } = prepared.place
  const planned = call.playRun.run.settings.check && !call.check ? machine.overlay : undefined
  if (call.check && !call.playRun.run.settings.check && prepared.module.whenChecked !== undefined) return checkedResult(prepared, prepared.module.whenChecked)
  const reads = planned && readsPlanned(prepared.params, planned)
  if (reads) return unknownResult(reads)
  // What a dry run really does must be sure to happen in the real run, too.
  if (doubt && prepared.overlay === undefined) return { ...unknownResult(doubt.reason), ...(delegatedTo === undefined ? {} : { delegatedTo }) }
  const overlay = prepared.overlay && doubt ? prepared.overlay.fork() : prepared.overlay
  const before = readTraffic(machine.connection.traffic)
  const outcome = withoutOwnSecrets(prepared, await converge({
    module: prepared.module, params: prepared.params, machine, become: prepared.place.become, overlay, around: prepared.around, ahead: call.ahead, ...limited(call), ...options,
    by: `task '${nameOf(call)}'`, progress: (text) => call.playRun.run.emit({ type: 'progress', host: call.host.name, task: call.round.task, text }),
  }))
  if (call.spent) call.spent.cost = sum(call.spent.cost, { ...addTraffic(machine.connection.traffic, before, -1), connecting: 0 })
  if (outcome.timedOut && call.timeout > 0) return failedResult(`The ${call.task.actionAsWritten} action failed to execute in the expected time frame (${call.timeout}) and was terminated`, { timedout: dict({ period: call.timeout }) })
  warnOf(outcome.outputs['warnings'], call)
  const invocation = call.playRun.run.settings.verbosity >= SHOWS_INVOCATION ? { invocation: invocationOf(prepared, moduleArgs(call, prepared.module)) } : {}
  const result = { ...resultOf(outcome, prepared), ...invocation, ...(delegatedTo === undefined ? {} : { delegatedTo }) }
  if (result.status === 'failed' && planned && !planned.empty) return unknownResult(`it fails now (${result.reason}), but what ${planned.anything()} plans may change that`)
  return doubt ? doubted(result, doubt, prepared.overlay!, overlay!, call) : result
}

/** A dry run that does not know what a task is asked does not know what it does: what fails after it may well succeed in the real run. */
async function leaveDoubt(call: TaskCall, result: TaskResult): Promise<TaskResult> {
  if (result.status !== 'unknown' || !call.check || !call.playRun.run.settings.check || (await moduleOf(call)).apply === undefined) return result
  const place = await workplaceOf(call).catch(() => undefined)
  if (place) place.machine.overlay.doubtful ??= `task '${nameOf(call)}', of which it is not known what it does (${result.reason}),`
  return result
}

/** `-vvv` shows what a module was asked. */
const SHOWS_INVOCATION = 3

/** Every parameter with its value or default. Files of the controller stand as they were named, secrets do not stand there. */
function invocationOf({ module, params }: Prepared, given: Dict | Unknown): Dict {
  const shown = Object.entries(module.params).map(([name, field]): [Value, Value] => {
    const written = isUnknown(given) ? null : (given.get(name) ?? null)
    const value = field.type === 'file' ? written : (params[name] ?? null)
    return [name, (field.secret || field.hidden) && value !== null ? 'VALUE_SPECIFIED_IN_NO_LOG_PARAMETER' : value]
  })
  return dict({ module_args: new Map(shown) })
}

/** What a module warns of, people see once. */
function warnOf(warnings: Value | undefined, { playRun: { run } }: TaskCall): void {
  if (Array.isArray(warnings)) for (const text of warnings) if (typeof text === 'string') run.emit({ type: 'warning', text })
}

/** What a task gives as a secret stands in none of its results, also where they are registered. */
function withoutOwnSecrets({ module, params }: Prepared, outcome: Outcome): Outcome {
  const secrets = Object.entries(module.params).flatMap(([name, { secret }]) => (secret && typeof params[name] === 'string' && params[name] !== '' ? [params[name] as string] : []))
  if (secrets.length === 0) return outcome
  const outputs = Object.fromEntries(Object.entries(outcome.outputs).map(([name, value]) => [name, value === undefined ? undefined : maskValue(value, secrets)]))
  return { ...outcome, outputs, ...(outcome.reason === undefined ? {} : { reason: maskText(outcome.reason, secrets) }) }
}

/** `check_mode: true` in a real run, of a module that cannot say what it would do. */
async function checkedResult({ params, place: { machine, become, delegatedTo }, around }: Prepared, answer: NonNullable<Module['whenChecked']>): Promise<TaskResult> {
  const about = delegatedTo === undefined ? {} : { delegatedTo }
  if (typeof answer === 'string') return { ...plain('skipped', { changed: false, msg: answer }), ...about }
  try {
    const { outputs, skipped, changed } = await answer(machine.reader(become), params, around)
    return { ...plain(skipped ? 'skipped' : changed ? 'changed' : 'ok', outputs), ...about }
  } catch (thrown) {
    if (thrown instanceof Failure) return { ...failedResult(thrown.message, thrown.outputs), ...about }
    throw thrown
  }
}

/** `timeout`: what takes longer is ended on the host. */
function limited({ timeout, playRun: { run } }: TaskCall): { readonly signal: AbortSignal; readonly timeout?: number } {
  return timeout > 0 ? { signal: AbortSignal.any([run.signal, AbortSignal.timeout(timeout * 1000)]), timeout } : { signal: run.signal }
}

/** `check_mode: false` in a dry run: what the task names is planned, so that its real answer would be that of another world. */
function readsPlanned(params: unknown, planned: Overlay): string | undefined {
  const text = JSON.stringify(params)
  const named = planned.namedIn(text)
  return named === undefined ? undefined : `it runs in a dry run too, but what it reads is planned: ${named}`
}

/** Finds the module and makes its parameters; a result instead where a dry run cannot know them. */
export async function prepare(call: TaskCall): Promise<Prepared | TaskResult> {
  const { playRun: { run, play }, task } = call
  const module = await moduleOf(call)
  const given = moduleArgs(call, module)
  if (isUnknown(given)) return unknownResult(given.reason)
  const rendered = withFreeForm(given, module)
  const place = await workplaceOf(call, module.awaitsHost)
  const { params, problems, given: named, unknown: open } = module.open ? openParams(rendered) : convertParams(module.params, rendered, { owner: `module '${module.name}'`, called: task.actionAsWritten, action: module.action === true, span: task.span, spans: task.argSpans, words: module.rules?.words, refused: module.refused },
    (field, value) => (field.file?.many && value !== null ? controllerFilesOf(field, value, call) : field.type === 'file' && typeof value === 'string' ? controllerFileOf(field, value, call, rendered) : field.type === 'path' && typeof value === 'string' ? value : undefined))
  // A parameter that could not be read is not there: rules would only repeat that.
  const broken = problems.length > 0 ? problems : checkRules(module.name, module.rules, (name) => named.has(name) && params[name] !== undefined, (name) => params[name], task.span)
  if (broken.length > 0) throw new Problems(broken)
  if (open) return unknownResult(open.reason)
  for (const [name, field] of Object.entries(module.params)) if (field.secret && typeof params[name] === 'string') run.secrets.add(params[name])
  await expandHomes(module, params as Record<string, unknown>, place)
  return { module, params, place, overlay: overlayOf(call, place), around: surroundings(call, dirname(play.span.file), place) }
}

/** For a program of the project: its arguments as they are. */
function openParams(args: Dict): ReturnType<typeof convertParams> {
  const unknown = findUnknown(args)
  return { params: { args }, problems: [], given: new Set([...args.keys()].map(String)), ...(unknown ? { unknown } : {}) }
}

async function moduleOf({ playRun: { run }, task }: TaskCall): Promise<Module> {
  const load = run.modules.get(task.own?.file ?? task.action)
  if (!load) throw new Problem({ code: 'unknown-module', summary: 'unknown module', detail: `'${task.actionAsWritten}'`, span: task.span })
  return load()
}

/** Free-form text (`command: ls`) fills the parameter that the module names for it. */
function withFreeForm(args: Dict, { freeForm }: Module): Dict {
  if (freeForm === undefined || !args.has('_raw_params')) return args
  return new Map([...args].map(([key, value]) => [key === '_raw_params' ? freeForm : key, value]))
}

/** A dry run plans on the machine's overlay; `check_mode: true` in a real run on one that is thrown away; else it is real. */
function overlayOf({ check, playRun: { run } }: TaskCall, { machine }: Workplace): Overlay | undefined {
  if (!check) return undefined
  return run.settings.check ? machine.overlay : new Overlay()
}

/** `~` and `~/…` in paths mean the home of the user that the task acts as. */
async function expandHomes(module: Module, params: Record<string, unknown>, { machine, become }: Workplace): Promise<void> {
  for (const [name, field] of Object.entries(module.params)) {
    const value = params[name]
    if (field.type !== 'path' || typeof value !== 'string' || !/^(~(\/|$)|\$HOME\b)/.test(value)) continue
    const { home } = await machine.reader(become).whoami()
    params[name] = value.replace(/^(~|\$HOME\b)/, () => home)
  }
}

function surroundings(call: TaskCall, playbookDirectory: string, { delegatedTo }: Workplace): Surroundings {
  const { playRun, host, task, context, item } = call
  return {
    environment: environmentOf(call), hostName: host.name, playbookDirectory, diff: call.diff, readFile: (name) => readControllerFile(name, call), secret: (text) => playRun.run.secrets.add(text),
    interpreter: (language) => new ConnectionVars(call.scope).text([`ansible_${language}_interpreter`]),
    ...(delegatedTo === undefined ? {} : { delegatedTo }),
    ...(call.check && playRun.run.settings.check ? { planned: playRun.run.planned } : {}),
    controllerPath: (written) => findFile(written.replace(/^~(?=\/|$)/, homedir()), searchPaths(playRun.play, context, task, 'files')).found,
    other: async (name) => {
      const where = scopeOf(playRun, name, task, context, item)
      const machine = await playRun.run.machines.get(targetOf(name, where, task, context, playRun.run.settings, playRun.run.secrets))
      const place = { ...(await workplaceOf(call)), machine }
      return { host: machine.reader(place.become, overlayOf(call, place)), connection: machine.connection, shell: machine.connection.shell(place.become), become: place.become }
    },
  }
}

/** `environment` of everything around the task, inner ones over outer ones. */
export function environmentOf({ task, context, scope }: TaskCall): Readonly<Record<string, string>> {
  const all: Record<string, string> = {}
  for (const layer of accumulated(task, context, 'environment')) {
    const written = layer as Value
    const rendered = isDict(written) ? new Map([...written].flatMap(([name, value]) => variableOf(task, name, value, scope))) : render(written, scope)
    for (const one of Array.isArray(rendered) ? rendered : [rendered]) if (isDict(one)) for (const [name, value] of one) all[String(name)] = value === true ? 'True' : value === false ? 'False' : String(value)
  }
  return all
}

/** What speaks of the host's own environment is left out while that is being found out, as Ansible does. */
function variableOf({ action }: Task, name: Value, value: Value, scope: Scope): readonly (readonly [Value, Value])[] {
  try {
    return [[render(name, scope), render(value, scope)]]
  } catch (thrown) {
    if (action === 'setup' && thrown instanceof Problem && value instanceof TemplateString && /\bansible_env\b|\bansible_facts\b.*\benv\b/.test(value.source)) return []
    throw thrown
  }
}

function resultOf(outcome: Outcome, { module, overlay }: Prepared): TaskResult {
  const { diff, steps, assuming, reason } = outcome
  const rest = { diff, steps, ...(assuming === undefined ? {} : { assuming }) }
  const outputs = dict(outcome.outputs)
  if (outcome.status === 'failed') return overlay ? doubtfulFailure(failedResult(reason ?? 'failed', outcome.outputs), overlay, module) : { ...failedResult(reason ?? 'failed', outcome.outputs), ...rest }
  // Nobody but the program knows the names of what it answers.
  if (outcome.status === 'unknown' && module.open) return unknownResult(reason ?? 'what the program does')
  const status = outcome.status === 'same' ? 'ok' : outcome.status === 'change' ? 'changed' : outcome.status
  return { status, outputs, ...rest, ...(reason === undefined ? {} : { reason }) }
}

/** What fails in a dry run after something that could not be known may well succeed in the real run: that is not a failure. */
function doubtfulFailure(failure: TaskResult, overlay: Overlay, _module: Module): TaskResult {
  const before = overlay.opaque ?? overlay.doubtful
  return before === undefined ? failure : { ...unknownResult(`it would fail now (${failure.reason}), but ${before} may change that`), diff: [], steps: [] }
}

/** A task that may or may not happen: nothing to do is nothing to do either way; else what it touches becomes unknown. */
function doubted(result: TaskResult, doubt: Unknown, overlay: Overlay, fork: Overlay, call: TaskCall): TaskResult {
  if (result.status === 'ok') return { ...result, reason: `whether it happens is unknown (${doubt.reason}), but there is nothing to change` }
  overlay.blur(fork, `task '${nameOf(call)}' may or may not happen: ${doubt.reason}`)
  return { ...unknownResult(doubt.reason), ...(result.delegatedTo === undefined ? {} : { delegatedTo: result.delegatedTo }) }
}

