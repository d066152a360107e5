import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { contentResource } from '../host/file.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { type Step, run, write } from '../host/step.ts'
import { choice, flag, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { bytesContent } from '../value/content.ts'
import { isUnknown, type Unknown } from '../value/value.ts'

/** The running value of a kernel setting, white space made one; undefined where the kernel has none. Key: its name. */
export const sysctlResource: Resource<string | undefined> = {
  kind: 'sysctl',
  async load(shell, keys) {
    const { stdout } = await shell.run(keys.map((key) => `f=${quote(procPath(key))}; if [ -r "$f" ]; then echo "@@value"; cat "$f"; else echo "@@none"; fi`).join('; '))
    const parts = stdout.toString().split(/^@@/m).slice(1)
    return keys.map((_, i) => (parts[i]?.startsWith('value\n') ? squeeze(parts[i]!.slice(6)) : undefined))
  },
}

const squeeze = (value: string): string => value.trim().split(/\s+/).join(' ')

/** Names are written with dots, slashes stand for dots inside a part (`net.ipv4.conf.eth0/1.x`), or the other way round where a slash comes first. */
export function procPath(name: string): string {
  const slashFirst = /^[^./]*\//.test(name)
  return `/proc/sys/${slashFirst ? name : name.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'))}`
}

interface SysctlPlan {
  /** The value in the file; undefined where it is not set there. */
  readonly filed: string | undefined
  /** The running value, where it matters. */
  readonly running: string | undefined | Unknown
  readonly seen: Aside<string | undefined>
}

export const sysctl = defineModule({
  name: 'sysctl',
  aliases: ['ansible.posix.sysctl'],
  summary: 'Keep a setting of the kernel in a file, and in force.',
  examples: `
- name: Redis wants memory to be overcommitted
  sysctl: { name: vm.overcommit_memory, value: '1', sysctl_set: true }
`,
  params: {
    name: text('The setting.', { required: true, aliases: ['key'] }),
    value: text('Its value.', { aliases: ['val'] }),
    state: choice(['present', 'absent'], 'Whether it stands in the file.', { default: 'present' }),
    sysctl_file: path('The file.', { default: '/etc/sysctl.conf' }),
    sysctl_set: flag('See to the running value too, even where the file is right.', { default: false }),
    reload: flag('Put the file into force when it changes.', { default: true }),
    ignoreerrors: flag('Settings that the kernel does not know are no failure.', { default: false }),
  },
  rules: { requiredIf: [['state', 'present', ['value']]] },
  async probe(host, { name, sysctl_file, sysctl_set }): Promise<SysctlPlan> {
    const [content, running] = await Promise.all([host.get(contentResource, sysctl_file), sysctl_set ? host.get(sysctlResource, name) : undefined])
    const text = known(content)?.toString()
    return { filed: filedValue(text ?? '', name), running, seen: aside(text) }
  },
  plan({ name, value, state, sysctl_set, ignoreerrors }, before) {
    if (state === 'absent') return { ...before, filed: undefined }
    if (sysctl_set && before.running === undefined && !ignoreerrors) fail(`the kernel has no setting ${name} (sysctl: cannot stat ${procPath(name)}: No such file or directory)`)
    const wanted = squeeze(value!)
    return { ...before, filed: wanted, running: sysctl_set && before.running !== undefined ? wanted : before.running }
  },
  *apply({ params: { name, value, sysctl_file, sysctl_set, reload, ignoreerrors }, before, after }): Iterable<Step> {
    const ignoring = ignoreerrors ? ['-e'] : []
    const okay = ignoreerrors ? { okay: 'any' as const } : {}
    const effect = after.filed === undefined ? [] : [leaves(sysctlResource, name, after.filed)]
    if (sysctl_set && after.running !== before.running && value !== undefined) yield run(['sysctl', ...ignoring, '-w', `${name}=${value.trim()}`], effect, okay)
    if (after.filed === before.filed) return
    yield write(sysctl_file, bytesContent(editSysctl(before.seen.value ?? '', name, after.filed)))
    if (reload) yield run(['sysctl', ...ignoring, '-p', sysctl_file], effect, okay)
  },
  diff: ({ params: { sysctl_file, name }, before, after }) => [
    ...(before.filed === after.filed ? [] : [{ header: { before: sysctl_file, after: sysctl_file }, before: before.seen.value ?? '', after: editSysctl(before.seen.value ?? '', name, after.filed) }]),
    ...(before.running === after.running ? [] : [{ header: { before: procPath(name), after: procPath(name) }, before: isUnknown(before.running) ? `(unknown: ${before.running.reason})\n` : `${before.running ?? ''}\n`, after: `${String(after.running)}\n` }]),
  ],
})

const pattern = (name: string): RegExp => new RegExp(`^\\s*-?\\s*${[...name].map((letter) => (letter === '.' || letter === '/' ? '[./]' : letter.replace(/[*+?^${}()|[\]\\]/g, '\\$&'))).join('')}\\s*=\\s*(.*)$`)

export function filedValue(content: string, name: string): string | undefined {
  const found = content.split('\n').findLast((line) => pattern(name).test(line))
  return found === undefined ? undefined : squeeze(pattern(name).exec(found)![1]!)
}

/** The file with the setting once, where it last stood or at the end; without it where it is to go. */
export function editSysctl(content: string, name: string, value: string | undefined): string {
  const lines = content === '' ? [] : content.replace(/\n$/, '').split('\n')
  const last = lines.findLastIndex((line) => pattern(name).test(line))
  const kept = lines.flatMap((line, i) => (!pattern(name).test(line) ? [line] : i === last && value !== undefined ? [`${name}=${value}`] : []))
  if (last < 0 && value !== undefined) kept.push(`${name}=${value}`)
  return kept.length > 0 ? `${kept.join('\n')}\n` : ''
}
