import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadPlaybook } from '../../src/playbook/load-playbook.ts'
import { listTasks } from '../../src/playbook/task-list.ts'

test('tags that variables of the play make are listed and chosen by; others stay as they are written', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-list-'))
  try {
    const file = join(directory, 'p.yml')
    writeFileSync(file, '- hosts: all\n  vars: { mine: [a, b] }\n  tasks:\n    - { name: known, debug: {}, tags: "{{ mine }}" }\n    - { name: open, debug: {}, tags: "{{ nobody }}" }\n')
    const play = loadPlaybook(file).plays[0]!
    expect(listTasks(play, { tags: [], skipTags: [] }).map(({ name, tags }) => [name, tags])).toEqual([['known', ['a', 'b']], ['open', ['{{ nobody }}']]])
    expect(listTasks(play, { tags: ['b'], skipTags: [] }).map(({ name }) => name)).toEqual(['known'])
  } finally {
    rmSync(directory, { recursive: true })
  }
})
