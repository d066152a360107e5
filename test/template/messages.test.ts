import { expect, test } from 'vitest'
import { render } from '../../src/template/template.ts'
import { TemplateString, VaultString } from '../../src/value/value.ts'
import { scopeOf } from './scope-of.ts'

/** Words of Ansible's filters that playbooks look for in a registered failure. */
test.each([
  ["[1] | combine(foo='bar')", "'recursive' and 'list_merge' are the only valid keyword arguments"],
  ["[{'a': 1}, [{'b': 1}]] | combine({'c': 1})", "failed to combine variables, expected dicts but got a 'dict' and a 'list'"],
  ["'x' | hash('md6')", 'unsupported hash type md6'],
  ["'x' | urlsplit('bad')", 'unknown URL component'],
  ["'hello' | regex_search('hello', 'unknown')", 'Unknown argument'],
  ["'%Y' | strftime('foo')", 'Invalid value for epoch value (foo)'],
  ["'a=b=c' | regex_replace('=', ':', mandatory_count=1)", ' times, but matches 2 times'],
  ["'x' | regex_escape(re_type='posix_extended')", 'Regex type (posix_extended) not yet implemented'],
  ["'x' | regex_escape(re_type='haha')", 'Invalid regex type (haha)'],
  ['none | random', 'random can only be used on sequences and integers'],
  ['[1] | random(start=1)', 'start and step can only be used with integer values'],
  ["'x' | password_hash('msdcc')", 'msdcc is not in the list of supported passlib algorithms: md5, blowfish, sha256, sha512'],
  ["'x' | password_hash('nonsense')", "passlib does not support 'nonsense' algorithm"],
  ["'x' | to_uuid(namespace=22)", "Invalid value '22' for 'namespace'"],
  ['hey | mandatory', "Mandatory variable 'hey'  not defined."],
  ["true | subelements('x')", 'obj must be a list of dicts or a nested dict'],
  ['{} | subelements(17)', 'subelements must be a list or a string'],
  ["[{'a': 1}] | subelements('b')", "could not find 'b' key in iterated item"],
  ["[{'a': 1}] | subelements('a')", 'the key a should point to a list'],
  ["[{'a': [1]}] | subelements(['a', 'b'])", 'the key a should point to a dictionary'],
  ['true | dict2items', 'dict2items requires a dictionary'],
  ['true | items2dict', 'items2dict requires a list'],
  ['[true] | items2dict', 'items2dict requires a list of dictionaries'],
  ["[{'key': 1}] | items2dict", "items2dict requires each dictionary in the list to contain the keys 'key' and 'value'"],
  ['true | path_join', 'expects string or sequence'],
  ['true | unique', "'bool' object is not iterable"],
  ["[{'a': 1}] | unique(case_sensitive=false)", 'cannot fall back'],
  ["'yo' | log", 'log() can only be used on numbers'],
  ["'yo' | root", 'root() can only be used on numbers'],
  ["'yo' | human_readable", 'failed on bad input'],
  ["[] | rekey_on_member('a', duplicates='boo')", 'duplicates parameter to rekey_on_member has unknown value'],
  ["'a' | rekey_on_member('a')", 'Type is not a valid list, set, or dict'],
  ["[{'a': 1}, {'a': 1}] | rekey_on_member('a')", 'is not unique, cannot correctly turn into dict'],
  ["'' is version('1.0')", 'Input version value cannot be empty'],
  ["'1.0' is version('')", 'Version parameter to compare against cannot be empty'],
  ["lookup('vars', 'x', default='', default='')", 'keyword argument repeated'],
])('%s', (expression, words) => {
  expect(() => render(new TemplateString(`{{ ${expression} }}`), scopeOf())).toThrow(words)
})

test('a !vault value goes to unvault and vault_encrypted unopened: its password need not be one of the run', () => {
  const sealed = new VaultString(String(render(new TemplateString("{{ 'hidden' | vault('other') }}"), scopeOf())), () => {
    throw new Error('opened')
  })
  const scope = scopeOf(new Map([['sealed', sealed]]))
  expect(render(new TemplateString("{{ sealed | unvault('other') }} {{ sealed is vault_encrypted }}"), scope)).toBe('hidden True')
})
