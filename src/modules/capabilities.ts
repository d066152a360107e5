import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { fileResource } from '../host/file.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { run } from '../host/step.ts'
import { choice, path, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { type Value, unknown } from '../value/value.ts'

/** Capabilities of a file by name, as `=ep`; undefined without getcap. Key: its path. */
const capabilitiesResource: Resource<ReadonlyMap<string, string> | undefined> = {
  kind: 'capabilities',
  async load(shell, keys) {
    const { code, stdout } = await shell.run(`export LC_ALL=C; PATH=$PATH:/usr/sbin:/sbin; command -v getcap >/dev/null || exit 9; for p in ${keys.map(quote).join(' ')}; do getcap "$p" 2>/dev/null; echo @@; done`)
    const parts = stdout.toString().split('@@\n')
    return keys.map((key, i) => (code === 9 ? undefined : parseCapabilities((parts[i] ?? '').trim().slice(key.length))))
  },
  // Whatever writes the file anew takes its capabilities away.
  foresee: (key, found, planned) => (planned.touches(key) === undefined ? found : unknown(`${planned.touches(key)} changes ${key}`)),
}

export const capabilities = defineModule({
  name: 'capabilities',
  summary: 'Keep a capability of a program.',
  notes: ['Needs getcap and setcap (package libcap2-bin) on the host.'],
  examples: `
- name: It may listen on port 80
  capabilities: { path: /usr/local/bin/web, capability: cap_net_bind_service=+ep }
- name: And may do nothing to the network's settings
  capabilities: { path: /usr/local/bin/web, capability: cap_net_admin, state: absent }
`,
  params: {
    path: path('The program.', { required: true, aliases: ['key'] }),
    capability: text('The capability: cap_net_raw+ep; for absent without flags.', { required: true, aliases: ['cap'] }),
    state: choice(['present', 'absent'], 'Whether it has it.', { default: 'present' }),
  },
  async probe(host, { path }): Promise<{ readonly capabilities: ReadonlyMap<string, string> }> {
    const [found, file] = await Promise.all([host.get(capabilitiesResource, path), host.get(fileResource, path)])
    if (known(file).kind === 'absent') fail(`${path} does not exist`)
    return { capabilities: known(found) ?? fail('Failed to find required executable "getcap": install the package libcap2-bin on the host') }
  },
  plan({ capability, state }, before) {
    const { name, flags } = parseWish(capability)
    if (state === 'absent') return { capabilities: new Map([...before.capabilities].filter(([one]) => one !== name)) }
    if (flags === '') fail(`${capability} needs flags, like ${name}+ep`)
    return { capabilities: before.capabilities.get(name) === flags ? before.capabilities : new Map([...before.capabilities, [name, flags]]) }
  },
  *apply({ params: { path }, after }) {
    const words = [...after.capabilities].map(([name, flags]) => `${name}=${flags}`).join(' ')
    const prefix = 'export LC_ALL=C; PATH=$PATH:/usr/sbin:/sbin; exec setcap'
    yield run(words === '' ? `${prefix} -r ${quote(path)}` : `${prefix} ${quote(words)} ${quote(path)}`, [leaves(capabilitiesResource, path, after.capabilities)], { sentence: `set the capabilities of ${path}` })
  },
  result: ({ params: { path, capability, state }, after }) => ({ outputs: { path, capability, state, stdout: [...after.capabilities].map(([name, flags]) => `${name}=${flags}`).join(',') as Value } }),
})

const inOrder = (flags: string): string => [...'eip'].filter((flag) => flags.includes(flag)).join('')

function parseWish(capability: string): { readonly name: string; readonly flags: string } {
  const match = /^\s*(cap_\w+|all)\s*(?:[=+]+([eip]*))?\s*$/i.exec(capability)
  return match ? { name: match[1]!.toLowerCase(), flags: inOrder(match[2] ?? '') } : fail(`${capability} is no capability: cap_NAME+ep is one`)
}

/** ` cap_a,cap_b=ep cap_c+i`, before libcap 2.42 ` = cap_a+ep`. */
export function parseCapabilities(text: string): ReadonlyMap<string, string> {
  return new Map(text.replace(/^\s*=\s+/, '').split(/\s+/).flatMap((clause) => {
    const match = /^([a-z_\d,]+)[=+]([eip]*)$/.exec(clause)
    return match ? match[1]!.split(',').map((name) => [name, inOrder(match[2]!)] as const) : []
  }))
}
