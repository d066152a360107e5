import type { Command } from './command.ts'

/** Every command with the line that lists it; its file is read when it is used, so that `--help` and `--version` are quick. */
export const commands: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command<any>> }>> = {
  run: { summary: 'Run playbooks.', load: async () => (await import('./run.ts')).runCommand },
  diff: { summary: 'What a run would change, exactly; changes nothing.', load: async () => (await import('./diff.ts')).diffCommand },
  adhoc: { summary: 'One module on the hosts of a pattern, without a playbook.', load: async () => (await import('./adhoc.ts')).adhocCommand },
  doctor: { summary: 'What of a project runs here, what does not, and why.', load: async () => (await import('./doctor.ts')).doctorCommand },
  doc: { summary: 'What a module does and takes.', load: async () => (await import('./doc.ts')).docCommand },
  inventory: { summary: 'The hosts, groups and variables of an inventory.', load: async () => (await import('./inventory.ts')).inventoryCommand },
  config: { summary: 'The settings in force, and where they come from.', load: async () => (await import('./config.ts')).configCommand },
  galaxy: { summary: 'Install roles and collections, and list them.', load: async () => (await import('./galaxy.ts')).galaxyCommand },
  lab: { summary: 'Make hosts to try things on.', load: async () => (await import('./lab.ts')).labCommand },
  vault: { summary: 'Encrypt, view, edit and decrypt files and values as ansible-vault does.', load: async () => (await import('./vault.ts')).vaultCommand },
  seal: { summary: 'Seal Secrets of Kubernetes as kubeseal does, open them, and renew them.', load: async () => (await import('./seal.ts')).sealCommand },
  'syntax-check': { summary: 'Check playbooks without reaching any host.', load: async () => (await import('./syntax-check.ts')).syntaxCheckCommand },
}
