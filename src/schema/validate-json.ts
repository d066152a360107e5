import { Ajv, type ErrorObject } from 'ajv'
import type { JsonSchema } from './json-schema.ts'

/** Checks a JSON value against a schema; a sentence for each thing that is wrong, none when all is well. The door to ajv. */
export function validateJson(schema: JsonSchema, value: unknown): readonly string[] {
  const validate = new Ajv({ allErrors: true, strict: false }).compile(schema)
  return validate(value) ? [] : (validate.errors ?? []).map(sentence)
}

const sentence = ({ instancePath, message, params }: ErrorObject): string => `${instancePath || '/'} ${message ?? 'is not as it should be'}${'additionalProperty' in params ? ` ('${String(params['additionalProperty'])}')` : ''}`
