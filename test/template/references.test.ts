import { describe, expect, test } from 'vitest'
import { references } from '../../src/template/references.ts'
import { TemplateString, dict } from '../../src/value/value.ts'

const of = (source: string) => references(new TemplateString(source))
const names = (source: string): string[] => [...of(source).names].sort()
const facts = (source: string): string[] | 'all' => {
  const found = of(source).facts
  return found === 'all' ? found : [...found].sort()
}

describe('references', () => {
  test('names a template does not set itself', () => {
    expect(names('{{ a.b[c] | default(d) }} {% for x in xs %}{{ x }}{{ loop.index }}{% endfor %} {{ x }}')).toEqual(['a', 'c', 'd', 'x', 'xs'])
    expect(names('{% set y = z %}{{ y }}{% macro m(p, q=r) %}{{ p }}{{ s }}{% endmacro %}{{ m(1) }}')).toEqual(['r', 's', 'z'])
    expect(names('{% with k = v %}{{ k }}{% endwith %}{{ k }}')).toEqual(['k', 'v'])
    expect(names("{{ lookup('vars', 'secret_name') }}")).toContain('secret_name')
  })
  test('facts by attribute, by item and by injected name', () => {
    expect(facts("{{ ansible_facts.os_family }}{{ ansible_facts['distribution'] }}{{ ansible_default_ipv4.address }}")).toEqual(['default_ipv4', 'distribution', 'os_family'])
    expect(facts('{{ inventory_hostname }}')).toEqual([])
  })
  test.each(['{{ ansible_facts[x] }}', '{{ ansible_facts | to_json }}', '{{ hostvars[h].ansible_host }}', "{{ lookup('vars', 'ansible_' ~ x) }}", "{{ vars['ansible_' ~ x] }}", '{{ ansible_facts.items() }}'])('all facts for %s', (source) => {
    expect(facts(source)).toBe('all')
  })
  test('plugins by name, also those named by text', () => {
    const found = of("{{ a | map('upper') | selectattr('x', 'match', 'y') | community.general.json_query('z') if a is version('1') }}{{ query('file', 'x') }}")
    expect(found.filters.map((use) => use.name).sort()).toEqual(['community.general.json_query', 'map', 'selectattr', 'upper'])
    expect(found.tests.map((use) => use.name).sort()).toEqual(['match', 'version'])
    expect(found.lookups.map((use) => use.name)).toEqual(['file'])
  })
  test('of containers, conditions and files', () => {
    expect([...references(dict({ a: [new TemplateString('{{ x }}')], b: 'plain {{ y }}' })).names]).toEqual(['x'])
    expect([...references('a.rc == 0 and b', { as: 'expression' }).names]).toEqual(['a', 'b'])
    expect([...references('{% if c %}\n{{ d }}{% endif %}', { as: 'file', file: 't.j2' }).names]).toEqual(['c', 'd'])
  })
  test('text that cannot be parsed reads nothing', () => {
    expect(names('{{ a | }}')).toEqual([])
  })
})
