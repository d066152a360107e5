import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { integer, text } from '../schema/field.ts'
import { applyUnit, planUnit, probeUnit, unitChores, unitOutputs, unitParams } from './systemd.ts'

const systemdIgnores = 'systemd has no use for it; Ansible ignores it there as well'

export const service = defineModule({
  name: 'service',
  summary: 'Keep a service running or stopped, and enabled or not.',
  notes: ['For hosts that are run by systemd; other service managers are refused. What is special to `systemd` may be given here too, as Ansible allows.'],
  examples: `
- name: The service runs
  service: { name: ssh, state: started, enabled: true }
`,
  standsFor: ['systemd_service', 'systemd'],
  params: {
    ...unitParams,
    arguments: text('Arguments for the init script.', { aliases: ['args'], inert: systemdIgnores }),
    pattern: text('What to look for in the process list.', { inert: systemdIgnores }),
    runlevel: text('Run level of OpenRC.', { inert: systemdIgnores }),
    sleep: integer('Seconds between stopping and starting.', { inert: systemdIgnores }),
    use: text('Which service manager to use: systemd, or what the host has.', { default: 'auto' }),
  },
  rules: { oneOf: [['state', 'enabled', 'masked', 'daemon_reload', 'daemon_reexec']] },
  probe(host, params) {
    if (!/^(?:auto|service|(?:ansible\.(?:builtin|legacy)\.)?(?:systemd|systemd_service))$/.test(params.use)) fail(`use: ${params.use} is out of reach: only hosts that are run by systemd are served`)
    return probeUnit(host, params)
  },
  plan: planUnit,
  chores: unitChores,
  apply: applyUnit,
  result: ({ params, before }) => ({ outputs: unitOutputs(params, before.found.value.unit) }),
})
