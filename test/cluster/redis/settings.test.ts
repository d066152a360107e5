import { expect, test } from 'vitest'
import { changedSettings, needsRestart, parseSettings } from '../../../src/cluster/redis/settings.ts'

const changes = (file: string, running: Record<string, string>) => changedSettings(parseSettings(file), new Map(Object.entries(running))).map(({ setting, running: now, wanted }) => `${setting}: ${now} -> ${wanted}`)

test('the same settings in other words are no change', () => {
  const file = ['# words', 'maxmemory 64mb', 'repl-backlog-size 1GB', 'appendonly YES', 'save 3600 1', 'save 300 100', 'logfile "/var/log/a b.log"', 'bind 10.0.0.1   127.0.0.1', 'client-output-buffer-limit replica 512mb 128mb 60', "proc-title-template '{title}'"].join('\n')
  expect(changes(file, {
    maxmemory: '67108864', 'repl-backlog-size': '1073741824', appendonly: 'yes', save: '3600 1 300 100', logfile: '/var/log/a b.log', bind: '10.0.0.1 127.0.0.1',
    'client-output-buffer-limit': 'normal 0 0 0 slave 536870912 134217728 60 pubsub 33554432 8388608 60', 'proc-title-template': '{title}',
  })).toEqual([])
})

test('what differs is told, passwords and what cannot be read are not', () => {
  expect(changes('maxmemory 1gb\nsave ""\nrequirepass x\nmasterauth x\nrename-command A B\ntcp-backlog 511', { maxmemory: '0', save: '3600 1', requirepass: 'y', masterauth: 'y', 'tcp-backlog': '511' })).toEqual(['maxmemory: 0 -> 1gb', 'save: 3600 1 -> '])
})

test('some settings only a new process takes', () => {
  const change = (setting: string) => [{ setting, running: 'a', wanted: 'b' }]
  expect(needsRestart(change('maxmemory'))).toBe(false)
  expect(needsRestart([...change('maxmemory'), ...change('tcp-backlog')])).toBe(true)
})
