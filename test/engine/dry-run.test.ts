import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runIn, runYaml } from './run-yaml.ts'

const play = (tasks: string, more = ''): string => `- hosts: all\n  gather_facts: false\n${more}  tasks:\n${tasks.replace(/^/gm, '    ')}`

let directory: string
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'tutti-dry-'))))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Dry run, real run, second run: statuses side by side; what the dry run announced must be what the real run did. */
async function threeRuns(source: string) {
  const before = readdirSync(directory)
  const dry = await runIn(directory, source, { check: true })
  expect(readdirSync(directory).filter((name) => !['playbook.yml', 'hosts.ini'].includes(name))).toEqual(before.filter((name) => !['playbook.yml', 'hosts.ini'].includes(name)))
  const real = await runIn(directory, source)
  const second = await runIn(directory, source)
  return { dry, real, second }
}
const statuses = (ran: { results: readonly string[] }) => ran.results.map((line) => line.split(' ')[1])

describe('the planned world', () => {
  test('a directory of task 1 exists for task 2; a file of task 3 can be edited by task 4', async () => {
    const { dry, real, second } = await threeRuns(play(`- { name: dir, file: { path: DIR/a/b, state: directory } }
- { name: inside, copy: { content: "port=6379\\n", dest: DIR/a/b/conf } }
- { name: edit, lineinfile: { path: DIR/a/b/conf, regexp: "^port=", line: port=7000 } }
- { name: seen, stat: { path: DIR/a/b/conf }, register: st }
- { name: told, debug: { msg: "{{ st.stat.exists }} {{ st.stat.size }}" } }`))
    expect(statuses(dry)).toEqual(['changed', 'changed', 'changed', 'ok', 'ok'])
    expect(statuses(real)).toEqual(statuses(dry))
    expect(dry.outputs('told').msg).toBe('True 10')
    expect(real.outputs('told').msg).toBe('True 10')
    expect(dry.result('edit').diff).toEqual(real.result('edit').diff)
    expect(statuses(second).slice(0, 1)).toEqual(['ok'])
    expect(readFileSync(join(directory, 'a/b/conf'), 'utf8')).toBe('port=7000\n')
  })

  test('what the real run fails at, the dry run fails at', async () => {
    const source = play(`- { name: missing parent, copy: { content: x, dest: DIR/none/such/file } }`)
    const dry = await runIn(directory, source, { check: true })
    const real = await runIn(directory, source)
    expect([statuses(dry), statuses(real)]).toEqual([['failed'], ['failed']])
    expect(dry.result('missing parent').reason).toBe(real.result('missing parent').reason)
  })

  test('a removed directory takes its content with it', async () => {
    const { dry, real } = await threeRuns(play(`- { name: make, file: { path: DIR/gone, state: directory } }
- { name: fill, copy: { content: x, dest: DIR/gone/file } }
- { name: remove, file: { path: DIR/gone, state: absent } }
- { name: look, stat: { path: DIR/gone/file }, register: st }
- { name: told, debug: { msg: "{{ st.stat.exists }}" } }`))
    expect(statuses(dry)).toEqual(statuses(real))
    expect(dry.outputs('told').msg).toBe(false)
  })

  test('links are followed to where they will point', async () => {
    const { dry, real } = await threeRuns(play(`- { name: dir, file: { path: DIR/target, state: directory } }
- { name: link, file: { src: DIR/target, dest: DIR/link, state: link } }
- { name: through, copy: { content: x, dest: DIR/link/file } }
- { name: look, stat: { path: DIR/target/file }, register: st }
- { name: told, debug: { msg: "{{ st.stat.exists }}" } }`))
    expect(statuses(dry)).toEqual(statuses(real))
    expect(dry.outputs('told').msg).toBe(true)
  })
})

describe('what cannot be known', () => {
  test('an opaque command is unknown, and so is what hangs on its result; the rest is not', async () => {
    const ran = await runYaml(play(`- { name: opaque, command: touch DIR/made, register: r }
- { name: hangs on it, debug: { msg: "{{ r.stdout }}" }, when: r.stdout != '' }
- { name: does not, copy: { content: x, dest: DIR/x } }
- { name: settled by its author, command: touch DIR/made, changed_when: false }`), { check: true })
    expect(statuses(ran)).toEqual(['unknown', 'unknown', 'changed', 'ok'])
    expect(ran.result('does not').assuming).toBe("task 'opaque'")
    expect(ran.result('hangs on it').reason).toMatch(/opaque/)
  })

  test('creates and removes settle a command', async () => {
    writeFileSync(join(directory, 'there'), '')
    const ran = await runIn(directory, play(`- { name: there, command: { cmd: touch x, creates: DIR/there } }
- { name: planned, file: { path: DIR/new, state: touch } }
- { name: made by then, command: { cmd: touch x, creates: DIR/new } }
- { name: not there, command: { cmd: touch x, removes: DIR/none } }`), { check: true })
    expect(statuses(ran)).toEqual(['ok', 'changed', 'ok', 'ok'])
  })

  test('programs that only read are run, and agree with the real run', async () => {
    writeFileSync(join(directory, 'file'), 'hello\n')
    const source = play(`- { name: read, command: cat DIR/file, register: r, changed_when: false }
- { name: hangs on it, debug: { msg: "{{ r.stdout }}" }, when: r.stdout == 'hello' }
- { name: change, copy: { content: "other\\n", dest: DIR/file } }
- { name: read again, command: cat DIR/file, register: s, changed_when: false }
- { name: cannot be known, debug: { msg: "{{ s.stdout }}" } }`)
    const dry = await runIn(directory, source, { check: true })
    expect(statuses(dry)).toEqual(['ok', 'ok', 'changed', 'ok', 'ok'])
    expect(dry.outputs('hangs on it').msg).toBe('hello')
    expect(dry.outputs('cannot be known').msg).toHaveProperty('unknown')
  })

  test('a task that may or may not happen: nothing to change is nothing either way, else what it touches is unknown', async () => {
    writeFileSync(join(directory, 'same'), 'x')
    const ran = await runIn(directory, play(`- { name: opaque, command: touch DIR/made, register: r }
- { name: same, copy: { content: x, dest: DIR/same }, when: r.rc == 0 }
- { name: other, copy: { content: y, dest: DIR/other }, when: r.rc == 0 }
- { name: edit, lineinfile: { path: DIR/other, line: z } }`), { check: true })
    expect(statuses(ran)).toEqual(['unknown', 'ok', 'unknown', 'unknown'])
  })

  test('a failure after something unknown is unknown, not a false alarm', async () => {
    const ran = await runYaml(play(`- { name: build, command: make-something DIR/out }
- { name: use, copy: { remote_src: true, src: DIR/out, dest: DIR/in } }`), { check: true })
    expect(statuses(ran)).toEqual(['unknown', 'unknown'])
    expect(ran.exitCode).toBe(0)
  })

  test('so is one after a task of which it is not known what it is asked, unless that only looks', async () => {
    const after = (task: string) => runYaml(play(`- { name: planned, copy: { content: x, dest: DIR/a } }
- { name: when, stat: { path: DIR/a }, register: s }
- ${task}
- { name: use, slurp: { src: DIR/nowhere } }`), { check: true })
    expect(statuses(await after('{ name: anything, copy: { content: x, dest: "DIR/{{ s.stat.mtime }}" } }'))).toEqual(['changed', 'ok', 'unknown', 'unknown'])
    expect(statuses(await after('{ name: looks, stat: { path: "DIR/{{ s.stat.mtime }}" } }'))).toEqual(['changed', 'ok', 'unknown', 'failed'])
  })

  test('a task skipped only because this is a dry run is unknown', async () => {
    const ran = await runYaml(play(`- { name: real only, copy: { content: x, dest: DIR/x }, when: not ansible_check_mode }
- { name: never, copy: { content: x, dest: DIR/x }, when: [not ansible_check_mode, false] }`), { check: true })
    expect(statuses(ran)).toEqual(['unknown', 'skipped'])
  })

  test('check_mode: false runs nothing of which it is unknown whether it happens', async () => {
    const ran = await runIn(directory, play(`- { name: opaque, command: touch DIR/made, register: r }
- { name: real, command: touch DIR/real, check_mode: false, when: r.rc == 0 }
- { name: until, command: touch DIR/real, check_mode: false, when: r.rc == 0, register: u, until: u.stdout == '', retries: 2, delay: 0 }
- { name: on it, debug: { msg: "{{ real.rc }}" }, when: r.rc == 0 }`), { check: true })
    expect(statuses(ran)).toEqual(['unknown', 'unknown', 'unknown', 'unknown'])
    expect(ran.exitCode).toBe(0)
    expect(readdirSync(directory)).not.toContain('real')
  })

  test('check_mode: false runs for real; check_mode: true in a real run does nothing', async () => {
    const dry = await runIn(directory, play(`- { name: real, command: touch DIR/real, check_mode: false }`), { check: true })
    expect(statuses(dry)).toEqual(['changed'])
    expect(readdirSync(directory)).toContain('real')
    const real = await runIn(directory, play(`- { name: dry, copy: { content: x, dest: DIR/dry }, check_mode: true }
- { name: not there, stat: { path: DIR/dry }, register: st }
- { name: told, debug: { msg: "{{ st.stat.exists }}" } }`))
    expect(statuses(real)[0]).toBe('changed')
    expect(real.outputs('told').msg).toBe(false)
  })
})

describe('looking ahead', () => {
  test('gives the same events as not looking ahead', async () => {
    const source = play(`- { name: one, copy: { content: a, dest: DIR/f } }
- { name: two, lineinfile: { path: DIR/f, line: b } }
- { name: three, command: cat DIR/f, register: r }
- { name: four, copy: { content: "{{ r.stdout }}", dest: DIR/g } }
- { name: five, stat: { path: DIR/g }, register: st }
- { name: six, debug: { msg: "{{ st.stat.checksum }}" } }`)
    const shape = async (lookAhead: boolean) => {
      rmSync(directory, { recursive: true, force: true })
      const ran = [await runIn(directory, source, { settings: { lookAhead } }), await runIn(directory, source, { settings: { lookAhead } })]
      return ran.flatMap((one) => [...one.results, one.outputs('six').msg])
    }
    expect(await shape(true)).toEqual(await shape(false))
  })
})

test('check_mode: false that names what is planned is unknown, and so is its failure after a plan', async () => {
  writeFileSync(join(directory, 'f'), 'old\n')
  const ran = await runIn(directory, play(`- { name: change, copy: { content: "new\\n", dest: DIR/f } }
- { name: reads it, command: cat DIR/f, check_mode: false, changed_when: false, register: r }
- { name: told, debug: { msg: "{{ r.stdout }}" } }
- { name: fails, command: no-such-program, check_mode: false }
- { name: other, command: echo hi, check_mode: false }`), { check: true })
  expect(statuses(ran)).toEqual(['changed', 'ok', 'ok', 'unknown', 'changed'])
  expect(ran.outputs('told').msg).toHaveProperty('unknown')
})

test('a loop over what is not there is skipped where the task is', async () => {
  const ran = await runYaml(play(`- { name: a, debug: {}, loop: "{{ r.files }}", when: [false, item.path == 'x'], vars: { r: {} } }
- { name: b, debug: {}, loop: "{{ r.files }}", vars: { r: {} } }`))
  expect(statuses(ran)).toEqual(['skipped', 'failed'])
})

test('variables that an unknown task would set are unknown, not undefined', async () => {
  const ran = await runYaml(play(`- { name: opaque, command: probe-it, register: r, changed_when: false }
- { name: sets, set_fact: { colour: red }, when: r.stdout == 'x' }
- { name: uses, debug: { msg: "{{ colour }}" } }
- { name: loads, include_vars: "{{ r.stdout }}.yml" }
- { name: needs, copy: { content: "{{ from_file }}", dest: DIR/x } }`), { check: true })
  expect(statuses(ran)).toEqual(['ok', 'unknown', 'ok', 'unknown', 'unknown'])
  expect(ran.exitCode).toBe(0)
})
