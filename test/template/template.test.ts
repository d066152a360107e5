import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { problemsOf, type Problem } from '../../src/problem/problem.ts'
import type { View } from '../../src/template/objects.ts'
import { condition, evaluate, render, renderText, runLookup, truth } from '../../src/template/template.ts'
import { toJson } from '../../src/value/json.ts'
import { TemplateString, VaultString, asTemplate, dict, isUnknown, unknown, type Value } from '../../src/value/value.ts'
import { scopeOf } from './scope-of.ts'

const lost = unknown('the service was not started')
const withLost = scopeOf(new Map<string, Value>([['u', lost], ['box', [1, lost]], ['d', dict({ a: 1, b: lost })], ['yes', true], ['no', false], ['l', [1, 2]]]))
const rendered = (source: string, scope = withLost): Value => render(new TemplateString(source), scope)
function problemOf(work: () => unknown): Problem {
  try {
    work()
  } catch (error) {
    return problemsOf(error)![0]!
  }
  throw new Error('it was not refused')
}

test('text put together as a dict stays text, and is read as a dict where only one can be meant', () => {
  const scope = scopeOf(new Map<string, Value>([['put', new TemplateString('{{ "" }}{"null": null, "yes": true, "n": 1}')], ['other', 'plain {text}']]))
  expect(rendered('{{ [put.null, put["yes"], put.n, put is string, put.missing is defined, other.n is defined] }}', scope)).toEqual([null, true, 1, true, false, false])
})

describe('an unknown', () => {
  test.each([
    '{{ u }}', 'a {{ u }} b', '{{ u | upper }}', '{{ u.x.y[0] }}', '{{ u + 1 }}', '{{ 1 + u }}', '{{ u == 1 }}', '{{ u is none }}', '{{ u | default(3) }}',
    "{{ 'x' if u else 'y' }}", '{{ not u }}', '{{ u and false }}', '{% if u %}a{% endif %}', '{% for x in u %}a{% endfor %}', '{{ box | join }}', '{{ 3 in box }}',
    '{{ box == [1, 2] }}', "{{ 'a'.replace('a', u) }}", '{{ u.startswith("x") }}', '{{ d | to_json }}', '{{ [1, 2] | map("multiply", u) | list if false else u }}',
    '{{ u ~ "x" }}', '{{ "%s" | format(u) }}', '{{ l[u] }}', '{{ range(u) }}', '{{ -u }}', '{{ lookup("items", u) }}', '{{ lookup("file", u) }}', '{{ box }} text',
    '{% set x = [] %}{% if u %}{{ x.append(1) }}{% endif %}{{ x }}', '{% set x = [1] %}{{ x.extend(u) }}{{ x }}', '{{ box | select("odd") | list }}',
    '{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(u) }}', '{% filter upper %}{{ u }}{% endfilter %}',
  ])('spreads through %s', (source) => {
    expect(rendered(source)).toBe(lost)
  })

  test.each([
    ['{{ no and u }}', false], ['{{ yes or u }}', true], ['{{ u is defined }}', true], ['{{ u is undefined }}', false], ['{{ 1 if yes else u }}', 1],
    ['{{ box | length }}', 2], ['{{ 1 in box }}', true], ['{{ d.a }}', 1], ['{{ box == [2, 3] }}', false], ['{{ missing | default(1) }}', 1],
    ['{{ yes | ternary(1, u) }}', 1], ['{{ box | first }}', 1], ['{% for x in box %}{{ loop.index }}{% endfor %}', '12'],
  ])('does not touch %s', (source, value) => {
    expect(rendered(source)).toEqual(value)
  })

  test('stays a member of containers', () => {
    expect(rendered('{{ [u, 1] }}')).toEqual([lost, 1])
    expect(rendered('{{ l + [u] }}')).toEqual([1, 2, lost])
    expect(rendered('{{ d | combine({"c": u}) }}')).toEqual(dict({ a: 1, b: lost, c: lost }))
    expect(rendered('{% set x = [] %}{% set _ = x.append(u) %}{{ x }}')).toEqual([lost])
    expect(render(dict({ a: new TemplateString('{{ u }}'), b: new TemplateString('{{ 1 }}') }), withLost)).toEqual(dict({ a: lost, b: 1 }))
    expect(rendered('{{ box | map("default", 0) | list }}')).toEqual([1, lost])
  })

  test('is the answer of conditions, texts, lookups and truth', () => {
    expect(condition('u', withLost)).toBe(lost)
    expect(condition('u.rc == 0 and yes', withLost)).toBe(lost)
    expect(condition('no and u.rc == 0', withLost)).toBe(false)
    expect(renderText('x\n{% if u %}y{% endif %}\n', withLost)).toBe(lost)
    expect(runLookup('items', [lost], {}, withLost)).toBe(lost)
    expect(runLookup('dict', [dict({ a: lost })], {}, withLost)).toEqual([dict({ key: 'a', value: lost })])
    expect(truth(lost)).toBe(lost)
  })

  test('is never turned into something known by a chain of filters', () => {
    const filters = ['upper', 'length', 'list', 'default("x")', 'bool', 'int', 'to_json', 'first', 'join(",")', 'b64encode', 'regex_replace("a", "b")', 'string', 'sort', 'trim']
    fc.assert(fc.property(fc.array(fc.constantFrom(...filters), { minLength: 1, maxLength: 5 }), (chain) => {
      expect(isUnknown(rendered(`{{ u | ${chain.join(' | ')} }}`))).toBe(true)
    }))
  })
})

describe('plain values', () => {
  test('text without marks of loading is never a template', () => {
    const scope = scopeOf(new Map<string, Value>([['host', '{{ 1 + 1 }}'], ['again', new TemplateString('{{ host }}')]]))
    expect(rendered('{{ host }}', scope)).toBe('{{ 1 + 1 }}')
    expect(rendered('{{ again }}', scope)).toBe('{{ 1 + 1 }}')
    fc.assert(fc.property(fc.string(), (text) => render(text, scope) === text))
  })
  test('JSON goes out and comes back', () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 3 }), (json) => {
      const scope = scopeOf(new Map<string, Value>([['text', JSON.stringify(json)]]))
      expect(JSON.stringify(JSON.parse(String(rendered('{{ text | from_json | to_json }}', scope))))).toBe(JSON.stringify(json))
    }), { numRuns: 200 })
  })
  test('inline vault values are opened when they are looked at', () => {
    let opened = 0
    const secret = new VaultString('$ANSIBLE_VAULT;', () => `opened ${++opened}`)
    const scope = scopeOf(new Map<string, Value>([['secret', secret], ['d', dict({ s: secret, other: 1 })]]))
    expect(rendered('{{ d.other }}', scope)).toBe(1)
    expect(opened).toBe(0)
    expect(rendered('<{{ d.s }}>', scope)).toBe('<opened 1>')
  })
  test('omit leaves members out', () => {
    expect(toJson(render(dict({ a: new TemplateString('{{ x | default(omit) }}'), b: 1 }), scopeOf()))).toEqual({ b: 1 })
  })
})

describe('nested templates', () => {
  test('are rendered once in a scope', () => {
    let looks = 0
    const layers = new Map<string, Value>([['v0', 'x']])
    for (let i = 1; i < 40; i++) layers.set(`v${i}`, asTemplate(`{{ v${i - 1} }}{{ v${i - 1} }}`.slice(0, i < 5 ? undefined : `{{ v${i - 1} }}`.length)))
    const scope = { ...scopeOf(layers), get: (name: string) => (looks++, layers.get(name)) }
    expect(rendered('{{ v39 }}', scope)).toBe('x'.repeat(16))
    expect(looks).toBeLessThan(60)
  })
  test('in a circle are a problem that names them', () => {
    const problem = problemOf(() => rendered('{{ a }}', scopeOf({ a: '{{ b }}', b: '{{ a }}' })))
    expect(problem.code).toBe('template-loop')
    expect(problem.detail).toBe('{{ b }} -> {{ a }} -> {{ b }}')
  })
  test('an undefined inside makes them undefined, not wrong', () => {
    expect(rendered("{{ a | default('d') }}", scopeOf({ a: '{{ nope }}' }))).toBe('d')
  })
})

describe('what a template changes', () => {
  const variables = scopeOf({ l: [1], d: { k: [1] } })
  test('is seen inside it and never outside', () => {
    expect(rendered('{% set _ = l.append(2) %}{{ l }}', variables)).toEqual([1, 2])
    expect(rendered('{{ l }}', variables)).toEqual([1])
    expect(rendered('{% for x in [1] %}{% set _ = d.update({"z": 1}) %}{% endfor %}{{ d.z }}', variables)).toBe(1)
    expect(rendered('{% set alias = d.k %}{% set _ = alias.append(9) %}{{ d.k }}', variables)).toEqual([1, 9])
    expect(toJson(rendered('{{ d }}', variables))).toEqual({ k: [1] })
  })
})

describe('a view', () => {
  const asked: string[] = []
  const hostvars: View = { opaque: 'view', get: (key) => (asked.push(key), key === 'h1' ? dict({ ip: '10.0.0.1' }) : undefined), keys: () => ['h1'] }
  const scope = scopeOf(new Map<string, Value>([['hostvars', hostvars], ['names', ['h1']]]))
  test('is looked at by member', () => {
    expect(rendered("{{ hostvars['h1'].ip }}", scope)).toBe('10.0.0.1')
    expect(rendered("{{ names | map('extract', hostvars, 'ip') | list }}", scope)).toEqual(['10.0.0.1'])
    expect(rendered("{{ hostvars.nope is defined }} {{ 'h1' in hostvars }} {{ hostvars | length }} {{ hostvars.keys() | list }}", scope)).toBe("False True 1 ['h1']")
    expect(toJson(rendered('{{ hostvars | dict2items }}', scope))).toEqual([{ key: 'h1', value: { ip: '10.0.0.1' } }])
  })
})

describe('conditions', () => {
  test('take what is not true or false by Python truth, and say so', () => {
    const warnings: string[] = []
    const scope = scopeOf({ text: 'no', empty: '', list: [1], t: '{{ 1 == 1 }}' }, { warnings })
    expect(condition('text', scope)).toBe(true)
    expect(condition('empty', scope)).toBe(false)
    expect(condition('list', scope)).toBe(true)
    expect(warnings).toHaveLength(3)
    expect(warnings[0]).toBe("the condition 'text' gives a str, not true or false")
    expect(condition('t', scope)).toBe(true)
    expect(condition(false, scope)).toBe(false)
    expect(condition("'{{' in text", scope)).toBe(false)
    expect(warnings).toHaveLength(3)
    expect(condition('{{ t }}', scope)).toBe(true)
    expect(warnings).toHaveLength(4)
  })
  test('unescape their strings, unlike values', () => {
    expect(evaluate("'a\\tb' | length", scopeOf())).toBe(3)
    expect(condition("'x1' is match('x\\d')", scopeOf())).toBe(true)
  })
})

describe('lines as statements', () => {
  test.each([
    ['a\n% for x in [1,\n  2]\n  {{ x }} ## note\n  % endfor\nb ## end\n', 'a\n  1\n  2\nb\n'],
    ['% if true:\nx\n% else\ny\n% endif', 'x\n'],
    ['% set a = {"k": 1}  \n{{ a.k }}##\n## whole\nz\n', '1\n\nz\n'],
  ])('%j', (source, expected) => {
    expect(renderText(`#jinja2: line_statement_prefix:"%", line_comment_prefix:'##'\n${source}`, scopeOf())).toBe(expected)
  })
})

describe('files', () => {
  test('end as Ansible ends them', () => {
    expect(renderText('a\n{% if true %}\nb\n{% endif %}\n', scopeOf())).toBe('a\nb\n')
    expect(renderText('a {{ 1 }}\n', scopeOf(), { newlineSequence: '\r\n' })).toBe('a 1\r\n')
    expect(renderText('[[ 1 ]] {{ 2 }}\n', scopeOf(), { variableStart: '[[', variableEnd: ']]' })).toBe('1 {{ 2 }}\n')
    expect(renderText('{{ [1, none] }}', scopeOf())).toBe('[1, None]')
  })
  test('find what they include through the scope', () => {
    expect(renderText('{% include "p.j2" %}|', scopeOf({ n: 1 }, { files: { 'p.j2': 'p{{ n }}\n' } }))).toBe('p1|')
    expect(problemOf(() => renderText('a\n  {% include "q.j2" %}', scopeOf(), { file: 't.j2' }))).toMatchObject({ code: 'template-not-found', span: { file: 't.j2', line: 2 } })
  })
})

describe('names that are not there', () => {
  test('are refused with the nearest one', () => {
    expect(problemOf(() => rendered('{{ redis_prot }}', scopeOf({ redis_port: 1 })))).toMatchObject({ code: 'undefined-variable', detail: "'redis_prot' is undefined", hint: "did you mean 'redis_port'?" })
    expect(problemOf(() => rendered("{{ 'x' | uper }}"))).toMatchObject({ code: 'unknown-filter', hint: "did you mean 'upper'?" })
    expect(problemOf(() => rendered("{{ 'x' is strin }}"))).toMatchObject({ code: 'unknown-test', hint: "did you mean 'string'?" })
    expect(problemOf(() => rendered("{{ lookup('flie', 'x') }}"))).toMatchObject({ code: 'unknown-lookup', hint: "did you mean 'file'?" })
  })
  test.each([
    ["{{ 'a' | replace('a') }}", "the filter 'replace' needs its argument 'new'"],
    ["{{ 'a' | upper(1) }}", "the filter 'upper' takes at most 0 arguments, got 1"],
    ["{{ 'a' | indent(wide=1) }}", "the filter 'indent' takes no argument 'wide'"],
    ["{{ lookup('file', 'x', mode=1) }}", "the lookup 'file' takes no option 'mode'"],
    ["{{ lookup('config', 'X') }}", "The lookup plugin 'config' failed: No config definition exists for 'X'."],
    ["{{ lookup('config', 'X', plugin_type='cache') }}", 'Both plugin_type and plugin_name are required, cannot use one without the other'],
  ])('%s', (source, detail) => {
    expect(problemOf(() => rendered(source))).toMatchObject({ code: 'template-failed', detail })
  })
})
