import type { KnownSetting } from './known-settings.ts'

/** A file to begin with: every setting with its default, each once. `disabled` makes comments of them. */
export function showInit(settings: readonly KnownSetting[], format: 'ini' | 'env', disabled: boolean): string {
  return format === 'ini' ? showIni(settings, disabled) : showEnv(settings, disabled)
}

function showIni(settings: readonly KnownSetting[], disabled: boolean): string {
  const entries = new Map<string, { section: string; lines: string }>()
  for (const setting of settings) {
    const place = setting.ini.at(-1)
    if (!place || setting.ini.some(({ section, key }) => entries.has(`${section}.${key}`))) continue
    entries.set(`${place.section}.${place.key}`, { section: place.section, lines: `# ${about(setting)}\n${disabled ? ';' : ''}${place.key}=${written(setting)}\n` })
  }
  const sections = Map.groupBy(entries.values(), ({ section }) => section)
  return `${[...sections].map(([section, inside]) => `[${section}]\n${inside.map(({ lines }) => lines).join('\n')}`).join('\n\n')}\n`
}

function showEnv(settings: readonly KnownSetting[], disabled: boolean): string {
  const entries = new Map(settings.flatMap((setting) => (setting.env.length > 0 ? [[setting.env.at(-1)!, setting] as const] : [])))
  return `${[...entries].map(([name, setting]) => `# ${about(setting)}\n${disabled ? '#' : ''}${name}=${quoted(written(setting))}\n`).join('\n')}\n`
}

const about = ({ name, type, choices }: KnownSetting): string => `(${type}) ${name}${choices.length > 0 ? `: ${choices.join(', ')}` : ''}`

/** Percent signs and line ends mean something in such a file; the defaults have none. */
const written = ({ type, fallback = '' }: KnownSetting): string => (type === 'boolean' && fallback !== '' ? fallback[0]!.toUpperCase() + fallback.slice(1) : type === 'list' ? fallback.split(',').join(', ') : fallback)

const quoted = (text: string): string => (/^[\w./:,=@+-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
