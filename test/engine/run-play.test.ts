import { describe, expect, test } from 'vitest'
import { runYaml } from './run-yaml.ts'

const play = (tasks: string, more = ''): string => `- hosts: all\n  gather_facts: false\n${more}  tasks:\n${tasks.replace(/^/gm, '    ')}`

describe('blocks', () => {
  test('a failure goes to rescue, always runs, and the play goes on', async () => {
    const ran = await runYaml(play(`- block:
    - { name: breaks, fail: { msg: nope } }
    - { name: never, debug: {} }
  rescue:
    - { name: told, debug: { msg: "{{ ansible_failed_task.name }}: {{ ansible_failed_result.msg }}" } }
  always:
    - { name: last, debug: {} }
- { name: after, debug: {} }`))
    expect(ran.results).toEqual(['h1 failed breaks', 'h1 ok told', 'h1 ok last', 'h1 ok after'])
    expect(ran.outputs('told').msg).toBe('breaks: nope')
    expect(ran.exitCode).toBe(0)
    const recap = ran.events.find((event) => event.type === 'recap')
    expect(recap?.type === 'recap' && recap.hosts.get('h1')).toMatchObject({ ok: 3, failed: 0, rescued: 1 })
  })

  test('without rescue the host is out after always', async () => {
    const ran = await runYaml(play(`- block:
    - { name: breaks, fail: { msg: nope } }
  always:
    - { name: last, debug: {} }
- { name: after, debug: {} }`))
    expect(ran.results).toEqual(['h1 failed breaks', 'h1 ok last'])
    expect(ran.exitCode).toBe(2)
  })

  test('conditions, tags and variables of blocks are inherited', async () => {
    const ran = await runYaml(play(`- when: n == 1
  vars: { n: 1, text: outer }
  block:
    - { name: one, debug: { msg: "{{ text }}" } }
    - { name: two, debug: { msg: "{{ text }}" }, vars: { text: inner } }
- when: false
  block:
    - { name: three, debug: {} }`))
    expect(ran.results).toEqual(['h1 ok one', 'h1 ok two', 'h1 skipped three'])
    expect([ran.outputs('one').msg, ran.outputs('two').msg]).toEqual(['outer', 'inner'])
  })
})

describe('loops and results', () => {
  test('items, labels, index and extended variables; the result lists all of them', async () => {
    const ran = await runYaml(play(`- name: all of them
  debug: { msg: "{{ i }}{{ thing.n }}{{ ansible_loop.last }}" }
  loop: [{ n: a }, { n: b }]
  loop_control: { loop_var: thing, index_var: i, label: "{{ thing.n }}", extended: true }
  register: r
- { name: seen, debug: { msg: "{{ r.results | map(attribute='msg') | list }}" } }`))
    expect(ran.outputs('seen').msg).toEqual(['0aFalse', '1bTrue'])
    expect(ran.events.flatMap((event) => (event.type === 'item' ? [event.result.item] : []))).toEqual(['a', 'b'])
  })

  test('a condition is asked for each item; no items is a skip', async () => {
    const ran = await runYaml(play(`- { name: some, debug: {}, loop: [1, 2, 3], when: item > 2, register: r }
- { name: count, debug: { msg: "{{ r.results | selectattr('skipped', 'defined') | length }}" } }
- { name: none, debug: {}, loop: [] }`))
    expect(ran.results).toEqual(['h1 ok some', 'h1 ok count', 'h1 skipped none'])
    expect(ran.outputs('count').msg).toBe(2)
  })

  test('until tries again and keeps count', async () => {
    const ran = await runYaml(play(`- name: wait for it
  shell: echo x >> DIR/count; wc -l < DIR/count
  register: r
  until: r.stdout | int >= 3
  retries: 5
  delay: 0
- { name: tries, debug: { msg: "{{ r.attempts }}" } }
- name: in vain
  command: "false"
  register: s
  until: s.rc == 0
  retries: 1
  delay: 0
  ignore_errors: true
- { name: tried, debug: { msg: "{{ s.attempts }} {{ s is failed }}" } }`))
    expect(ran.outputs('tries').msg).toBe(3)
    expect(ran.outputs('tried').msg).toBe('1 True')
    expect(ran.exitCode).toBe(0)
  })

  test('changed_when and failed_when decide', async () => {
    const ran = await runYaml(play(`- { name: calm, command: "true", changed_when: false }
- { name: fine, command: "false", register: r, failed_when: r.rc > 1 }
- { name: bad, command: "true", register: r, failed_when: [r.rc == 0, "'x' in 'xyz'"], ignore_errors: true }`))
    expect(ran.results).toEqual(['h1 ok calm', 'h1 changed fine', 'h1 failed bad'])
    expect(ran.exitCode).toBe(0)
  })
})

describe('handlers', () => {
  test('run once, in the order of their definition, at the end of the tasks or when flushed', async () => {
    const ran = await runYaml(play(`- { name: a, command: "true", notify: [second, first] }
- { name: b, command: "true", notify: first }
- { name: now, meta: flush_handlers }
- { name: c, command: "true", notify: topic }`, `  handlers:
    - { name: first, debug: {} }
    - { name: second, debug: {} }
    - { name: third, debug: {}, listen: topic }
`))
    expect(ran.results).toEqual(['h1 changed a', 'h1 changed b', 'h1 ok first', 'h1 ok second', 'h1 changed c', 'h1 ok third'])
  })

  test('a failed host owes them unless they are forced', async () => {
    const source = (force: boolean) => `- hosts: all
  gather_facts: false
  force_handlers: ${force}
  tasks:
    - { name: a, command: "true", notify: h }
    - { name: b, fail: {} }
  handlers: [{ name: h, debug: {} }]`
    expect((await runYaml(source(false))).results).toEqual(['h1 changed a', 'h1 failed b'])
    expect((await runYaml(source(true))).results).toEqual(['h1 changed a', 'h1 failed b', 'h1 ok h'])
  })
})

describe('hosts together', () => {
  const hosts = ['h1', 'h2', 'h3', 'h4']

  test('linear: all hosts take a task before the next; run_once runs on one and registers on all', async () => {
    const ran = await runYaml(play(`- { name: a, debug: {} }
- { name: once, command: "echo {{ inventory_hostname }}", run_once: true, register: r }
- { name: told, debug: { msg: "{{ r.stdout }}" } }`), { hosts })
    expect(ran.results.map((line) => line.split(' ')[2])).toEqual(['a', 'a', 'a', 'a', 'once', 'told', 'told', 'told', 'told'])
    expect(ran.outputs('told', 'h4').msg).toBe('h1')
  })

  test('serial makes batches; a failed host leaves the play', async () => {
    const ran = await runYaml(`- hosts: all
  gather_facts: false
  serial: [1, "50%"]
  tasks:
    - { name: size, debug: { msg: "{{ ansible_play_batch | length }}" } }
    - { name: b, fail: {}, when: inventory_hostname == 'h2' }
    - { name: c, debug: {} }`, { hosts })
    expect(hosts.map((host) => ran.outputs('size', host).msg)).toEqual([1, 2, 2, 1])
    expect(ran.results).not.toContain('h2 ok c')
    expect(ran.exitCode).toBe(2)
  })

  test('any_errors_fatal and max_fail_percentage end the play for all', async () => {
    const tasks = `- { name: b, fail: {}, when: inventory_hostname == 'h2' }
- { name: c, debug: {} }`
    for (const rule of ['any_errors_fatal: true', 'max_fail_percentage: 20']) {
      const ran = await runYaml(play(tasks, `  ${rule}\n`), { hosts })
      expect(ran.results.filter((line) => line.endsWith(' c')), rule).toEqual([])
    }
    expect((await runYaml(play(tasks, '  max_fail_percentage: 30\n'), { hosts })).results.filter((line) => line.endsWith(' c'))).toHaveLength(3)
  })

  test('delegation acts elsewhere with the variables of the host itself; facts stay unless delegated', async () => {
    const ran = await runYaml(play(`- { name: a, command: "echo {{ inventory_hostname }}", delegate_to: h2, register: r }
- { name: b, debug: { msg: "{{ r.stdout }}" } }
- { name: f, set_fact: { seen: "{{ inventory_hostname }}" }, delegate_to: h2, delegate_facts: true, when: inventory_hostname == 'h1' }
- { name: c, debug: { msg: "{{ hostvars.h2.seen }} {{ seen is defined }}" } }`), { hosts: ['h1', 'h2'] })
    expect(ran.outputs('b', 'h1').msg).toBe('h1')
    expect(ran.result('a', 'h1').delegatedTo).toBe('h2')
    expect(ran.outputs('c', 'h1').msg).toBe('h1 False')
  })

  test('free: no host waits for another', async () => {
    const ran = await runYaml(`- hosts: all
  gather_facts: false
  strategy: free
  tasks:
    - { name: a, command: sleep 0.5, when: inventory_hostname == 'h1' }
    - { name: b, debug: {} }`, { hosts: ['h1', 'h2'] })
    expect(ran.results.indexOf('h2 ok b')).toBeLessThan(ran.results.indexOf('h1 changed a'))
  })

  test('group_by and add_host change the inventory of later plays', async () => {
    const ran = await runYaml(`- hosts: all
  gather_facts: false
  tasks:
    - { name: g, group_by: { key: "is_{{ inventory_hostname }}" } }
    - { name: n, add_host: { name: new, groups: [more], colour: red } }
- hosts: is_h2:more
  gather_facts: false
  tasks:
    - { name: x, debug: { msg: "{{ colour | default('none') }}" } }`, { hosts: ['h1', 'h2'] })
    expect(ran.outputs('x', 'h2').msg).toBe('none')
    expect(ran.outputs('x', 'new').msg).toBe('red')
  })
})

describe('includes and roles', () => {
  const files = {
    'more.yml': '- { name: inside, debug: { msg: "{{ item }} {{ extra }}" } }\n',
    'roles/web/defaults/main.yml': 'web_port: 80\nname: default\n',
    'roles/web/vars/main.yml': 'name: fixed\n',
    'roles/web/tasks/main.yml': '- { name: role task, debug: { msg: "{{ web_port }} {{ name }} {{ role_name }}" } }\n- { name: owes, command: "true", notify: role handler }\n',
    'roles/web/handlers/main.yml': '- { name: role handler, debug: {} }\n',
    'roles/web/tasks/other.yml': '- { name: other, debug: { msg: "{{ role_path }}" } }\n',
  }

  test('include_tasks in a loop, with variables', async () => {
    const ran = await runYaml(play(`- { include_tasks: more.yml, loop: [1, 2], vars: { extra: x } }
- { name: after, debug: {} }`), { files })
    expect(ran.results.filter((line) => !line.includes('include_tasks'))).toEqual(['h1 ok inside', 'h1 ok inside', 'h1 ok after'])
    expect(ran.events.flatMap((event) => (event.type === 'result' && typeof event.result.outputs.get('msg') === 'string' ? [event.result.outputs.get('msg')] : []))).toContain('2 x')
  })

  test('roles bring defaults, vars, tasks and handlers; parameters win over defaults', async () => {
    const ran = await runYaml(`- hosts: all
  gather_facts: false
  roles: [{ role: web, web_port: 8080 }]
  tasks:
    - { name: seen, debug: { msg: "{{ web_port }}" } }`, { files })
    expect(ran.outputs('web : role task').msg).toBe('8080 fixed web')
    expect(ran.results.at(-1)).toBe('h1 ok web : role handler')
    expect(ran.outputs('seen').msg).toBe(80)
  })

  test('include_role with tasks_from; its handlers can be notified', async () => {
    const ran = await runYaml(play(`- { include_role: { name: web, tasks_from: other } }
- { name: owes, command: "true", notify: "web : role handler" }`), { files })
    expect(ran.outputs('web : other').msg).toMatch(/roles\/web$/)
    expect(ran.results.at(-1)).toBe('h1 ok web : role handler')
  })

  test('import_tasks is static and hands its condition down', async () => {
    const ran = await runYaml(play(`- { import_tasks: more.yml, when: false, vars: { item: 1, extra: 2 } }`), { files })
    expect(ran.results).toEqual(['h1 skipped inside'])
  })
})

describe('tags', () => {
  const source = play(`- { name: a, debug: {}, tags: x }
- { name: b, debug: {}, tags: [y, never] }
- { name: c, debug: {}, tags: always }
- { name: d, debug: {} }`)

  test.each([
    [[], [], ['a', 'c', 'd']], [['x'], [], ['a', 'c']], [['y'], [], ['b', 'c']], [['untagged'], [], ['c', 'd']], [['tagged'], [], ['a', 'c']], [[], ['x', 'always'], ['d']],
  ])('--tags %j --skip-tags %j runs %j', async (tags, skipTags, wanted) => {
    const ran = await runYaml(source, { settings: { tags, skipTags } })
    expect(ran.results.map((line) => line.split(' ')[2])).toEqual(wanted)
  })
})

describe('variables', () => {
  test('levels: extra vars over set_fact over task vars over play vars', async () => {
    const source = play(`- { name: a, debug: { msg: "{{ v }}" } }
- { name: b, debug: { msg: "{{ v }}" }, vars: { v: task } }
- set_fact: { v: fact }
- { name: c, debug: { msg: "{{ v }}" }, vars: { v: task } }`, '  vars: { v: play }\n')
    const seen = async (extraVars = {}) => {
      const ran = await runYaml(source, { extraVars })
      return ['a', 'b', 'c'].map((name) => ran.outputs(name).msg)
    }
    expect(await seen()).toEqual(['play', 'task', 'fact'])
    expect(await seen({ v: 'extra' })).toEqual(['extra', 'extra', 'extra'])
  })

  test('hostvars, groups and magic names', async () => {
    const ran = await runYaml(play(`- { name: a, debug: { msg: "{{ groups.odd | join(',') }} {{ hostvars['h2'].inventory_hostname }} {{ group_names }} {{ ansible_play_hosts | length }} {{ playbook_dir == 'DIR' }}" } }`), { hosts: ['h1', 'h2', 'h3'] })
    expect(ran.outputs('a').msg).toBe("h1,h3 h2 ['odd'] 3 True")
  })

  test('an undefined variable fails the task with its name and place', async () => {
    const ran = await runYaml(play(`- { name: a, debug: { msg: "{{ colour }}" } }`, '  vars: { color: red }\n'))
    expect(ran.result('a').reason).toMatch(/colour.*playbook\.yml:5.*did you mean 'color'/s)
  })

  test('results of hosts are never rendered', async () => {
    const ran = await runYaml(play(`- { name: a, command: "echo '{{ '{{' }} 1 + 1 {{ '}}' }}'", register: r }
- { name: b, debug: { msg: "{{ r.stdout }}" } }`))
    expect(ran.outputs('b').msg).toBe('{{ 1 + 1 }}')
  })
})

describe('import_role', () => {
  test('its tasks run with its variables and parameters, its handlers can be notified from anywhere', async () => {
    const ran = await runYaml(play(`- { import_role: { name: db }, vars: { size: 3 }, tags: t }
- { name: owes, command: "true", notify: db handler }
- { name: seen, debug: { msg: "{{ kind }}" } }`), {
      files: {
        'roles/db/defaults/main.yml': 'kind: small\nsize: 1\n', 'roles/db/tasks/main.yml': '- { name: work, debug: { msg: "{{ kind }} {{ size }} {{ role_name }}" } }\n',
        'roles/db/handlers/main.yml': '- { name: db handler, debug: {} }\n', 'roles/db/meta/main.yml': 'dependencies: [base]\n', 'roles/base/tasks/main.yml': '- { name: first, debug: {} }\n',
      },
    })
    expect(ran.results).toEqual(['h1 ok base : first', 'h1 ok db : work', 'h1 changed owes', 'h1 ok seen', 'h1 ok db : db handler'])
    expect(ran.outputs('db : work').msg).toBe('small 3 db')
    expect(ran.outputs('seen').msg).toBe('small')
  })
})

test('--step asks before each task', async () => {
  const ran = await runYaml(play(`- { name: a, debug: {} }
- { name: b, debug: {} }
- { name: c, debug: {} }
- { name: d, debug: {} }`), { settings: { step: true }, answers: ['y', 'n', 'c'] })
  expect(ran.results).toEqual(['h1 ok a', 'h1 ok c', 'h1 ok d'])
})

test('--start-at-task passes over what comes before', async () => {
  const ran = await runYaml(play(`- { name: a, debug: {} }
- { name: begin here, debug: {} }
- { name: c, debug: {} }`), { settings: { startAtTask: 'begin*' } })
  expect(ran.results).toEqual(['h1 ok begin here', 'h1 ok c'])
})

test('a limit or a run that matches nobody is refused', async () => {
  await expect(runYaml(play('- debug: {}'), { settings: { limit: 'nobody' } })).rejects.toMatchObject({ code: 'no-hosts-matched' })
  await expect(runYaml('- hosts: nobody\n  tasks: []\n')).rejects.toMatchObject({ code: 'no-hosts-matched' })
})

test('template files know ansible_managed and where they come from and go to', async () => {
  const ran = await runYaml(play('- { name: t, template: { src: a.j2, dest: DIR/out } }\n- { name: read, command: cat DIR/out, register: r, changed_when: false }'), {
    files: { 'templates/a.j2': '{{ ansible_managed }} {{ template_path }} {{ template_destpath | basename }}\n' },
  })
  expect(ran.outputs('read').stdout).toBe('Ansible managed a.j2 out')
})

test('first_found looks where the files of the task are', async () => {
  const ran = await runYaml(play(`- include_vars: "{{ item }}"
  with_first_found: [none.yml, here.yml]
- { name: seen, debug: { msg: "{{ found }}" } }`), { files: { 'vars/here.yml': 'found: yes it is\n' } })
  expect(ran.outputs('seen').msg).toBe('yes it is')
})

describe('time limits', () => {
  test.each([['timeout: 1', /time frame \(1\)/], ['async: 1, vars: { ansible_async_dir: DIR/jobs }', /Timeout exceeded/]])('%s ends what takes longer', async (limit, reason) => {
    const ran = await runYaml(play(`- { name: slow, command: sleep 30, ${limit}, ignore_errors: true }
- { name: quick, command: "true", ${limit} }`))
    expect(ran.results).toEqual(['h1 failed slow', 'h1 changed quick'])
    expect(ran.result('slow').reason).toMatch(reason)
  })
})

test('each item of a loop works where the variables say for it', async () => {
  const which = async (connection: string) => (await runYaml(play(`- name: which\n  command: 'true'\n  loop: [local, pigeon]\n  vars: { ansible_connection: "${connection}" }\n`))).result('which')
  expect(await which('{{ item }}')).toMatchObject({ status: 'failed', reason: expect.stringContaining("'pigeon' for h1") })
  expect(await which('local')).toMatchObject({ status: 'changed' })
})
