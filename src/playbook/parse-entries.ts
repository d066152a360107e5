import type { YamlNode } from '../yaml/yaml-node.ts'
import { checkInclude } from './check-include.ts'
import { importRole } from './import-role.ts'
import { importTasks } from './import-tasks.ts'
import { checkTagged } from './check-task.ts'
import { BLOCK } from './keywords.ts'
import { type Loading, type Place, report, withinBlock } from './loading.ts'
import { parseTask, readNames, spansOf } from './parse-task.ts'
import { readInherited, readTagged } from './read-inherited.ts'
import { type YamlMap, checkKeywords, has, isNothing, nodeAt, valueAt, wrongType } from './read-value.ts'
import type { Block, Entry, Task } from './tree.ts'

/** A list of tasks and blocks. Static imports are already replaced by what they import. */
export function parseEntries(loading: Loading, node: YamlNode, place: Place): readonly Entry[] {
  if (isNothing(node)) return []
  if (node.kind === 'sequence') return parseList(loading, node.items, place)
  const hint = node.kind === 'mapping' && has(node, 'hosts') ? 'this is a play: use import_playbook' : 'begin each task with a dash'
  report(loading, { code: 'not-a-task-list', summary: 'A list of tasks was expected', hint, span: node.span })
  return []
}

/** What stands behind the end of a play is never reached. */
function parseList(loading: Loading, items: readonly YamlNode[], place: Place): readonly Entry[] {
  let here = place
  return items.flatMap((item) => {
    const entries = parseEntry(loading, item, here)
    if (here.certain && entries.some(endsAll)) here = { ...here, certain: false }
    return entries
  })
}

const ENDS: ReadonlySet<unknown> = new Set(['end_play', 'end_host', 'end_batch', 'end_role'])
const endsAll = (entry: Entry): boolean =>
  entry.kind === 'task' && entry.when.length === 0 && entry.tags.length === 0 && !entry.loop && entry.failedWhen === undefined && entry.ignoreErrors === undefined && (entry.action === 'fail' || (entry.action === 'meta' && ENDS.has(entry.args.get('_raw_params'))))

function parseEntry(loading: Loading, node: YamlNode, place: Place): readonly Entry[] {
  if (isNothing(node)) return []
  if (node.kind !== 'mapping') {
    report(loading, { code: 'not-a-task', summary: 'A task must be a mapping', hint: 'write `- name: what it does` and a module below it', span: node.span })
    return []
  }
  if (has(node, 'block')) return place.handler && place.grouped ? refuseHandler(loading, node, 'Using a block as a handler is not supported.', 'make each of its tasks a handler that listens to one topic') : [parseBlock(loading, node, place.handler ? { ...place, grouped: true } : place)]
  for (const key of ['rescue', 'always']) {
    if (!has(node, key)) continue
    report(loading, { code: 'rescue-without-block', summary: 'A rescue or always section needs a block', detail: `'${key}'`, span: node.span })
    return []
  }
  if (has(node, 'hosts') && has(node, 'tasks')) {
    report(loading, { code: 'play-among-tasks', summary: 'A play cannot stand among tasks', hint: 'import it with import_playbook beside the other plays', span: node.span })
    return []
  }
  const task = parseTask(loading, node, place)
  return task ? expand(loading, task, node, place) : []
}

function refuseHandler(loading: Loading, { span }: YamlMap, summary: string, hint?: string): readonly Entry[] {
  report(loading, { code: 'not-a-handler', summary, span, ...(hint ? { hint } : {}) })
  return []
}

function expand(loading: Loading, task: Task, map: YamlMap, place: Place): readonly Entry[] {
  if (place.handler && (task.action === 'include_role' || task.action === 'import_role')) return refuseHandler(loading, map, `Using '${task.actionAsWritten}' as a handler is not supported.`)
  const meta = task.action === 'meta' ? task.args.get('_raw_params') : undefined
  if (place.handler && meta === 'flush_handlers') return refuseHandler(loading, map, 'flush_handlers cannot be used as a handler')
  if (meta === 'end_role' && (place.handler || !place.home.role)) return refuseHandler(loading, map, `Cannot execute 'end_role' from ${place.handler ? 'a handler' : 'outside of a role'}`)
  if (task.action === 'import_tasks' || task.action === 'include') return importTasks(loading, task, place)
  if (task.action === 'import_role') return importRole(loading, task, place)
  if (task.action === 'include_tasks' || task.action === 'include_role') checkInclude(loading, task, place)
  if (task.action !== 'import_playbook') return [task]
  report(loading, { code: 'playbook-among-tasks', summary: 'A playbook can only be imported beside plays', hint: 'use import_tasks for a file of tasks', span: map.span })
  return []
}

function parseBlock(loading: Loading, map: YamlMap, place: Place): Block {
  checkKeywords(loading, map, Object.keys(BLOCK), 'a block')
  const { name = '', ...inherited } = readInherited(loading, map, BLOCK)
  const tagged = readTagged(loading, map)
  const outer = inherited.moduleDefaults ? { ...place, defaults: true } : place
  const inside = withinBlock(outer, inherited.ignoreErrors, tagged)
  checkTagged(loading, tagged, place, map.span)
  const section = (key: string, where: Place) => {
    const node = valueAt(map, key)
    if (node && node.kind !== 'sequence') wrongType(loading, node, key, 'a list of tasks')
    return node?.kind === 'sequence' ? loading.entries(node, where) : []
  }
  const rescued = nodeAt(map, 'rescue')?.kind === 'sequence'
  return {
    kind: 'block', span: map.span, name, ...inherited, ...tagged, notify: readNames(loading, valueAt(map, 'notify'), 'notify'), spans: spansOf(map), home: place.home,
    block: section('block', rescued ? { ...inside, certain: false } : inside), rescue: section('rescue', { ...inside, certain: false }), always: section('always', inside),
  }
}
