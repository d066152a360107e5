import { parseFreeForm, splitWords } from '../playbook/free-form.ts'
import { readVars } from '../playbook/vars-files.ts'
import { Problem } from '../problem/problem.ts'
import { type Dict, type Value, asTemplate, isDict } from '../value/value.ts'
import type { VaultSecrets } from '../vault/vault.ts'
import { type Duplicates, parseYaml } from '../yaml/parse-nodes.ts'
import { toValue } from '../yaml/yaml-node.ts'

/** All of `-e` as one dict, later ones above: `@FILE`, YAML or JSON in braces, or `name=value` words whose values are text. Other words are refused, or left out with a warning where somebody hears it. */
export function readExtraVars(texts: readonly string[], vault?: VaultSecrets, duplicates: Duplicates = 'refuse', warn?: (problem: Problem) => void): Dict {
  return new Map(texts.flatMap((text) => [...readOne(text.trim(), vault, duplicates, warn)]))
}

function readOne(text: string, vault: VaultSecrets | undefined, duplicates: Duplicates, warn: ((problem: Problem) => void) | undefined): Dict {
  if (text.startsWith('@')) return readVars(text.slice(1), vault, duplicates)
  if (text.startsWith('{') || text.startsWith('[')) {
    const value: Value = toValue(parseYaml(text, { file: '--extra-vars', templates: true, duplicates, ...(vault ? { vault } : {}) }))
    return isDict(value) ? value : bad(text)
  }
  const parsed = parseFreeForm(text)
  if (!parsed) return bad(text)
  if (splitWords(text)?.length !== parsed.named.length) warn ? warn(strayWords(parsed.rest)) : bad(text)
  return new Map(parsed.named.map(({ name, value }) => [name, asTemplate(value)]))
}

const strayWords = (text: string): Problem => new Problem({ code: 'bad-extra-vars', summary: 'words of --extra-vars without a name are left out', detail: `these words of --extra-vars are no name=value and are left out: ${text}` })

const bad = (text: string): never => {
  throw new Problem({ code: 'bad-extra-vars', summary: 'Variables on the command line are name=value, YAML in braces, or @FILE', detail: `'${text}'` })
}
