import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { contentResource } from '../host/file.ts'
import { leaves } from '../host/resource.ts'
import { run, write } from '../host/step.ts'
import { maySetSysctl, normal, sysctlResource } from '../host/sysctl.ts'
import { choice, flag, path, text } from '../schema/field.ts'
import { bytesContent } from '../value/content.ts'
import { type Aside, aside } from '../value/aside.ts'
import type { Unknown } from '../value/value.ts'

interface Setting {
  /** The whole text of the file. */
  readonly file: string
  /** What the kernel has now; looked at with `sysctl_set` alone. */
  readonly live: string | Unknown | undefined
  readonly maySet: Aside<boolean | Unknown>
}

export const sysctl = defineModule({
  name: 'sysctl',
  summary: 'Keep a kernel parameter in a sysctl file, and in the kernel.',
  notes: ['Needs sysctl (package procps) on the host.'],
  examples: `
- name: More connections may wait
  sysctl: { name: net.core.somaxconn, value: "1024", sysctl_file: /etc/sysctl.d/60-app.conf, sysctl_set: true }
- name: Written only, for the next start
  sysctl: { name: vm.swappiness, value: "1", sysctl_file: /etc/sysctl.d/60-app.conf, reload: false }
- name: No longer set here
  sysctl: { name: kernel.panic, sysctl_file: /etc/sysctl.d/60-old.conf, state: absent, reload: false }
`,
  params: {
    name: text('The parameter, with dots or slashes.', { required: true, aliases: ['key'] }),
    value: text('Its value.', { aliases: ['val'] }),
    state: choice(['present', 'absent'], 'Whether the file has an entry for it.', { default: 'present' }),
    sysctl_file: path('The file.', { default: '/etc/sysctl.conf' }),
    sysctl_set: flag('Also see that the kernel has the value now.', { default: false }),
    reload: flag('Have the kernel read the file when it changed.', { default: true }),
    ignoreerrors: flag('Parameters that the kernel does not know are no failure.', { default: false }),
  },
  rules: { requiredIf: [['state', 'present', ['value']]] },
  async probe(host, { name, sysctl_file, sysctl_set }): Promise<Setting> {
    const [file, live, maySet] = await Promise.all([host.get(contentResource, sysctl_file), sysctl_set ? host.get(sysctlResource, name) : undefined, sysctl_set ? host.get(maySetSysctl, name) : true])
    return { file: known(file)?.toString('utf8') ?? '', live, maySet: aside(maySet) }
  },
  plan({ name, value, state, sysctl_set, ignoreerrors }, before) {
    const wanted = normal(spelled(value ?? ''))
    if (state === 'present' && wanted === '') fail('value cannot be blank')
    const file = edited(before.file, name, state === 'present' ? wanted : undefined)
    if (!sysctl_set || state === 'absent') return { ...before, file }
    if (before.live === undefined && !ignoreerrors) fail(`the kernel of the host has no parameter ${name}`, { rc: 255 })
    if (typeof before.live === 'string' && before.live !== wanted && before.maySet.value === false) fail(`setting ${name} failed: permission denied on key "${name}"`, { rc: 1 })
    return { ...before, file, live: before.live === undefined ? undefined : wanted }
  },
  *apply({ params: { name, sysctl_file, reload, ignoreerrors }, before, after }) {
    // -e passes over names that the kernel does not know, not over what it refuses.
    const lenient = ignoreerrors ? ['-e'] : []
    if (after.live !== before.live && typeof after.live === 'string') yield run(['sysctl', ...lenient, '-w', `${name}=${after.live}`], [leaves(sysctlResource, name, after.live)])
    if (after.file !== before.file) yield write(sysctl_file, bytesContent(after.file))
    if (reload) yield run(['sysctl', ...lenient, '-p', sysctl_file], entries(after.file).map(([key, value]) => leaves(sysctlResource, key, value)))
  },
  result: () => ({ outputs: {} }),
  diff: ({ params: { name, sysctl_file }, before, after }) => [
    ...(before.file === after.file ? [] : [{ header: { before: sysctl_file, after: sysctl_file }, before: before.file, after: after.file }]),
    ...(before.live === after.live || typeof before.live !== 'string' ? [] : [{ header: { before: name, after: name }, before: `${name} = ${before.live}\n`, after: `${name} = ${String(after.live)}\n` }]),
  ],
})

/** yes and no as the kernel writes them. */
const spelled = (value: string): string => (/^(yes|true|on)$/i.test(value) ? '1' : /^(no|false|off)$/i.test(value) ? '0' : value)

const ENTRY = /^\s*-?([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/

function entries(file: string): readonly (readonly [string, string])[] {
  return file.split('\n').flatMap((line) => {
    const entry = ENTRY.exec(line)
    return entry ? [[entry[1]!, normal(entry[2]!)] as const] : []
  })
}

/** The last entry of the name counts and gets the value; others of it go. A new one stands at the end. */
function edited(file: string, name: string, value: string | undefined): string {
  const lines = file === '' ? [] : file.replace(/\n$/, '').split('\n')
  const mine = lines.flatMap((line, i) => (ENTRY.exec(line)?.[1] === name ? [i] : []))
  const last = mine.at(-1)
  if (value !== undefined && last !== undefined && mine.length === 1 && normal(ENTRY.exec(lines[last]!)![2]!) === value) return file
  if (value === undefined && last === undefined) return file
  const kept = lines.flatMap((line, i) => (!mine.includes(i) ? [line] : value !== undefined && i === last ? [`${name}=${value}`] : []))
  if (value !== undefined && last === undefined) kept.push(`${name}=${value}`)
  return kept.map((line) => `${line}\n`).join('')
}
