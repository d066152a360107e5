import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { contentResource } from '../host/file.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { run } from '../host/step.ts'
import { choice, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'
import { dict } from '../value/value.ts'

const hostnameResource: Resource<string> = {
  kind: 'hostname',
  async load(shell, keys) {
    const { stdout } = await shell.run('cat /proc/sys/kernel/hostname')
    return keys.map(() => stdout.toString().trim())
  },
}

export const hostname = defineModule({
  name: 'hostname',
  summary: 'Give the host its name.',
  notes: ['Where systemd runs, hostnamectl is used where it works; elsewhere /etc/hostname is written and the kernel told.'],
  examples: `
- name: The host is called by its inventory name
  hostname: { name: "{{ inventory_hostname }}" }
`,
  params: {
    name: text('The name.', { required: true }),
    use: choice(['alpine', 'debian', 'generic', 'redhat', 'sles', 'systemd', 'openrc', 'freebsd', 'openbsd', 'macos', 'macosx', 'darwin', 'solaris'], 'How to set it.', { inert: 'all Linux systems here keep it in /etc/hostname' }),
  },
  async probe(host) {
    const [running, file] = await Promise.all([host.get(hostnameResource, ''), host.get(contentResource, '/etc/hostname')])
    return { running: known(running), permanent: known(file)?.toString().split('\n').map((line) => line.trim()).find((line) => line !== '' && !line.startsWith('#')) ?? '' }
  },
  plan({ name }, before) {
    if (!/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(name) || name.length > 64) fail(`'${name}' is no name for a host: letters, digits, dots and dashes, at most 64`)
    return { ...before, running: name, permanent: name }
  },
  *apply({ params: { name }, after }) {
    const script = `if [ -d /run/systemd/system ] && command -v hostnamectl >/dev/null && hostnamectl set-hostname ${quote(name)} 2>/dev/null; then exit 0; fi\nprintf '%s\\n' ${quote(name)} > /etc/hostname && hostname ${quote(name)}`
    yield run(script, [leaves(hostnameResource, '', after.running), leaves(contentResource, '/etc/hostname', Buffer.from(`${name}\n`))], { sentence: `set the hostname ${name}` })
  },
  result: ({ params: { name } }) => {
    const short = name.split('.')[0]!
    return { outputs: { name, ansible_facts: dict({ ansible_hostname: short, ansible_nodename: name, ansible_fqdn: name, ansible_domain: name.split('.').slice(1).join('.') }) } }
  },
})
