import { defineCommand } from './command.ts'
import { UsageProblem } from './options.ts'
import { playbookOptions } from './playbook-options.ts'

const { check: _check, diff: _diff, audit: _audit, listHosts: _hosts, listTasks: _tasks, listTags: _tags, syntaxCheck: _syntax, ...options } = playbookOptions

export const diffCommand = defineCommand({
  name: 'diff',
  summary: 'What a run would change, exactly; changes nothing.',
  operands: 'PLAYBOOK…',
  examples: [
    ['tutti diff site.yml -i hosts', 'Each change with its difference, and what cannot be known before the run, with the reason.'],
    ['tutti diff site.yml -i hosts && echo converged', 'Exit code 0: nothing to do, and nothing unknown.'],
  ],
  notes: ['Exit codes: 0 nothing to change and nothing unknown, 2 changes or unknowns are pending, 1 something would fail or a host is unreachable, 5 wrong options, 99 interrupted, 250 a defect of tutti.'],
  options,
  async run({ values, operands }, terminal) {
    if (operands.length === 0) throw new UsageProblem({ code: 'no-playbook', summary: 'A playbook must be named', hint: '`tutti diff site.yml -i hosts`' })
    const { startRun } = await import('./start-run.ts')
    const asked = { ...values, check: true, diff: true, audit: false, listHosts: false, listTasks: false, listTags: false, syntaxCheck: false }
    const { exitCode, changed, unknown } = await startRun(operands, asked, terminal)
    if (exitCode === 99 || exitCode === 250) return exitCode
    return exitCode !== 0 ? 1 : changed + unknown > 0 ? 2 : 0
  },
})
