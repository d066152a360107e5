import { basename, dirname, resolve } from 'node:path'
import type { Value } from '../value/value.ts'
import { type YamlNode, toValue } from '../yaml/yaml-node.ts'
import { findFile } from './find-files.ts'
import { collectionDirectories } from './find-role.ts'
import { IMPORT_PLAYBOOK } from './keywords.ts'
import { type Loading, type Place, report, warn, withinBlock } from './loading.ts'
import { parsePlay } from './parse-play.ts'
import { readTagged } from './read-inherited.ts'
import { type YamlMap, checkKeywords, has, isNothing, keySpan, valueAt } from './read-value.ts'
import { staticText } from './static-text.ts'
import type { Play, Tagged } from './tree.ts'

/** The plays of a playbook's document; `import_playbook` is replaced by the plays it imports. */
export function parsePlays(loading: Loading, node: YamlNode, place: Place): readonly Play[] {
  if (isNothing(node) || (node.kind === 'sequence' && node.items.length === 0)) {
    report(loading, { code: 'playbook-empty', summary: 'A playbook must contain at least one play', span: node.span })
    return []
  }
  if (node.kind === 'sequence') return node.items.flatMap((item) => parseItem(loading, item, place))
  report(loading, { code: 'not-a-playbook', summary: 'A playbook is a list of plays', hint: 'begin each play with `- hosts:`', span: node.span })
  return []
}

function parseItem(loading: Loading, node: YamlNode, place: Place): readonly Play[] {
  if (node.kind !== 'mapping') {
    report(loading, { code: 'not-a-play', summary: 'A play must be a mapping', hint: 'begin it with `- hosts:`', span: node.span })
    return []
  }
  const key = importKey(loading, node)
  return key ? importPlaybook(loading, node, key, place) : [parsePlay(loading, node, place)]
}

const IMPORTS = ['import_playbook', 'ansible.builtin.import_playbook', 'ansible.legacy.import_playbook', 'include']

function importKey(loading: Loading, map: YamlMap): string | undefined {
  const key = IMPORTS.find((name) => has(map, name))
  if (key === 'include') warn(loading, { code: 'old-include', summary: 'The include action is old', hint: 'use import_playbook', span: keySpan(map, key) })
  return key
}

/** Tags and variables go to each play, conditions to each of its tasks (by the play's own list of conditions). */
function importPlaybook(loading: Loading, map: YamlMap, key: string, place: Place): readonly Play[] {
  checkKeywords(loading, map, [...Object.keys(IMPORT_PLAYBOOK), key], key)
  const tagged = readTagged(loading, map)
  const inside = withinBlock(place, undefined, tagged)
  const node = valueAt(map, key)
  const value: Value | undefined = node ? toValue(node) : undefined
  const text = value === undefined ? undefined : staticText(loading, value, inside, 'the playbook', node!.span)
  if (!node || text === undefined) {
    if (!node) report(loading, { code: 'import-without-file', summary: 'An import needs the name of a file', span: keySpan(map, key) })
    return []
  }
  const { file, params } = splitParams(text)
  const places = placesOf(loading, file, place)
  const found = findFile(places)
  if (!found) report(loading, { code: 'file-not-found', summary: 'The playbook to import is not there', detail: `'${file}', looked for at ${places.join(', ')}`, span: node.span })
  if (!found || isCircle(loading, found, map, place)) return []
  const document = loading.document(found, node.span)
  if (!document) return []
  const below = { ...inside, home: { directory: dirname(found) }, playbookDirectory: dirname(found), imports: [...place.imports, found] }
  const vars = new Map<Value, Value>([...tagged.vars, ...params])
  return parsePlays(loading, document, below).map((play) => handDown(play, { ...tagged, vars }))
}

const handDown = (play: Play, { tags, when, vars }: Tagged): Play => ({
  ...play, tags: [...new Set([...play.tags, ...tags])], when: [...when, ...play.when], vars: new Map([...play.vars, ...vars]),
})

/** Old style: `import_playbook: file.yml tags=a`, with variables after the name. */
function splitParams(text: string): { file: string; params: readonly [string, string][] } {
  const [file = '', ...rest] = text.trim().split(/\s+(?=\w+=)/)
  return { file, params: rest.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]) }
}

function placesOf(loading: Loading, file: string, place: Place): readonly string[] {
  const parts = file.split('.')
  const collection = parts.length === 3 && !file.includes('/')
    ? collectionDirectories(loading, `${parts[0]}.${parts[1]}`).flatMap((directory) => ['.yml', '.yaml'].map((ending) => resolve(directory, 'playbooks', `${parts[2]}${ending}`))) : []
  return [...new Set([...collection, resolve(place.home.directory, file), resolve(loading.playbookDirectory, file)])]
}

function isCircle(loading: Loading, file: string, map: YamlMap, place: Place): boolean {
  if (!place.imports.includes(file)) return false
  const detail = [...place.imports.slice(place.imports.indexOf(file)), file].map((name) => basename(name)).join(' -> ')
  report(loading, { code: 'import-circle', summary: 'Files import each other in a circle', detail, span: map.span })
  return true
}

