import { readFileSync } from 'node:fs'
import { Problem } from '../problem/problem.ts'
import { decrypt, isVaulted } from '../vault/vault.ts'
import { type ParseOptions, parseYaml } from './parse-nodes.ts'
import { type YamlNode, toValue } from './yaml-node.ts'

export type LoadOptions = Omit<ParseOptions, 'file'>

/** A YAML or JSON file with places; a file that is vaulted as a whole is opened first, and its texts are told to `vault.onSecret`. */
export function loadYaml(file: string, options: LoadOptions): YamlNode {
  const text = readText(file)
  if (!isVaulted(text)) return parseYaml(text, { ...options, file })
  const node = parseYaml(decrypt(text, options.vault ?? { secrets: [] }, { file, line: 1, column: 1 }), { ...options, file })
  if (options.vault?.onSecret) tellSecrets(node, options.vault.onSecret, '')
  return node
}

/** The text of a file, decrypted where it is vaulted. */
export function loadText(file: string, vault: ParseOptions['vault']): string {
  const text = readText(file)
  return isVaulted(text) ? decrypt(text, vault ?? { secrets: [] }, { file, line: 1, column: 1 }) : text
}

export const loadYamlValue = (file: string, options: LoadOptions): ReturnType<typeof toValue> => toValue(loadYaml(file, options))

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Problem({ code: 'file-unreadable', summary: 'a file cannot be read', detail: `${file}: ${(error as Error).message}` })
  }
}

// Vaulted files also hold names and switches. Masking every short word of theirs would blacken half the output.
const SECRET_KEY = /pass|secret|token|key|cred|private|salt/i
function tellSecrets(node: YamlNode, tell: (text: string) => void, key: string): void {
  if (node.kind === 'scalar') {
    if (node.text.length >= 8 || SECRET_KEY.test(key)) tell(node.text)
  } else if (node.kind === 'sequence') for (const item of node.items) tellSecrets(item, tell, key)
  else for (const entry of node.entries) tellSecrets(entry.value, tell, String(entry.key))
}
