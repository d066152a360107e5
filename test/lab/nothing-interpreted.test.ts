import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Machine } from '../../src/host/machine.ts'
import { fileResource } from '../../src/host/file.ts'
import { type Step, mkdir, remove, run, write } from '../../src/host/step.ts'
import { takeSteps } from '../../src/host/take.ts'
import { commandLine, quote } from '../../src/shell/quote.ts'
import { closeAll, connect } from '../../src/transport/connect.ts'
import type { Connection } from '../../src/transport/connection.ts'
import { bytesContent, sha1 } from '../../src/value/content.ts'
import { runTutti } from './run-tutti.ts'
import { type TestLab, withLab } from './with-lab.ts'

/**
 * Nothing that a user or a variable supplies is ever interpreted by a shell: properties over a real host, many values in one request.
 * `TUTTI_TEST_SEED` takes other values: a number, or `new` for some that nobody has tried. Without it they are always the same.
 */
const SEED = process.env['TUTTI_TEST_SEED'] === 'new' ? Date.now() % 1_000_000 : Number(process.env['TUTTI_TEST_SEED'] ?? 1)
const CANARY = '/srv/canary'

let lab: TestLab
let connection: Connection
beforeAll(async () => {
  lab = await withLab('shellproof', 1)
  const [host] = lab.hosts
  connection = await connect({ connection: 'ssh', address: host!.address, user: host!.user, privateKeyFile: host!.privateKeyFile, knownHostsFiles: [host!.knownHostsFile] })
  await host!.run('sudo mkdir -m 777 /srv/props; sudo chmod 777 /srv')
  console.log(`the values come from TUTTI_TEST_SEED=${SEED}`)
})
afterAll(async () => {
  await closeAll()
  await lab?.down()
})

/** What a shell would act on, alone and among other things. */
const bait = fc.constantFrom(`$(touch ${CANARY})`, `\`touch ${CANARY}\``, `;touch ${CANARY};`, `\ntouch ${CANARY}\n`, `&&touch ${CANARY}`, `|touch ${CANARY}`, `'`, `"`, `'$(touch ${CANARY})'`, `"\`touch ${CANARY}\`"`, `\\`, `\\'`, '$HOME', '${IFS}', '~', '*', '%s', '%n', '-', '--', '!', '#', '\r', '\n', '\t', ' ', '\u007f', '\u0001', '<<EOF\n', '>', '{{', '}}', '{%', '\u00e4', '\u65e5', '\u{1f600}', '\ufeff')
const wild = fc.oneof({ weight: 3, arbitrary: fc.array(fc.oneof(bait, bait, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 6 }).map((parts) => parts.join('')) }, { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) })
/** No NUL, which no argument can hold, and only text that has bytes. */
const word = wild.map((text) => text.replaceAll('\0', '')).filter((text) => text.isWellFormed())
/** One name in a directory. */
const name = word.map((text) => text.replaceAll('/', '|')).filter((text) => text !== '' && text !== '.' && text !== '..' && Buffer.byteLength(text) <= 200)
const line = word.map((text) => text.replaceAll(/[\n\r\u2028\u2029\u0085\v\f\u001c-\u001e]/g, ' '))

const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number): readonly T[] => fc.sample(arbitrary, { seed: SEED, numRuns: count })
const noCanary = async () => expect((await lab.hosts[0]!.run(`ls -d ${CANARY} /srv/props/canary ~/canary 2>/dev/null`)).stdout).toBe('')
const take = (steps: readonly Step[]) => takeSteps(steps, { connection, become: undefined, environment: {}, signal: new AbortController().signal, progress: () => undefined }, () => undefined)

test('arguments, environment and standard input of programs', async () => {
  const values = sample(fc.record({ args: fc.array(word, { minLength: 1, maxLength: 8 }), value: word, input: fc.uint8Array({ maxLength: 300 }) }), 400)
  const replies = await Promise.all(values.flatMap(({ args, value, input }) => [
    connection.shell().run(`${commandLine(['printf', '%s\\0', ...args])}; export V=${quote(value)}; printenv V; cat`, { stdin: input }),
  ]))
  values.forEach(({ args, value, input }, i) => expect(replies[i]!.stdout.equals(Buffer.concat([Buffer.from(`${args.join('\0')}\0${value}\n`), input]))).toBe(true))
  const steps = await take(values.slice(0, 100).map(({ args, value }) => run(['sh', '-c', 'printf "%s\\0" "$V" "$@"', 'sh', ...args], [], { environment: { V: value } })))
  values.slice(0, 100).forEach(({ args, value }, i) => expect(steps[i]!.stdout.toString()).toBe(`${[value, ...args].join('\0')}\0`))
  await noCanary()
})

test('names and contents of files: written together and one by one, looked at, and removed', async () => {
  const contents = fc.oneof(word.map((text) => Buffer.from(text)), fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes)))
  const files = [...new Map(sample(fc.tuple(name, contents), 300)).entries()]
  const content = ([, bytes]: (typeof files)[number]) => bytesContent(bytes)
  for (const [directory, options] of [['/srv/props/staged', { replaceLink: true }], ['/srv/props/single', {}]] as const) {
    const machine = new Machine(connection)
    await take([mkdir(directory), ...files.map((file) => write(`${directory}/${file[0]}`, content(file), { mode: 0o640 }, options))])
    const found = await Promise.all(files.map(([path]) => machine.reader(undefined).get(fileResource, `${directory}/${path}`)))
    expect(found.map((state) => 'kind' in state && [state.kind, state.mode, state.size])).toEqual(files.map(([, bytes]) => ['file', 0o640, bytes.length]))
    const { stdout } = await connection.shell().run(`cd ${directory}; find . -type f -print0; echo; for f in ${files.map(([path]) => quote(`./${path}`)).join(' ')}; do sha1sum < "$f"; done`)
    const text = stdout.toString()
    expect(text.slice(0, text.lastIndexOf('\0')).split('\0').toSorted()).toEqual(files.map(([path]) => `./${path}`).toSorted())
    expect([...text.slice(text.lastIndexOf('\0')).matchAll(/^([0-9a-f]{40}) /gm)].map(([, sum]) => sum)).toEqual(files.map(([, bytes]) => sha1(bytes)))
    await take(files.map(([path]) => remove(`${directory}/${path}`)))
    expect((await connection.shell().run(`ls -A ${directory}`)).stdout.toString()).toBe('')
  }
  await noCanary()
})

test('what a playbook passes on: file names, contents, arguments, environment, lines, comments of users', async () => {
  // Variables of the environment in paths are filled in, as documented.
  const plain = name.map((text) => text.replaceAll(/\$(?=[\w{])/g, 'S'))
  const values = sample(fc.record({ name: plain, content: word, args: fc.array(word, { maxLength: 4 }), line, comment: line.map((text) => text.replaceAll(/[:\u0000-\u001f\u007f-\u009f]/g, '').slice(0, 60)) }), 30)
    .map((value, i) => ({ ...value, name: `${i}${value.name}` }))
  const folder = dirname(lab.file)
  const unsafe = { name: '{{ item.name }}', content: '{{ item.content }}', line: '{{ item.line }}', comment: '{{ item.comment }}' }
  const each = { loop: '{{ lookup("file", "values.json") | from_json }}', loop_control: { label: '-' } }
  writeFileSync(join(folder, 'values.json'), JSON.stringify(values))
  writeFileSync(join(folder, 'play.yml'), JSON.stringify([{
    hosts: 'all', become: true, gather_facts: false, tasks: [
      { file: { path: '/srv/play', state: 'directory' } },
      { copy: { dest: `/srv/play/${unsafe.name}`, content: '{{ item.content | string }}' }, ...each },
      { lineinfile: { path: `/srv/play/line ${unsafe.name}`, line: unsafe.line, create: true }, ...each },
      { command: { argv: '{{ ["printf", "%s|", "x"] + item.args }}', expand_argument_vars: false }, register: 'argued', ...each },
      { assert: { that: ['item.stdout == (["x"] + item.item.args) | join("|") ~ "|"'] }, loop: '{{ argued.results }}', loop_control: { label: '-' } },
      { shell: 'printf "%s|" "$V" {{ item.content | quote }}', environment: { V: unsafe.content }, register: 'told', ...each },
      { assert: { that: ['item.stdout == item.item.content ~ "|" ~ item.item.content ~ "|"'] }, loop: '{{ told.results }}', loop_control: { label: '-' } },
      { user: { name: 'u{{ index }}', comment: unsafe.comment, create_home: false }, loop: each.loop, loop_control: { label: '-', index_var: 'index' }, when: 'index < 5' },
      { stat: { path: `/srv/play/${unsafe.name}` }, register: 'there', ...each },
      { assert: { that: ['item.stat.exists', 'item.stat.checksum == item.item.content | hash("sha1")'] }, loop: '{{ there.results }}', loop_control: { label: '-' } },
    ],
  }]))
  const done = await runTutti('run', join(folder, 'play.yml'), '-i', lab.file)
  const failed = done.events.filter(({ type, result }) => type === 'item' && result.status === 'failed').map(({ result }) => `${result.reason} ${JSON.stringify(result.outputs).slice(0, 300)}`)
  expect(failed.slice(0, 3), done.output).toEqual([])
  expect(done.exitCode, done.output).toBe(0)
  const comments = (await lab.hosts[0]!.run('getent passwd u0 u1 u2 u3 u4')).stdout.trim().split('\n').map((entry) => entry.split(':')[4])
  expect(comments).toEqual(values.slice(0, 5).map(({ comment }) => comment))
  const lines = await connection.shell({ method: 'sudo', user: 'root' }).run(values.map((value) => `cat -- ${quote(`/srv/play/line ${value.name}`)}`).join('; '))
  expect(lines.stdout.toString()).toBe(values.map((value) => `${value.line}\n`).join(''))
  await noCanary()
})
