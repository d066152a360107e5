import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import type { KnownSetting } from './known-settings.ts'

export type SettingValue = string | number | boolean | null | readonly string[]

/** What a text from ansible.cfg or the environment means for a setting; relative paths are relative to `base`. What does not fit the type stays a text. */
export function convertSetting({ type }: Pick<KnownSetting, 'type'>, text: string, base: string): SettingValue {
  switch (type) {
    case 'boolean': return /^(yes|true|on|1|y|t)$/i.test(text) ? true : /^(no|false|off|0|n|f)$/i.test(text) ? false : text
    case 'integer':
    case 'float': return text.trim() === '' || Number.isNaN(Number(text)) ? (/^none$/i.test(text) ? null : text) : Number(text)
    case 'list': return parts(text, ',')
    case 'pathlist': return parts(text, ',').map((path) => absolute(path, base))
    case 'pathspec': return parts(text, ':').map((path) => absolute(path, base))
    case 'path': return absolute(text, base)
    case 'string': return text
  }
}

const parts = (text: string, separator: string): readonly string[] => text.split(separator).map((part) => part.trim()).filter(Boolean)

export function absolute(path: string, base: string): string {
  if (path.startsWith('~')) return join(homedir(), path.slice(1))
  return isAbsolute(path) ? path : resolve(base, path)
}
