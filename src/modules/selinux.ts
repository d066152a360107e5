import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { contentResource } from '../host/file.ts'
import { type Step, run, write } from '../host/step.ts'
import { choice, flag, path, text } from '../schema/field.ts'
import { type Aside, aside } from '../value/aside.ts'
import { bytesContent } from '../value/content.ts'

interface Selinux {
  readonly config: string
  /** What the kernel does now: '' where it has no SELinux. */
  readonly now: string
  /** With update_kernel_param: whether the kernel starts with it. */
  readonly kernel: 'on' | 'off' | undefined
  readonly seen: Aside<{ readonly policy: string }>
}

export const selinux = defineModule({
  name: 'selinux',
  summary: 'Keep the mode and the policy of SELinux.',
  notes: [
    'Its configuration file must be there; without SELinux on the host it fails, as in Ansible. Between disabled and the other modes a start of the host is needed: `reboot_required` says so.',
    'update_kernel_param needs grubby on the host.',
  ],
  examples: `
- name: SELinux only warns
  selinux: { policy: targeted, state: permissive }
- name: SELinux forbids
  selinux: { policy: targeted, state: enforcing }
`,
  params: {
    state: choice(['disabled', 'enforcing', 'permissive'], 'The mode.', { required: true }),
    policy: text('The policy; needed unless SELinux is to be disabled.'),
    configfile: path('The configuration file.', { default: '/etc/selinux/config', aliases: ['conf', 'file'] }),
    update_kernel_param: flag('Say it to the kernel at its start too, with grubby.', { default: false }),
  },
  async probe(host, { state, policy, configfile, update_kernel_param }): Promise<Selinux> {
    const [content, kernel] = await Promise.all([host.get(contentResource, configfile), host.run(`if [ -e /sys/fs/selinux/enforce ]; then cat /sys/fs/selinux/enforce; else echo none; fi; echo; ${update_kernel_param ? 'command -v grubby >/dev/null || { echo @@; exit; }; grubby --info=DEFAULT | sed -n \'s/^args=//p\'' : ':'}`, [])])
    const config = known(content)?.toString()
    if (config === undefined) return fail(`Unable to find file ${configfile}`, { details: 'Please install SELinux-policy package, if this package is not installed previously.' })
    if (state !== 'disabled' && policy === undefined) fail(`Policy is required if state is not 'disabled'`)
    const [live = '', , ...args] = known(kernel).stdout.toString().split('\n')
    if (args.includes('@@')) fail('Failed to find required executable "grubby": install the package grubby on the host')
    const text = args.join(' ')
    const isOff = /\bselinux=0\b/.test(text)
    return { config, now: live.startsWith('1') ? 'enforcing' : live.startsWith('0') ? 'permissive' : 'disabled', kernel: update_kernel_param ? (isOff ? 'off' : 'on') : undefined, seen: aside({ policy: /^SELINUXTYPE=(\S+)/m.exec(config)?.[1] ?? '' }) }
  },
  plan({ state, policy }, before): Selinux {
    const config = withEntry(withEntry(before.config, 'SELINUX', state), 'SELINUXTYPE', policy)
    // From and to disabled leads only a start of the host.
    const live = before.now === 'disabled' || state === 'disabled' ? before.now : state
    return { config, now: live, kernel: before.kernel === undefined ? undefined : state === 'disabled' ? 'off' : 'on', seen: aside({ policy: policy ?? before.seen.value.policy }) }
  },
  *apply({ params: { configfile }, before, after }): Iterable<Step> {
    if (after.now !== before.now) yield run(['setenforce', after.now === 'enforcing' ? '1' : '0'])
    if (after.config !== before.config) yield write(configfile, bytesContent(after.config))
    if (after.kernel !== before.kernel) yield run(['grubby', '--update-kernel=ALL', after.kernel === 'off' ? '--args=selinux=0' : '--remove-args=selinux=0'])
  },
  diff: ({ params: { configfile }, before, after }) => [
    ...(before.config === after.config ? [] : [{ header: { before: configfile, after: configfile }, before: before.config, after: after.config }]),
    ...(before.now === after.now ? [] : [{ header: { before: 'selinux', after: 'selinux' }, before: `${before.now}\n`, after: `${after.now}\n` }]),
    ...(before.kernel === after.kernel ? [] : [{ header: { before: 'kernel', after: 'kernel' }, before: `selinux ${before.kernel}\n`, after: `selinux ${after.kernel}\n` }]),
  ],
  result({ params: { state, configfile }, before, after }) {
    const restart = (before.now === 'disabled') !== (state === 'disabled')
    const msg = restart ? `Config SELinux state changed to '${state}'; a reboot is required` : before.now === after.now ? '' : `SELinux state changed from '${before.now}' to '${state}'`
    return { outputs: { configfile, policy: after.seen.value.policy, state, msg, reboot_required: restart } }
  },
})

function withEntry(config: string, name: string, value: string | undefined): string {
  if (value === undefined) return config
  const line = new RegExp(`^${name}=.*$`, 'm')
  return line.test(config) ? config.replace(line, () => `${name}=${value}`) : `${config}${config === '' || config.endsWith('\n') ? '' : '\n'}${name}=${value}\n`
}
