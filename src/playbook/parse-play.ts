import type { Value } from '../value/value.ts'
import { type YamlNode, toValue } from '../yaml/yaml-node.ts'
import { checkVarsFiles, noteLocalPlay } from './check-files.ts'
import { checkHandlers } from './check-handlers.ts'
import { checkTagged } from './check-task.ts'
import { PLAY } from './keywords.ts'
import { type Loading, type Place, report } from './loading.ts'
import { readInherited, readTagged } from './read-inherited.ts'
import { type YamlMap, checkKeywords, has, isNothing, isTemplate, listOf, textOf, valueAt, wrongType } from './read-value.ts'
import { readVarsPrompt } from './read-vars-prompt.ts'
import type { Entry, Play } from './tree.ts'

/** One play of a playbook. */
export function parsePlay(loading: Loading, map: YamlMap, place: Place): Play {
  checkKeywords(loading, map, Object.keys(PLAY), 'a play')
  if (has(map, 'user') && has(map, 'remote_user')) report(loading, { code: 'two-users', summary: "both 'user' and 'remote_user' are set for this play.", hint: 'the first is the old name of the second: keep one', span: map.span })
  const hosts = readHosts(loading, map)
  const { name, ...inherited } = readInherited(loading, map, PLAY)
  const tagged = readTagged(loading, map)
  noteLocalPlay(loading, { hosts })
  const reached = loading.options.playReached?.(hosts) ?? true
  const outer: Place = { ...place, certain: place.certain && reached, tags: [...place.tags, ...tagged.tags], vars: new Map([...place.vars, ...tagged.vars]), collections: inherited.collections ?? [], defaults: inherited.moduleDefaults !== undefined }
  const varsFiles = readVarsFiles(loading, valueAt(map, 'vars_files'))
  const inside: Place = { ...outer, varsFiles }
  checkTagged(loading, tagged, inside, map.span)
  checkVarsFiles(loading, { span: map.span, varsFiles }, inside)
  const entries = (key: string, where = inside): readonly Entry[] => readEntries(loading, map, key, where)
  const roles = valueAt(map, 'roles')
  const play: Play = {
    span: map.span, name: name ?? defaultName(hosts), hosts, ...inherited, ...tagged, varsFiles,
    varsPrompt: readVarsPrompt(loading, valueAt(map, 'vars_prompt')), serial: readSerial(loading, valueAt(map, 'serial')),
    preTasks: entries('pre_tasks'), roles: roles ? loading.roleUses(roles, inside) : [], tasks: entries('tasks'), postTasks: entries('post_tasks'),
    handlers: entries('handlers', { ...inside, handler: true, certain: false }),
  }
  checkHandlers(loading, play)
  return play
}

function readEntries(loading: Loading, map: YamlMap, key: string, place: Place): readonly Entry[] {
  const node = valueAt(map, key)
  if (node && node.kind !== 'sequence') malformed(loading, node, key)
  return node?.kind === 'sequence' ? loading.entries(node, place) : []
}

/** In Ansible's words, for scripts that know them. */
function malformed(loading: Loading, node: YamlNode, key: string): void {
  const found = node.kind === 'scalar' ? `: ${textOf(toValue(node)) ?? String(toValue(node))} should be a list or None` : ': it should be a list or None'
  report(loading, { code: 'wrong-type', summary: `A malformed block was encountered while loading ${key}${found}`, span: node.span })
}

/** A play without a name is called by its hosts, as Ansible prints it. */
export const defaultName = (hosts: Value): Value => (Array.isArray(hosts) ? hosts.map((host) => textOf(host) ?? '').join(',') : hosts)

function readHosts(loading: Loading, map: YamlMap): Value {
  const node = valueAt(map, 'hosts')
  if (!node || (node.kind === 'sequence' && node.items.length === 0)) {
    const parts = has(map, 'hosts') ? { code: 'hosts-empty', summary: 'Hosts list cannot be empty. Please check your playbook' } : { code: 'hosts-missing', summary: 'A play must say on which hosts it runs' }
    report(loading, { ...parts, hint: 'add `hosts: all`, or the name of a group', span: map.span })
    return ''
  }
  const wrong = listOf(node).find((item) => item.kind !== 'scalar' || textOf(toValue(item)) === undefined)
  if (wrong) wrongType(loading, wrong, 'hosts', 'a pattern or a list of patterns')
  return toValue(node)
}


/** Each entry a file, or a list of files of which the first that is there is read. */
function readVarsFiles(loading: Loading, node: YamlNode | undefined): readonly Value[] {
  return listOf(node).flatMap((item) => {
    const names = listOf(item)
    const wrong = isNothing(item) || names.some((name) => textOf(toValue(name)) === undefined)
    if (wrong) wrongType(loading, item, 'vars_files', 'a list of file names')
    return wrong ? [] : [toValue(item)]
  })
}

/** Numbers of hosts or percentages, one a batch. */
function readSerial(loading: Loading, node: YamlNode | undefined): readonly Value[] {
  return listOf(node).flatMap((item) => {
    const value = toValue(item)
    if (isTemplate(value) || /^\s*\d+(\.\d+)?\s*%?\s*$/.test(textOf(value) ?? '')) return [value]
    wrongType(loading, item, 'serial', 'a number of hosts, a percentage, or a list of them')
    return []
  })
}
