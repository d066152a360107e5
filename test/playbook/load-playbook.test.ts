import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createLoader } from '../../src/playbook/load-playbook.ts'
import { listTasks } from '../../src/playbook/task-list.ts'
import type { Block, Entry, Task } from '../../src/playbook/tree.ts'
import { Problem, Problems } from '../../src/problem/problem.ts'
import { TemplateString, dict } from '../../src/value/value.ts'
import { load, problemsIn, problemsOfLoading, project } from './project.ts'

const ALL = { tags: [], skipTags: [] }
const only = (entries: readonly Entry[]): Task => entries[0] as Task
const task = (yaml: string): Task => only(load({ 'site.yml': `- hosts: all\n  tasks:\n    - ${yaml.replaceAll('\n', '\n      ')}\n` }).plays[0]!.tasks)
const wrong = (yaml: string) => problemsIn({ 'site.yml': `- hosts: all\n  tasks:\n    - ${yaml.replaceAll('\n', '\n      ')}\n` })

describe('a task', () => {
  test('takes its arguments from a mapping', () => {
    expect(task('ansible.builtin.copy: {src: a, dest: /b}')).toMatchObject({ action: 'copy', actionAsWritten: 'ansible.builtin.copy', args: dict({ src: 'a', dest: '/b' }) })
  })
  test('takes name=value arguments, with quotes and braces', () => {
    const { args } = task(`copy: dest=/b content="a b" mode='0644' src={{ x | default('q w') }}`)
    expect([...args]).toMatchObject([['dest', '/b'], ['content', 'a b'], ['mode', '0644'], ['src', { source: "{{ x | default('q w') }}" }]])
  })
  test('keeps a command whole but for its options', () => {
    expect(task('shell: FOO=1 echo "a=b"  c creates=/x chdir=/tmp').args).toEqual(dict({ creates: '/x', chdir: '/tmp', _raw_params: 'FOO=1 echo "a=b"  c' }))
  })
  test('merges args below the action', () => {
    expect(task('command: echo creates=/a\nargs: {creates: /b, chdir: /c}').args).toEqual(dict({ creates: '/a', chdir: '/c', _raw_params: 'echo' }))
  })
  test('may have its arguments from one template', () => {
    const { args, argsTemplate } = task('copy: "{{ it }}"')
    expect(args.size).toBe(0)
    expect(argsTemplate).toBeInstanceOf(TemplateString)
  })
  test('may be written with action and local_action', () => {
    expect(task('action: copy src=a dest=b')).toMatchObject({ action: 'copy', args: dict({ src: 'a', dest: 'b' }) })
    expect(task('action: {module: copy, src: a}')).toMatchObject({ action: 'copy', args: dict({ src: 'a' }) })
    expect(task('local_action: command echo hi')).toMatchObject({ action: 'command', delegateTo: 'localhost', args: dict({ _raw_params: 'echo hi' }) })
  })
  test('reads names of collections as the module they mean', () => {
    expect(task('community.general.ufw: {state: enabled}').action).toBe('ufw')
    expect(task('ansible.builtin.systemd_service: {name: x}').action).toBe('systemd')
    expect(task('my.own.thing: {a: 1}').action).toBe('my.own.thing')
  })
  test('keeps conditions with their places, and booleans as booleans', () => {
    const { when, changedWhen } = task('ping:\nwhen:\n  - a is defined\n  - true\nchanged_when: "{{ b }}"')
    expect(when.map(({ expression, span }) => [expression, span.line])).toEqual([['a is defined', 5], [true, 6]])
    expect(changedWhen).toMatchObject([{ expression: '{{ b }}' }])
  })
  test('reads loops', () => {
    expect(task('debug: var=i\nwith_dict: {a: 1}\nloop_control: {loop_var: i, index_var: n, label: x, pause: 2, extended: yes}').loop).toMatchObject({
      lookup: 'dict', over: dict({ a: 1 }), loopVar: 'i', indexVar: 'n', label: 'x', pause: 2, extended: true,
    })
    expect(task('debug: var=item\nloop: "{{ l }}"').loop).toMatchObject({ lookup: 'loop', loopVar: 'item', extended: false })
  })
  test('reads the other keywords with their types', () => {
    expect(task('ping:\nbecome: "yes"\nbecome_user: root\nretries: "3"\nuntil: r is success\nregister: r\nnotify: [a, b]\ntags: a, b\nenvironment: {A: b}\nasync: 10\npoll: 0')).toMatchObject({
      become: true, becomeUser: 'root', retries: 3, register: 'r', notify: ['a', 'b'], tags: ['a', 'b'], environment: [dict({ A: 'b' })], async: 10, poll: 0,
    })
  })
  test.each([
    ['dbug: msg=hi', 'unknown-module@site.yml:3:7'],
    ['debug: msg=hi\ncopy: src=a', 'conflicting-actions@site.yml:4:7'],
    ['debug: msg=hi\nwhn: x', 'unknown-keyword@site.yml:4:7'],
    ['name: x', 'no-action@site.yml:3:7'],
    ['debug: var=item\nloop: [1]\nwith_items: [1]', 'several-loops@site.yml:5:7'],
    ['ping:\nbecome: perhaps', 'wrong-type@site.yml:4:15'],
    ['ping:\nretries: many', 'wrong-type@site.yml:4:16'],
    ['ping:\ntags: {a: b}', 'wrong-type@site.yml:4:13'],
    ['ping:\nregister: a-b', 'bad-variable-name@site.yml:4:17'],
    ['ping:\nvars: {a-b: 1}', 'bad-variable-name@site.yml:4:14'],
    ['ping:\nloop: {a: 1}', 'wrong-type@site.yml:4:13'],
    ['ping:\nloop: [1]\nloop_control: {loopvar: x}', 'unknown-keyword@site.yml:5:22'],
    ['copy: a b', 'free-form-arguments@site.yml:3:13'],
    ['copy: src="a', 'unbalanced-quotes@site.yml:3:13'],
    ['include_tasks: x.yml\nbecome: true', 'keyword-of-include@site.yml:4:7'],
    ['import_tasks: x.yml', 'file-not-found@site.yml:3:21'],
    ['import_tasks: x.yml\nloop: [1]', 'loop-on-import@site.yml:4:7'],
    ['import_role: {name: x}', 'role-not-found@site.yml:3:27'],
    ['import_role: {nme: x, name: y}', 'unknown-parameter@site.yml:3:26'],
    ['meta: flush', 'unknown-meta@site.yml:3:7'],
    ['import_tasks: "{{ nobody_knows }}.yml"', 'import-name-unknown@site.yml:3:22'],
    ['debug: {msg: "{{ a"}', 'template-syntax@site.yml:3:21'],
    ['ping:\nwhen: a b', 'template-syntax@site.yml:4:15'],
    ['debug: {msg: "{{ a | uper }}"}', 'unknown-filter@site.yml:3:28'],
    ['assert: {that: [a]}\nchanged_when: a is smthing', 'unknown-test@site.yml:4:26'],
    ['debug: var=item\nwith_itms: [1]', 'unknown-lookup@site.yml:4:7'],
    ['import_tasks: a.yml x=1', 'unknown-parameter@site.yml:3:21'],
    ['rescue: []', 'rescue-without-block@site.yml:3:7'],
    ['just text', 'not-a-task@site.yml:3:7'],
  ])('refuses %j', (yaml, expected) => expect(wrong(yaml)).toContain(expected))
  test('says the nearest name', () => expect(problemsOfLoading({ 'site.yml': '- hosts: all\n  tasks:\n    - cpy: {}\n' })[0]!.hint).toBe("did you mean 'copy'?"))
})

describe('a block', () => {
  test('keeps its sections and what they inherit', () => {
    const block = load({ 'site.yml': '- hosts: all\n  tasks:\n    - name: b\n      become: true\n      when: x\n      block: [{ping: }]\n      rescue: [{ping: }]\n      always: [{ping: }, {ping: }]\n' }).plays[0]!.tasks[0] as Block
    expect(block).toMatchObject({ kind: 'block', name: 'b', become: true, when: [{ expression: 'x' }] })
    expect([block.block.length, block.rescue.length, block.always.length]).toEqual([1, 1, 2])
  })
  test('refuses what belongs to tasks', () => expect(wrong('block: [{ping: }]\nregister: x')).toEqual(['unknown-keyword@site.yml:4:7']))
})

describe('a play', () => {
  test('keeps its own keywords', () => {
    const yaml = '- hosts: [a, b]\n  gather_facts: no\n  serial: [1, 50%]\n  max_fail_percentage: 20%\n  strategy: free\n  vars_files: [a.yml, [b.yml, c.yml]]\n  vars_prompt: [{name: p, private: no, default: ""}]\n  user: me\n'
    expect(load({ 'site.yml': yaml, 'a.yml': '', 'vars/c.yml': '' }).plays[0]).toMatchObject({
      name: 'a,b', hosts: ['a', 'b'], gatherFacts: false, serial: [1, '50%'], maxFailPercentage: 20, strategy: 'free', remoteUser: 'me',
      varsFiles: ['a.yml', ['b.yml', 'c.yml']], varsPrompt: [{ name: 'p', private: false, default: '', confirm: false, unsafe: false }],
    })
  })
  test.each([
    ['- tasks: []', 'hosts-missing@site.yml:1:3'], ['- hosts: []', 'hosts-empty@site.yml:1:3'], ['hosts: all', 'not-a-playbook@site.yml:1:1'],
    ['- hosts: all\n  gather_fact: no', 'unknown-keyword@site.yml:2:3'], ['- hosts: all\n  serial: some', 'wrong-type@site.yml:2:11'],
    ['- hosts: all\n  tasks: {ping: }', 'wrong-type@site.yml:2:10'], ['- hosts: all\n  roles: [{become: yes}]', 'role-without-name@site.yml:2:11'],
    ['- import_playbook: no.yml', 'file-not-found@site.yml:1:20'], ['- import_playbook: site.yml', 'import-circle@site.yml:1:3'], ['', 'playbook-empty@site.yml:1:1'],
  ])('refuses %j', (yaml, expected) => expect(problemsIn({ 'site.yml': yaml })).toEqual([expected]))
  test('imports playbooks with what the import says', () => {
    const { plays } = load({
      'site.yml': '- import_playbook: sub/other.yml\n  tags: t\n  when: w\n  vars: {v: 1, x: 1}\n',
      'sub/other.yml': '- hosts: all\n  tags: own\n  vars: {v: 0}\n  roles: [near]\n', 'sub/roles/near/tasks/main.yml': '- ping:\n',
    })
    expect(plays[0]).toMatchObject({ tags: ['own', 't'], when: [{ expression: 'w' }], vars: dict({ v: 1, x: 1 }), roles: [{ role: { name: 'near' } }] })
  })
})

describe('imported tasks', () => {
  const files = {
    'site.yml': '- hosts: all\n  tasks:\n    - import_tasks: sub/a.yml\n      tags: t\n      when: w\n      vars: {v: 1}\n      become: true\n',
    'sub/a.yml': '- import_tasks: b.yml\n', 'sub/b.yml': '- ping:\n',
  }
  test('stand in a block with what the import says', () => {
    const block = load(files).plays[0]!.tasks[0] as Block
    expect(block).toMatchObject({ kind: 'block', tags: ['t'], when: [{ expression: 'w' }], vars: dict({ v: 1 }), become: true })
    expect(block.importedFrom).toMatch(/sub\/a\.yml$/)
    expect((block.block[0] as Block).block[0]).toMatchObject({ action: 'ping' })
  })
  test('are refused in circles', () => expect(problemsIn({ ...files, 'sub/b.yml': '- import_tasks: a.yml\n' })).toEqual(['import-circle@b.yml:1:3']))
  test('may be named by what is known without hosts', () => {
    const named = { ...files, 'site.yml': '- hosts: all\n  vars: {v: sub}\n  tasks:\n    - import_tasks: "{{ v }}/a.yml"\n' }
    expect((load(named).plays[0]!.tasks[0] as Block).importedFrom).toMatch(/sub\/a\.yml$/)
  })
  test('may be named by variables of a file', () => {
    const named = { ...files, 'site.yml': '- hosts: all\n  vars_files: [v.yml]\n  tasks:\n    - import_tasks: "{{ v }}/a.yml"\n', 'v.yml': 'v: sub\n' }
    expect((load(named).plays[0]!.tasks[0] as Block).importedFrom).toMatch(/sub\/a\.yml$/)
  })
  test('all problems of all files are told at once', () => {
    const both = { 'site.yml': '- hosts: all\n  tsks: []\n  tasks:\n    - import_tasks: a.yml\n    - name: nothing\n', 'a.yml': '- pong:\n' }
    expect(problemsIn(both)).toEqual(['unknown-keyword@site.yml:2:3', 'unknown-module@a.yml:1:3', 'no-action@site.yml:5:7'])
  })
  test('an old include is one, or a dynamic include where it has a loop', () => {
    const old = { 'site.yml': '- hosts: all\n  tasks:\n    - include: a.yml x=1\n    - include: a.yml\n      loop: [1]\n', 'a.yml': '- ping:\n' }
    expect(load(old).plays[0]!.tasks).toMatchObject([{ kind: 'block', vars: dict({ x: '1' }) }, { kind: 'task', action: 'include_tasks' }])
  })
})

describe('a role', () => {
  const files = {
    'site.yml': '- hosts: all\n  roles:\n    - role: web\n      tags: [r]\n      http_port: 80\n      vars: {x: 1}\n    - web\n',
    'roles/web/tasks/main.yml': '- name: t\n  ping:\n- import_tasks: more.yml\n', 'roles/web/tasks/more.yml': '- ping:\n', 'roles/web/tasks/other.yml': '- debug: msg=o\n',
    'roles/web/defaults/main/a.yml': 'a: 1\n', 'roles/web/defaults/main/b.yaml': 'b: 2\na: 2\n', 'roles/web/vars/main.json': '{"c": 3}',
    'roles/web/handlers/main.yml': '- name: h\n  listen: topic\n  ping:\n', 'roles/web/meta/main.yml': 'dependencies: [{role: base, tags: d}]\nallow_duplicates: yes\n',
    'roles/base/tasks/main.yml': '- name: b\n  ping:\n', 'roles/base/meta/argument_specs.yml': 'argument_specs: {main: {short_description: S, options: {o: {type: str}}}}\n',
  }
  test('is read with all its files', () => {
    const { roles } = load(files).plays[0]!
    expect(roles[0]).toMatchObject({ tags: ['r'], params: dict({ http_port: 80 }), vars: dict({ x: 1 }) })
    expect(roles[0]!.role).toMatchObject({ name: 'web', defaults: dict({ a: 2, b: 2 }), vars: dict({ c: 3 }), allowDuplicates: true, handlers: [{ name: 'h', listen: ['topic'] }] })
    expect(roles[0]!.role.dependencies[0]).toMatchObject({ tags: ['d'], role: { name: 'base' } })
    expect(roles[1]!.role).toBe(roles[0]!.role)
  })
  test('is listed with its dependencies first', () => {
    const names = listTasks(load(files).plays[0]!, ALL).map(({ name, tags }) => `${name} ${tags}`)
    expect(names.slice(0, 4)).toEqual(["base : Validating arguments against arg spec 'main' - S always,d,r", 'base : b d,r', 'web : t r', 'ping r'])
  })
  test('is imported with other files', () => {
    const imported = { ...files, 'site.yml': '- hosts: all\n  tasks:\n    - import_role: {name: web, tasks_from: other, public: no}\n      become: true\n' }
    const block = load(imported).plays[0]!.tasks[0] as Block
    expect(block).toMatchObject({ become: true, importedRole: { role: { name: 'web' }, public: false, allowDuplicates: true } })
    expect(block.block).toMatchObject([{ importedRole: { role: { name: 'base' } } }, { action: 'debug' }])
  })
  test('is refused where a file that was asked for is missing', () => {
    expect(problemsIn({ ...files, 'site.yml': '- hosts: all\n  tasks:\n    - import_role: {name: web, tasks_from: gone}\n' })).toEqual(['role-file-not-found@site.yml:3:27'])
  })
  test('is refused where roles need each other', () => {
    expect(problemsIn({ ...files, 'roles/base/meta/main.yml': 'dependencies: [web]\n' })).toEqual(['import-circle@main.yml:1:16'])
  })
  test('tells every place it was looked for', () => {
    const [problem] = problemsOfLoading({ 'site.yml': '- hosts: all\n  roles: [wbe]\n', 'roles/web/tasks/main.yml': '' }, { rolesPath: ['/far/roles'] })
    expect(problem).toMatchObject({ code: 'role-not-found', hint: "did you mean 'web'?" })
    expect(problem!.detail).toMatch(/roles\/wbe, \/far\/roles\/wbe, /)
  })
  test('of a collection is found by its full name', () => {
    const { roles } = load({ 'site.yml': '- hosts: all\n  roles: [ns.coll.r]\n', 'collections/ansible_collections/ns/coll/roles/r/tasks/main.yml': '- ping:\n' }).plays[0]!
    expect(roles[0]!.role).toMatchObject({ name: 'ns.coll.r', collections: ['ns.coll'] })
  })
})

describe('what is wrong with modules', () => {
  const bad = new Problem({ code: 'unknown-parameter', summary: 'no such parameter' })
  const catalog = { names: () => ['copy', 'ping'], find: (action: string) => (action === 'copy' ? { problems: (args: ReadonlyMap<unknown, unknown>) => (args.has('bad') ? [bad] : []) } : action === 'ping' ? { problems: () => [] } : undefined) }
  const at = (yaml: string, options = {}) => {
    const warnings: string[] = []
    const problems = problemsIn({ 'site.yml': `- hosts: all\n  tasks:\n    - ${yaml.replaceAll('\n', '\n      ')}\n` }, { catalog, warn: ({ code }) => warnings.push(code), ...options })
    return { problems, warnings }
  }
  test('is refused where the task surely runs', () => {
    expect(at('copy: {bad: 1}').problems).toEqual(['unknown-parameter@site.yml:3:7'])
    expect(at('apt: {name: x}').problems).toEqual(['module-not-offered@site.yml:3:7'])
  })
  test.each(['copy: {bad: 1}\nwhen: x', 'copy: {bad: 1}\nignore_errors: yes', 'copy: {bad: 1}\nloop: "{{ l }}"', 'block: [{copy: {bad: 1}}]\nrescue: [{ping: }]', 'block: [{copy: {bad: 1}}]\nwhen: x'])(
    'is only warned about where it may not run: %j', (yaml) => expect(at(yaml)).toEqual({ problems: [], warnings: ['unknown-parameter'] }))
  test('is only warned about where no host or tag leads there', () => {
    expect(at('copy: {bad: 1}', { playReached: () => false }).problems).toEqual([])
    expect(at('copy: {bad: 1}\ntags: t', { tagsReached: (tags: readonly string[]) => !tags.includes('t') }).problems).toEqual([])
  })
  test('is told where a project brings modules of its own', () => {
    const own = { 'site.yml': '- hosts: all\n  tasks:\n    - mine: {a: 1}\n', 'library/mine.py': '' }
    expect(problemsIn(own, { catalog })).toEqual(['own-module@site.yml:3:7'])
    expect(problemsIn({ ...own, 'site.yml': own['site.yml'] + '      when: x\n' }, { catalog })).toEqual([])
  })
  test('counts in a role as its use does', () => {
    const role = (use: string) => problemsIn({ 'site.yml': `- hosts: all\n  roles: [${use}]\n`, 'roles/r/tasks/main.yml': '- copy: {bad: 1}\n' }, { catalog })
    expect(role('r')).toEqual(['unknown-parameter@main.yml:1:3'])
    expect(role('{role: r, when: x}')).toEqual([])
    expect(role('{role: r, when: x}, r')).toEqual(['unknown-parameter@main.yml:1:3'])
  })
})

describe('dynamic includes', () => {
  const files = { 'site.yml': '- hosts: all\n  tasks:\n    - include_tasks: a.yml\n', 'a.yml': '- ping:\n', 'bad.yml': '- pong:\n', 'roles/r/tasks/main.yml': '- ping:\n' }
  test('are read when they are reached, each file once', () => {
    const directory = project(files)
    const loader = createLoader({ rolesPath: [] })
    const home = (loader.playbook(join(directory, 'site.yml')).plays[0]!.tasks[0] as Task).home
    const first = loader.tasks(join(directory, 'a.yml'), home, false)
    expect(first).toMatchObject([{ action: 'ping' }])
    expect(loader.tasks(join(directory, 'a.yml'), home, false)).toBe(first)
    expect(loader.role('r', home, { tasksFrom: 'main' })).toMatchObject({ name: 'r', tasks: [{ action: 'ping' }] })
    expect(() => loader.tasks(join(directory, 'bad.yml'), home, false)).toThrow(Problems)
    expect(() => loader.role('gone', home, {})).toThrow(/looked for at/)
  })
})
