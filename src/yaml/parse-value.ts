import type { Value } from '../value/value.ts'
import { type ParseOptions, parseYaml, parseYamlDocuments } from './parse-nodes.ts'
import { toValue } from './yaml-node.ts'

type ValueOptions = Partial<ParseOptions>

const withDefaults = (options: ValueOptions): ParseOptions => ({ file: '<text>', templates: false, duplicates: 'ignore', ...options })

/** A YAML text as a value: for filters, command lines and files whose places do not matter. Nothing in it is a template unless asked for. */
export const parseYamlValue = (text: string, options: ValueOptions = {}): Value => toValue(parseYaml(text, withDefaults(options)))

/** Every document of a text. */
export const parseYamlAll = (text: string, options: ValueOptions = {}): readonly Value[] => parseYamlDocuments(text, withDefaults(options)).map(toValue)
