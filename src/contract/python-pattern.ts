import { regex } from '../template/regex.ts'
import { fail } from './failure.ts'

/** A Python regular expression as a JavaScript one; a bad one is the task's failure. */
export function pythonPattern(source: string, flags = ''): RegExp {
  try {
    return regex(source, flags)
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}
