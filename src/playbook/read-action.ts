import { didYouMean } from '../problem/did-you-mean.ts'
import type { Span } from '../problem/problem.ts'
import { type Dict, TemplateString, type Value, asTemplate } from '../value/value.ts'
import { type YamlNode, toValue } from '../yaml/yaml-node.ts'
import { parseFreeForm } from './free-form.ts'
import { type Keywords } from './keywords.ts'
import { type Loading, type Place, report } from './loading.ts'
import { staticText } from './static-text.ts'
import type { OwnModule } from './own-module.ts'
import { type YamlMap, entriesOf, isNothing, keySpan, nodeAt, textOf } from './read-value.ts'
import { fullName, knownNames, normaliseAction } from './redirects.ts'

/** What a task does: the action and its arguments as they stand in the file. */
export interface Action {
  readonly action: string
  /** The project's own module of this name, where it has one that can run or tutti has none. */
  readonly own?: OwnModule
  readonly actionAsWritten: string
  readonly args: Dict
  readonly argsTemplate?: Value
  readonly argSpans: ReadonlyMap<string, Span>
  /** The arguments with the place of each of their parts, for modules that look into them while loading. */
  readonly argNodes?: ReadonlyMap<string, YamlNode>
  readonly span: Span
  /** `local_action`: on the controller. */
  readonly local: boolean
}

/** Actions whose free-form text is a command: only these names are taken out of it. */
const COMMANDS: ReadonlySet<string> = new Set(['command', 'shell', 'script', 'raw', 'win_command', 'win_shell', 'expect'])
const COMMAND_OPTIONS: ReadonlySet<string> = new Set(['creates', 'removes', 'chdir', 'executable', 'warn', 'stdin', 'stdin_add_newline', 'strip_empty_ends'])
/** Other actions that take text without `name=`. */
export const FREE_FORM: ReadonlySet<string> = new Set([
  ...COMMANDS, 'include', 'include_vars', 'include_tasks', 'include_role', 'import_tasks', 'import_role', 'import_playbook', 'add_host', 'group_by', 'set_fact', 'meta',
])

/** The action of a task; undefined where there is none or several, which is reported. */
export function readAction(loading: Loading, map: YamlMap, keywords: Keywords, place: Place): Action | undefined {
  const action = readNamedAction(loading, map, keywords, place)
  const own = action && findOwnModule(loading, action.actionAsWritten)
  return own ? { ...action, own } : action
}

function readNamedAction(loading: Loading, map: YamlMap, keywords: Keywords, place: Place): Action | undefined {
  const candidates = entriesOf(loading, map, 'a task').filter(([key]) => key === 'action' || key === 'local_action' || !(key in keywords || isLoopKey(key)))
  const sure = candidates.filter(([key]) => key.endsWith('action') || isKnownAction(loading, key))
  const chosen = sure[0] ?? candidates[0]
  if (!chosen) return reportNoAction(loading, map)
  if (sure.length > 1) return reportConflict(loading, map, sure.map(([key]) => key))
  for (const [key] of candidates) if (key !== chosen[0]) reportStray(loading, map, key, keywords)
  const [key, node] = chosen
  if (key === 'action' || key === 'local_action') return readActionKeyword(loading, map, node, key, place)
  if (sure.length === 0 && !checkName(loading, key, keySpan(map, key), keywords)) return undefined
  return { ...readArgs(loading, map, key, node), action: normaliseAction(key), actionAsWritten: key, span: keySpan(map, key), local: false }
}

export const isLoopKey = (key: string): boolean => key.startsWith('with_')

/** Ours, one that Ansible knows by this name, or one of a collection. */
function isKnownAction(loading: Loading, name: string): boolean {
  return name.includes('.') || fullName(normaliseAction(name)) !== undefined || loading.options.catalog?.find(normaliseAction(name)) !== undefined || findOwnModule(loading, name) !== undefined
}

/** A module that the project itself brings; what is written for tutti stands before ours, programs only where we have none of the name. */
export function findOwnModule(loading: Loading, written: string): OwnModule | undefined {
  if (written.startsWith('ansible.builtin.')) return undefined
  const name = written.replace(/^ansible\.legacy\./, '')
  const own = loading.ownModule(loading.libraries, name)
  return own?.kind === 'here' || !loading.options.catalog?.find(normaliseAction(written)) ? own : undefined
}

/** `action: copy src=a dest=b`, `action: {module: copy, src: a}`, and both for `local_action`. */
function readActionKeyword(loading: Loading, map: YamlMap, node: YamlNode, key: string, place: Place): Action | undefined {
  const span = keySpan(map, key)
  const local = key === 'local_action'
  if (node.kind === 'mapping') {
    const name = plainName(loading, textOf(toValue(nodeAt(node, 'module') ?? node)), span, place)
    if (name === undefined) return reportNoAction(loading, map)
    const [word = '', ...rest] = name.trim().split(/\s+/)
    const inner: YamlMap = { ...node, entries: node.entries.filter(({ key: option }) => option !== 'module') }
    const args = rest.length > 0 ? readText(loading, map, word, name.trim().slice(word.length).trim(), node.span) : readArgs(loading, map, word, inner)
    const named = readArgs(loading, map, word, inner)
    const both = { args: new Map([...args.args, ...named.args]), argSpans: new Map([...args.argSpans, ...named.argSpans]) }
    return checkName(loading, word, span) ? { ...args, ...both, action: normaliseAction(word), actionAsWritten: word, span, local } : undefined
  }
  const text = plainName(loading, textOf(toValue(node))?.trim(), node.span, place)
  if (!text) return reportNoAction(loading, map)
  const word = /^\S+/.exec(text)![0]
  if (!checkName(loading, word, span)) return undefined
  return { ...readText(loading, map, word, text.slice(word.length).trim(), node.span), action: normaliseAction(word), actionAsWritten: word, span, local }
}

/** A name that begins with a template is one of what is known before the run. */
function plainName(loading: Loading, text: string | undefined, span: Span, place: Place): string | undefined {
  const template = text === undefined ? undefined : /^\{\{.*?\}\}/.exec(text)?.[0]
  if (template === undefined) return text
  const name = staticText(loading, new TemplateString(template, span), place, 'the action', span)
  return name === undefined ? undefined : name + text!.slice(template.length)
}

type Args = Pick<Action, 'args' | 'argsTemplate' | 'argSpans' | 'argNodes'>

function readArgs(loading: Loading, map: YamlMap, written: string, node: YamlNode): Args {
  if (isNothing(node)) return withDefaults(loading, map, { args: new Map(), argSpans: new Map() })
  if (node.kind === 'mapping') return withDefaults(loading, map, readArgsMap(node))
  const text = textOf(toValue(node)) ?? (node.kind === 'scalar' && typeof toValue(node) === 'boolean' ? String(toValue(node)) : undefined)
  if (text !== undefined) return readText(loading, map, written, text, node.span)
  report(loading, { code: 'bad-arguments', summary: 'The arguments of an action must be a mapping or text', detail: `of '${written}'`, span: node.span })
  return { args: new Map(), argSpans: new Map() }
}

function readArgsMap(node: YamlMap): Args {
  const spans = new Map<string, Span>()
  for (const { key, keySpan: at, value } of node.entries) spans.set(String(key), isNothing(value) || isBlock(value) ? at : value.span)
  return { args: toValue(node) as Dict, argSpans: spans, argNodes: new Map(node.entries.map(({ key, value }) => [String(key), value])) }
}

/** The text of a block begins a line below its key: what is wrong with the parameter is wrong at the key. */
const isBlock = (node: YamlNode): boolean => node.kind === 'scalar' && (node.style === 'literal' || node.style === 'folded')

function readText(loading: Loading, map: YamlMap, written: string, text: string, span: Span): Args {
  const action = normaliseAction(written)
  const whole = new TemplateString(text, span)
  if (!FREE_FORM.has(action) && isOneTemplate(text)) return withDefaults(loading, map, { args: new Map(), argsTemplate: whole, argSpans: new Map() })
  const parsed = parseFreeForm(text, COMMANDS.has(action) ? COMMAND_OPTIONS : undefined)
  if (!parsed) {
    report(loading, { code: 'unbalanced-quotes', summary: 'A quote or a brace in the arguments is never closed', detail: `of '${written}'`, span })
    return { args: new Map(), argSpans: new Map() }
  }
  const args = new Map<Value, Value>(parsed.named.map(({ name, value }) => [asTemplate(name, span), asTemplate(value, span)]))
  const spans = new Map<string, Span>(parsed.named.map(({ name }) => [name, span]))
  if (parsed.rest && !FREE_FORM.has(action) && !parsed.rest.includes('{{')) {
    const hint = `write the arguments as a mapping, or as name=value`
    report(loading, { code: 'free-form-arguments', summary: 'This action takes no arguments without a name', detail: `'${parsed.rest}' for '${written}'`, hint, span })
  } else if (parsed.rest) {
    // What a template makes of it is known when the task runs: then it fails.
    args.set('_raw_params', asTemplate(parsed.rest, span))
    spans.set('_raw_params', span)
  }
  return withDefaults(loading, map, { args, argSpans: spans })
}

const isOneTemplate = (text: string): boolean => /^\s*\{\{(?:(?!\}\}).)*\}\}\s*$/s.test(text)

/** `args:` beside the action: what the action itself says wins. */
function withDefaults(loading: Loading, map: YamlMap, own: Args): Args {
  const node = nodeAt(map, 'args')
  if (!node || isNothing(node)) return own
  if (node.kind === 'mapping') {
    const below = readArgsMap(node)
    return { ...own, args: new Map([...below.args, ...own.args]), argSpans: new Map([...below.argSpans, ...own.argSpans]) }
  }
  const value = toValue(node)
  if (value instanceof TemplateString) return { ...own, argsTemplate: own.argsTemplate ?? value }
  report(loading, { code: 'bad-arguments', summary: 'The arguments of an action must be a mapping or text', detail: "of 'args'", span: node.span })
  return own
}

function checkName(loading: Loading, name: string, span: Span, keywords: Keywords = {}): boolean {
  if (isKnownAction(loading, name)) return true
  const hint = didYouMean(name, [...(loading.options.catalog?.names() ?? []), ...Object.keys(keywords), ...knownNames()])
  report(loading, { code: 'unknown-module', summary: 'No module or action has this name', detail: `'${name}'`, span, ...(hint ? { hint } : {}) })
  return false
}

function reportStray(loading: Loading, map: YamlMap, key: string, keywords: Keywords): void {
  const hint = didYouMean(key, Object.keys(keywords))
  report(loading, { code: 'unknown-keyword', summary: `'${key}' is not a valid attribute for a Task`, span: keySpan(map, key), ...(hint ? { hint } : {}) })
}

function reportConflict(loading: Loading, map: YamlMap, keys: readonly string[]): undefined {
  report(loading, { code: 'conflicting-actions', summary: 'conflicting action statements', detail: keys.join(', '), hint: 'make them tasks of their own', span: keySpan(map, keys[1]!) })
  return undefined
}

function reportNoAction(loading: Loading, map: YamlMap): undefined {
  report(loading, { code: 'no-action', summary: 'A task has no action', hint: 'name a module, as in `debug: msg=hello`', span: map.span })
  return undefined
}
