import { expect, test } from 'vitest'
import { runYaml } from './run-yaml.ts'

test('a directory where a file is needed is told, and not read', async () => {
  const tasks = ['unarchive: {src: /, dest: DIR}', 'template: {src: DIR/d, dest: DIR/out}', 'script: DIR/d', 'uri: {url: "http://127.0.0.1:1/", src: DIR/d}']
  const { results, outputs } = await runYaml(`- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.map((task, i) => `    - {name: t${i}, ${task.replace(': ', ': ')}, ignore_errors: true}\n`).join('')}`, { files: { 'd/f': 'x' } })
  expect(results).toEqual(tasks.map((_, i) => `h1 failed t${i}`))
  for (const i of tasks.keys()) expect(outputs(`t${i}`).msg).toMatch(/is a directory/)
})
