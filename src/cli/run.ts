import { defineCommand } from './command.ts'
import { UsageProblem } from './options.ts'
import { playbookOptions } from './playbook-options.ts'

export const runCommand = defineCommand({
  name: 'run',
  summary: 'Run playbooks.',
  operands: 'PLAYBOOK…',
  examples: [
    ['tutti run site.yml -i hosts', 'Everything in site.yml, on the hosts of the inventory `hosts`.'],
    ['tutti run site.yml -i hosts -l web -t nginx', 'Only the hosts of the group web, only tasks tagged nginx.'],
    ['tutti run site.yml -i hosts -b -K', 'As root on the hosts, by sudo, with its password asked for.'],
    ['tutti run site.yml -i web1, -u admin --private-key key', 'One host without an inventory file (mind the comma).'],
  ],
  notes: ['Exit codes, as ansible-playbook has them: 0 all well, 1 an error, 2 a host failed, 4 a host was unreachable or a playbook is wrong, 5 wrong options, 99 interrupted, 250 a defect of tutti.'],
  options: playbookOptions,
  async run({ values, operands }, terminal) {
    if (operands.length === 0) throw new UsageProblem({ code: 'no-playbook', summary: 'A playbook must be named', hint: '`tutti run site.yml -i hosts`' })
    const { startRun } = await import('./start-run.ts')
    return (await startRun(operands, values, terminal)).exitCode
  },
})
