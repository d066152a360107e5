import { defineCommand } from './command.ts'
import { UsageProblem, parseOptions } from './options.ts'
import { playbookOptions } from './playbook-options.ts'

const { inventory, extraVars, vaultId, vaultPasswordFile, askVaultPass, tags, skipTags } = playbookOptions

export const syntaxCheckCommand = defineCommand({
  name: 'syntax-check',
  summary: 'Check playbooks without reaching any host.',
  operands: 'PLAYBOOK…',
  examples: [['tutti syntax-check site.yml', 'All mistakes of all files at once: keywords, modules and their parameters, templates, missing files and roles.']],
  options: { inventory, extraVars, vaultId, vaultPasswordFile, askVaultPass, tags, skipTags },
  async run({ values, operands }, terminal) {
    if (operands.length === 0) throw new UsageProblem({ code: 'no-playbook', summary: 'A playbook must be named', hint: '`tutti syntax-check site.yml`' })
    const { startRun } = await import('./start-run.ts')
    const all = { ...parseOptions(playbookOptions, []).values, ...values, syntaxCheck: true }
    return (await startRun(operands, all, terminal, { strict: true })).exitCode
  },
})
