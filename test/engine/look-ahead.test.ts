import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toJson } from '../../src/value/json.ts'
import type { Value } from '../../src/value/value.ts'
import { runIn } from './run-yaml.ts'

// Few names, so that tasks meet: a file, directories, what is in them, and a link that leads into one.
const path = fc.constantFrom('a', 'b', 'd', 'd/a', 'd/e/f', 'link', 'link/a').map((name) => `DIR/w/${name}`)
const word = fc.constantFrom('x', 'y', 'z')
const items = fc.array(word, { minLength: 1, maxLength: 3 })
const looped = fc.option(items, { nil: undefined })
const task = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(path, word, looped).map(([dest, content, loop]) => ({ copy: { content: loop ? `${content}{{ item }}\n` : `${content}\n`, dest }, loop })) },
  fc.tuple(path, looped).map(([dest, loop]) => ({ copy: { content: 'same\n', dest: loop ? `${dest}{{ item }}` : dest, mode: '0640' }, loop })),
  fc.tuple(path, word, looped, fc.boolean()).map(([at, line, loop, create]) => ({ lineinfile: { path: at, line: loop ? '{{ item }}' : line, create }, loop })),
  fc.tuple(path, fc.constantFrom('directory', 'absent', 'touch', 'file')).map(([at, state]) => ({ file: { path: at, state, ...(state === 'touch' ? { access_time: 'preserve', modification_time: 'preserve' } : {}) } })),
  fc.tuple(path, path).map(([src, dest]) => ({ file: { src, dest, state: 'link', force: true } })),
  fc.tuple(path, word).map(([at, line]) => ({ shell: `echo ${line} >> ${at}` })),
  fc.tuple(path).map(([at]) => ({ command: `cat ${at}`, changed_when: false })),
  fc.tuple(path).map(([at]) => ({ stat: { path: at, get_mime: false } })),
  fc.tuple(path).map(([at]) => ({ slurp: { src: at } })),
  fc.tuple(path, word).map(([at, block]) => ({ blockinfile: { path: at, block, create: true } })),
  fc.tuple(path, path).map(([src, dest]) => ({ copy: { src, dest, remote_src: true } })),
  fc.tuple(path).map(([paths]) => ({ find: { paths, recurse: true } })),
)
const conditional = fc.tuple(task, fc.option(fc.nat(5), { nil: undefined })).map(([one, after]) => ({ one, after }))
const plays = fc.array(conditional, { minLength: 2, maxLength: 8 })

type Task = Readonly<Record<string, unknown>>
const written = (tasks: readonly { readonly one: Task; readonly after: number | undefined }[]): string => JSON.stringify([{
  hosts: 'all', gather_facts: false,
  tasks: tasks.map(({ one, after }, i) => ({ name: `t${i}`, register: `r${i}`, ignore_errors: true, ...one, ...(after !== undefined && after < i ? { when: `r${after} is changed` } : {}) })),
}])

/** Of what happened, all but names of temporary things, times and numbers of files. */
const MOVES = new Set(['atime', 'mtime', 'ctime', 'inode', 'dev', 'start', 'end', 'delta', 'device_type', 'backup_file', 'version'])
const steady = (value: unknown, directory: string): unknown =>
  JSON.parse(JSON.stringify(value, (key, one: unknown) => (MOVES.has(key) ? undefined : one)).replaceAll(directory, 'DIR'))

async function happened(source: string, lookAhead: boolean): Promise<unknown> {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-ahead-'))
  try {
    mkdirSync(join(directory, 'w/d'), { recursive: true })
    writeFileSync(join(directory, 'w/a'), 'x\n')
    symlinkSync('d', join(directory, 'w/link'))
    // A second run finds what the first one left: then the look goes far.
    const all = []
    for (let i = 0; i < 2; i++) {
      const { events, exitCode } = await runIn(directory, source, { settings: { lookAhead } })
      all.push(exitCode, events.flatMap((event) => (event.type === 'result' || event.type === 'item' ? [{ type: event.type, status: event.result.status, reason: event.result.reason, steps: event.result.steps, diff: event.result.diff, outputs: toJson(event.result.outputs as Value) }] : [])))
    }
    return steady(all, directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

test('looking ahead changes nothing that happens, whatever the tasks do to each other', async () => {
  await fc.assert(fc.asyncProperty(plays, async (tasks) => {
    const source = written(tasks)
    expect(await happened(source, true)).toEqual(await happened(source, false))
  }), { numRuns: Number(process.env['TUTTI_RUNS'] ?? 25), ...(process.env['TUTTI_SEED'] ? { seed: Number(process.env['TUTTI_SEED']) } : {}) })
}, 600_000)
