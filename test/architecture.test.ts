import { readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const SRC = resolve(import.meta.dirname, '../src')
/** A folder imports only from lower levels and from itself. */
const LEVELS: readonly (readonly string[])[] = [
  ['problem', 'value', 'text', 'shell', 'vault'], ['yaml', 'schema', 'transport', 'lab', 'cluster'], ['template', 'host', 'galaxy', 'seal', 'kubernetes'], ['playbook', 'inventory'], ['vars', 'contract'], ['modules', 'engine'], ['report'], ['cli'], ['main.ts', 'tutti.ts'],
]
/** The foundation's own order: a value knows places, a text and a vault know both. */
const FOUNDATION = ['problem', 'value', 'shell', 'text', 'vault']
const DOORS: Readonly<Record<string, RegExp>> = { 'node-ssh': /^transport\//, ssh2: /^transport\//, listr2: /^report\//, ajv: /^schema\//, ioredis: /^cluster\/redis\/client\.ts$/, yaml: /^yaml\// }

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).map((file) => file.replaceAll('\\', '/'))
/** What a file imports, types and late imports too. */
const imports = new Map(files.map((file) => {
  const text = readFileSync(join(SRC, file), 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
  return [file, [...text.matchAll(/(?:^(?:import|export)\b[^'"`;]*?from\s*|^import\s*|\bimport\(\s*)'([^']+)'/gm)].map(([, name]) => name!)] as const
}))
const inside = (file: string, name: string): string => relative(SRC, resolve(SRC, dirname(file), name)).replaceAll('\\', '/')
const folderOf = (file: string): string => file.split('/')[0]!
const levelOf = (file: string): number => LEVELS.findIndex((folders) => folders.includes(folderOf(file)))
const own = (file: string): readonly string[] => imports.get(file)!.filter((name) => name.startsWith('.')).map((name) => inside(file, name)).filter((target) => !target.startsWith('..'))

test('every folder has a level', () => expect([...new Set(files.filter((file) => levelOf(file) < 0).map(folderOf))]).toEqual([]))
test('the imports are seen', () => expect(imports.get('main.ts')).toEqual(['./cli/dispatch.ts', './cli/terminal.ts']))

test('a folder imports only from lower levels and from itself', () => {
  const wrong = files.flatMap((file) => own(file).filter((target) => {
    const [from, to] = [folderOf(file), folderOf(target)]
    if (from === to) return false
    if (levelOf(file) === 0 && levelOf(target) === 0) return FOUNDATION.indexOf(to) > FOUNDATION.indexOf(from)
    return levelOf(target) >= levelOf(file)
  }).map((target) => `${file} -> ${target}`))
  expect(wrong).toEqual([])
})

describe('each library stands behind one door', () => {
  test.each(Object.entries(DOORS))('%s', (library, door) => {
    const users = files.filter((file) => imports.get(file)!.some((name) => name === library || name.startsWith(`${library}/`)))
    expect(users.filter((file) => !door.test(file))).toEqual([])
  })
  test('others are none of ours', () => {
    const foreign = [...imports].flatMap(([file, names]) => names.filter((name) => !name.startsWith('.') && !name.startsWith('node:') && !(name.split('/')[0]! in DOORS)).map((name) => `${file} -> ${name}`))
    expect(foreign).toEqual([])
  })
})

/** Blocks hold tasks, includes hold blocks, `meta` runs handlers: going through the tree is one recursion over several files. It grows no further. */
const WALK = new Set(['run-entries', 'run-role', 'run-task', 'include', 'handlers', 'meta'].map((name) => `engine/${name}.ts`))

/** Circles of imports that are there when the program runs: types are gone then. */
test('no file imports itself by way of others', () => {
  const loaded = new Map(files.map((file) => {
    const text = readFileSync(join(SRC, file), 'utf8')
    const names = [...text.matchAll(/^(?:import|export)\s+(?!type\b)([^'"`;]*?)from\s*'(\.[^']+)'/gm)].filter(([, what]) => !onlyTypes(what!)).map(([, , name]) => inside(file, name!))
    return [file, names] as const
  }))
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    const circle = path.slice(path.indexOf(file))
    if (path.includes(file) && !circle.every((one) => WALK.has(one))) circles.push([...circle, file].join(' -> '))
    if (done.has(file) || path.includes(file)) return
    for (const target of loaded.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  expect(circles).toEqual([])
})
const onlyTypes = (what: string): boolean => {
  const names = /\{([^}]*)\}/.exec(what)?.[1]?.split(',').map((name) => name.trim()).filter(Boolean)
  return names !== undefined && names.length > 0 && !/^\w+\s*,/.test(what.trim()) && names.every((name) => name.startsWith('type '))
}

test('no file is a drawer for anything', () => {
  expect(files.filter((file) => /^(index|types|utils|helpers|common)\.ts$/.test(basename(file)))).toEqual([])
})
test('names of files are kebab-case', () => expect(files.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(basename(file)))).toEqual([]))
