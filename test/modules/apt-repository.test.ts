import { expect, test } from 'vitest'
import { parseSource } from '../../src/modules/apt-repository.ts'

test.each([
  ['deb  http://a.example/debian   stable main', { source: 'deb http://a.example/debian stable main', enabled: true }],
  ['# deb [arch=amd64 signed-by=/k.asc] https://a.example ./ # ours', { source: 'deb [arch=amd64 signed-by=/k.asc] https://a.example ./', enabled: false }],
  ['deb-src file:/srv/repo ./', { source: 'deb-src file:/srv/repo ./', enabled: true }],
  ['# deb packages come from here', undefined], ['', undefined], ['http://a.example', undefined],
])('%s', (line, expected) => expect(parseSource(line)).toEqual(expected))
