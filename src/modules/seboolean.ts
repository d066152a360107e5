import { SYSTEM_PATH, missing } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { type Resource, leaves } from '../host/resource.ts'
import { run } from '../host/step.ts'
import { flag, text } from '../schema/field.ts'
import { quote } from '../shell/quote.ts'

interface Boolean_ {
  readonly now: boolean
  /** What it is after a start of the host; undefined where nobody asked. */
  readonly stays: boolean | undefined
}

/** Undefined where SELinux is off; null where it knows no such boolean. Key: the name. */
const booleanResource: Resource<Boolean_ | null | undefined> = {
  kind: 'seboolean',
  async load(shell, keys) {
    const script = `${SYSTEM_PATH}; [ -e /sys/fs/selinux/enforce ] || exit 98; for n in ${keys.map(quote).join(' ')}; do cat -- "/sys/fs/selinux/booleans/$n" 2>/dev/null || printf none; echo; l=$(grep -hs "^$n=" /var/lib/selinux/*/active/booleans.local /etc/selinux/*/modules/active/booleans.local | tail -n 1); echo "$l"; done`
    const { code, stdout } = await shell.run(script)
    const lines = stdout.toString().split('\n')
    return keys.map((_, i) => {
      if (code === 98) return undefined
      const [live, local] = [lines[i * 2]!, lines[i * 2 + 1] ?? '']
      return live === 'none' ? null : { now: live.startsWith('1'), stays: local === '' ? undefined : local.endsWith('=1') }
    })
  },
}

export const seboolean = defineModule({
  name: 'seboolean',
  summary: 'Switch a boolean of SELinux.',
  notes: ['For hosts on which SELinux is on; needs setsebool (package policycoreutils) there. Elsewhere it fails, as in Ansible.'],
  examples: `
- name: The web server may reach the network
  seboolean: { name: httpd_can_network_connect, state: true, persistent: true }
- name: Now only, until the next start
  seboolean: { name: httpd_can_sendmail, state: false }
`,
  params: {
    name: text('The boolean.', { required: true }),
    state: flag('Whether it is on.', { required: true }),
    persistent: flag('Also after the next start of the host.', { default: false }),
    ignore_selinux_state: flag('Work in a chroot too, where nothing tells whether SELinux is on.', { default: false }),
  },
  async probe(host, { name, persistent, ignore_selinux_state }): Promise<Boolean_> {
    if (!/^\w+$/.test(name)) fail(`SELinux boolean ${name} does not exist.`)
    const found = known(await host.get(booleanResource, name))
    if (found === null) return fail(`SELinux boolean ${name} does not exist.`)
    if (found === undefined) return fail(ignore_selinux_state ? 'without SELinux there is nothing that tells what its booleans are: run setsebool with the module command' : 'SELinux is disabled on this host.')
    return { now: found.now, stays: persistent ? (found.stays ?? found.now) : undefined }
  },
  plan: ({ state }, before) => ({ now: state, stays: before.stays === undefined ? undefined : state }),
  apply: ({ params: { name, state, persistent }, after }) => [run(`${SYSTEM_PATH}; command -v setsebool >/dev/null || { echo ${quote(missing('setsebool', 'policycoreutils'))} >&2; exit 9; }; exec setsebool${persistent ? ' -P' : ''} ${name} ${state ? 'on' : 'off'}`, [leaves(booleanResource, name, after)], { sentence: `switch ${name} ${state ? 'on' : 'off'}` })],
  result: ({ params: { name, persistent, state } }) => ({ outputs: { name, persistent, state } }),
})
