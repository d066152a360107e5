import { stringify } from 'yaml'
import type { Json } from '../value/json.ts'

/** A value as a YAML document of block style, lines never folded. Texts that YAML 1.1 would read as something else (`yes`, `0644`) are quoted. */
export const writeYaml = (value: Json): string => stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })
