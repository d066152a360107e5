import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { fileResource } from '../host/file.ts'
import { type HostnameState, hostnameResource } from '../host/hostname.ts'
import { leaves } from '../host/resource.ts'
import { run, write } from '../host/step.ts'
import { choice, text } from '../schema/field.ts'
import { aside } from '../value/aside.ts'
import { bytesContent } from '../value/content.ts'

/** What the other strategies of Ansible's are for: systems that tutti does not know. */
const STRATEGIES = ['alpine', 'debian', 'freebsd', 'generic', 'macos', 'macosx', 'darwin', 'openbsd', 'openrc', 'redhat', 'sles', 'solaris', 'systemd'] as const

export const hostname = defineModule({
  name: 'hostname',
  summary: 'Keep the name of the host, now and after the next start.',
  notes: ['Uses hostnamectl where systemd runs, else hostname and /etc/hostname. /etc/hosts is left alone, as in Ansible.'],
  examples: `
- name: The host is called as the inventory says
  hostname: { name: "{{ host_name }}" }
- name: And knows its own name
  lineinfile: { path: /etc/hosts, regexp: '^127\\.0\\.1\\.1', line: "127.0.1.1 {{ host_name }}" }
`,
  params: {
    name: text('The name.', { required: true }),
    use: choice(STRATEGIES, 'How it is set; found out where it is not given. debian, generic, alpine and systemd are known.'),
  },
  async probe(host, { use }): Promise<HostnameState & { readonly systemd: ReturnType<typeof aside<boolean>> }> {
    if (use !== undefined && !['alpine', 'debian', 'generic', 'systemd'].includes(use)) fail(`hosts of the kind '${use}' are not known`)
    const [found, systemd] = await Promise.all([host.get(hostnameResource, 'hostname'), host.get(fileResource, '/run/systemd/system')])
    return { ...known(found), systemd: aside(use === undefined ? known(systemd).kind === 'directory' : use === 'systemd') }
  },
  plan({ name }, before) {
    if (name.length > 64) fail(`a host name has at most 64 characters, not ${name.length}`)
    return { ...before, current: name, permanent: name }
  },
  *apply({ params: { name }, before, after }) {
    const effects = [leaves(hostnameResource, 'hostname', { current: name, permanent: name })]
    if (after.systemd.value) return yield run(['hostnamectl', 'set-hostname', name], effects)
    if (before.permanent !== name) yield write('/etc/hostname', bytesContent(`${name}\n`))
    yield run(['hostname', name], effects)
  },
  result: ({ params: { name } }) => ({
    outputs: { name, ansible_facts: new Map([['ansible_hostname', name.split('.')[0]!], ['ansible_nodename', name], ['ansible_fqdn', name], ['ansible_domain', name.split('.').slice(1).join('.')]]) },
  }),
  diff: ({ before, after }) => [{ header: { before: 'hostname', after: 'hostname' }, before: `hostname = ${before.permanent}\n`, after: `hostname = ${after.permanent}\n` }],
})
