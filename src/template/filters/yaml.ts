import type { Value } from '../../value/value.ts'
import { parseYamlAll, parseYamlValue } from '../../yaml/parse-value.ts'
import { Problem, problemsOf } from '../../problem/problem.ts'
import { filter } from '../define.ts'
import { flag, intOf } from '../python/kind.ts'
import { str } from '../python/text.ts'
import { fail } from '../template-error.ts'
import type { Keywords } from '../scope.ts'
import { dumpYaml, type YamlLayout } from '../yaml-dump.ts'

const KNOWN = new Set(['indent', 'width', 'sort_keys', 'default_flow_style', 'allow_unicode', 'explicit_start', 'default_style'])
function layoutOf(keywords: Keywords, indent: number, flow: boolean | undefined): YamlLayout {
  for (const name of Object.keys(keywords)) if (!KNOWN.has(name)) fail(`a YAML filter takes no argument '${name}'`)
  const style = keywords['default_flow_style']
  if (keywords['default_style'] !== undefined && keywords['default_style'] !== null && keywords['default_style'] !== '') fail("'default_style' is not supported by the YAML filters")
  return {
    indent: intOf(keywords['indent'], indent),
    width: keywords['width'] === undefined ? 80 : Number(str(keywords['width'])),
    sortKeys: flag(keywords['sort_keys'], true),
    flow: style === undefined ? flow : style === null ? undefined : flag(style),
    unicode: flag(keywords['allow_unicode'], true),
    explicitStart: flag(keywords['explicit_start']),
  }
}
function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    const [problem] = problemsOf(error) ?? []
    if (!(problem instanceof Problem)) throw error
    return fail(`not YAML: ${problem.detail ?? problem.summary}`)
  }
}
const parseOrPass = (value: Value, parse: (text: string) => Value): Value => (typeof value === 'string' ? parsed(() => parse(value)) : value)

export const yamlFilters = [
  filter('to_nice_yaml', 'indent? **', (value, [indent], { keywords }) => dumpYaml(value, layoutOf(indent === undefined ? keywords : { ...keywords, indent }, 4, false))),
  filter('to_yaml', '**', (value, _args, { keywords }) => dumpYaml(value, layoutOf(keywords, 2, undefined))),
  filter('from_yaml', '', (value) => parseOrPass(value, (text) => parseYamlValue(text))),
  filter('from_yaml_all', '', (value) => parseOrPass(value, (text) => [...parseYamlAll(text)])),
]
