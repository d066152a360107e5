import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { run } from '../host/step.ts'
import { choice, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { isUnknown, type Unknown } from '../value/value.ts'

/** What dpkg is to do with a package when it gets the chance; '' for one that it does not know. Key: its name. */
const selectionResource: Resource<string> = {
  kind: 'dpkg-selection',
  async load(shell, keys) {
    const { stdout } = await shell.run(`dpkg-query -W -f '\${Package} \${db:Status-Want}\\n' -- ${keys.map(quote).join(' ')} 2>/dev/null || :`)
    const found = new Map(stdout.toString().split('\n').map((line) => line.split(' ') as [string, string]))
    return keys.map((key) => found.get(key) ?? '')
  },
  foresee: (key, found, planned) => planned.packages.findLast(({ name }) => name === key || name.startsWith(`${key}=`))?.action === 'install' && found !== 'hold' ? 'install' : found,
}

export const dpkgSelections = defineModule({
  name: 'dpkg_selections',
  summary: 'Hold a package back from upgrades, or let it go, on Debian and its kin.',
  notes: ['Needs dpkg on the host, and the package must be known to it.'],
  examples: `
- name: The database is not upgraded by the way
  dpkg_selections: { name: tzdata, selection: hold }
- name: This may be upgraded again
  dpkg_selections: { name: bash, selection: install }
`,
  params: {
    name: text('The package.', { required: true }),
    selection: choice(['install', 'hold', 'deinstall', 'purge'], 'What dpkg is to do with it.', { required: true }),
  },
  async probe(host, { name, selection: wanted }): Promise<{ readonly selection: string | Unknown }> {
    const selection = await host.get(selectionResource, name)
    // dpkg only warns of a name that it never heard of, and keeps nothing.
    const offered = selection === '' ? await host.run(`dpkg-query --print-avail -- ${quote(name)} >/dev/null 2>&1`, ['/var/lib/dpkg/available']) : undefined
    if (offered && !isUnknown(offered) && offered.code !== 0) fail(`Failed to find package '${name}' to perform selection '${wanted}'.`)
    return { selection }
  },
  plan: ({ selection }) => ({ selection }),
  *apply({ params: { name, selection } }) {
    yield run(['dpkg', '--set-selections'], [leaves(selectionResource, name, selection)], { stdin: Buffer.from(`${name} ${selection}\n`) })
  },
  result: ({ before, after }) => ({ outputs: { before: isUnknown(before.selection) ? before.selection : before.selection || 'not present', after: after.selection } }),
})
