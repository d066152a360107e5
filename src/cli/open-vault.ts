import { type AskSecret, type VaultSource, loadVaultSecrets, parseVaultId } from '../vault/load-secrets.ts'
import type { VaultSecrets } from '../vault/vault.ts'
import type { Secrets } from '../text/secrets.ts'
import { Problem } from '../problem/problem.ts'
import type { Terminal } from './command.ts'
import type { PlaybookValues } from './run-settings.ts'
import type { Settings } from './settings.ts'

type VaultValues = Pick<PlaybookValues, 'vaultId' | 'vaultPasswordFile' | 'askVaultPass'>

/** The vault passwords that the command line and the settings name. What they open is masked in all output. */
export async function openVault(values: VaultValues, settings: Settings, terminal: Terminal, secrets: Secrets): Promise<VaultSecrets> {
  const loaded = await loadVaultSecrets(vaultSources(values, settings), { ask: asking(terminal), warn: remarking(terminal) })
  return { secrets: loaded, matchIds: settings.flag('vaultIdMatch') ?? false, onSecret: (text) => secrets.add(text) }
}

/** Asks for a password; where there is no terminal it is read from what is piped in, a line for each. */
export const asking = (terminal: Terminal): AskSecret => async (question) => {
  const answer = await terminal.ask(question, { secret: true, piped: true })
  if (answer === undefined) throw new Problem({ code: 'nobody-to-ask', summary: 'A password must be asked for, and there is no terminal', detail: question.trim(), hint: 'use --vault-password-file' })
  return answer
}

export const remarking = (terminal: Terminal) => ({ detail, message }: Problem): void => terminal.err(`[WARNING]: ${detail ?? message}\n`)

/** Where passwords come from: settings first, then the command line in the order of its kinds. */
export function vaultSources({ vaultId, vaultPasswordFile, askVaultPass }: VaultValues, settings: Settings): readonly VaultSource[] {
  const identities = settings.text('vaultIdentityList')?.split(',').map((text) => text.trim()).filter(Boolean) ?? []
  const file = settings.paths('vaultPasswordFile', '\0') ?? []
  const asks = askVaultPass || (settings.flag('askVaultPass') === true && vaultId.length + vaultPasswordFile.length === 0)
  return [
    ...[...identities, ...vaultId].map(parseVaultId), ...[...file, ...vaultPasswordFile].map((source) => ({ id: 'default', source })),
    ...(asks ? [{ id: 'default', source: 'prompt' }] : []),
  ]
}
