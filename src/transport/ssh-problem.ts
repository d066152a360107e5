import { Problem } from '../problem/problem.ts'
import { Unreachable } from './connection.ts'
import { fingerprint, keyType, type Verdict } from './known-hosts.ts'
import type { SshSettings } from './ssh-settings.ts'

const unreachable = (code: string, summary: string, detail: string, hint: string): Unreachable => new Unreachable(new Problem({ code, summary, detail, hint }))

/** Why no TCP connection came about, or why it broke off. */
export function networkProblem(where: string, error: NodeJS.ErrnoException): Unreachable {
  switch (error.code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return unreachable('unreachable-dns', 'the name of the host is not known', where, 'check the spelling, or set ansible_host to an address')
    case 'ECONNREFUSED':
      return unreachable('unreachable-refused', 'the host refuses the connection', where, 'is sshd running there, and on this port (ansible_port)?')
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
      return noAnswer(where, error.code === 'ETIMEDOUT' ? 'no answer' : error.code === 'ENETUNREACH' ? 'no route to its network' : 'no route to the host')
    default:
      return unreachable('unreachable-broken', 'the connection to the host broke off', `${where}: ${error.message}`, 'the log of sshd on the host may say why')
  }
}

export const noAnswer = (where: string, reason: string): Unreachable =>
  unreachable('unreachable-timeout', 'the host does not answer', `${where}: ${reason}`, 'is it up, and does a firewall let this port through? ansible_timeout is the time to wait')

/** A host on the way could be reached, the one behind it not. */
export const unreachableBehind = (where: string, jump: string, reason: string): Unreachable =>
  unreachable('unreachable-behind-jump', 'the host on the way cannot reach the host behind it', `${where} through ${jump}: ${reason}`, 'is the address right as seen from there, and does its sshd allow forwarding (AllowTcpForwarding)?')

export const connectionLost = (where: string, reason: string): Unreachable =>
  unreachable('unreachable-lost', 'the connection to the host was lost', `${where}: ${reason}`, 'was it restarted? after a planned restart use the reboot or wait_for_connection module')

/** All attempts to log in failed. */
export function authFailed(where: string, tried: readonly string[], skipped: readonly string[], offered: readonly string[] | undefined): Unreachable {
  const parts = [
    tried.length > 0 ? `tried ${tried.join(', ')}` : 'nothing to try',
    ...(skipped.length > 0 ? [`could not use ${skipped.join(', ')}`] : []),
    ...(offered ? [`the host accepts ${offered.join(', ')}`] : []),
  ]
  return unreachable('auth-failed', 'the host does not let the user in', `${where}: ${parts.join('; ')}`, authHint(tried, skipped))
}

function authHint(tried: readonly string[], skipped: readonly string[]): string {
  if (skipped.some((text) => text.includes('passphrase'))) return 'add the key to your agent (ssh-add), or give its passphrase'
  if (tried.length === 0) return 'set ansible_ssh_private_key_file, load a key into your agent, or use --ask-pass'
  return 'check ansible_user, and that the public key is in its ~/.ssh/authorized_keys on the host'
}

/** The host's key is not the one we trust. */
export function hostKeyProblem(settings: SshSettings, where: string, key: Buffer, verdict: Exclude<Verdict, { kind: 'known' }>): Unreachable {
  const shown = `${keyType(key)} ${fingerprint(key)}`
  const { hostName, port, knownHostsFiles, knownNames } = settings
  switch (verdict.kind) {
    case 'changed': {
      const { file, line, key: expected } = verdict.entry
      return unreachable(
        'host-key-changed',
        'the host shows another key than before',
        `${where} shows ${shown}, but ${file}:${line} expects ${fingerprint(Buffer.from(expected, 'base64'))}`,
        `if the host was rebuilt, remove the line: ssh-keygen -R '${knownNames[0]}' -f ${file}; if not, somebody may be in between`,
      )
    }
    case 'revoked':
      return unreachable('host-key-revoked', 'the key of the host was revoked', `${where} shows ${shown}, revoked in ${verdict.entry.file}:${verdict.entry.line}`, 'do not connect; the host needs a new key')
    case 'unknown': {
      const others = verdict.others.map(({ type, file, line }) => `${type} in ${file}:${line}`)
      const scan = `ssh-keyscan ${port === 22 ? '' : `-p ${port} `}${hostName} >> ${settings.userKnownHostsFile ?? knownHostsFiles[0] ?? '~/.ssh/known_hosts'}`
      return unreachable(
        'host-key-unknown',
        'the key of the host is not known',
        `${where} shows ${shown}${others.length > 0 ? `; known are only ${others.join(', ')}` : ''}`,
        `compare the fingerprint with the host's own, then: ${scan}`,
      )
    }
  }
}
