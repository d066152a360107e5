import { Problem } from '../problem/problem.ts'
import { Unreachable } from './connection.ts'
import { networkProblem } from './ssh-problem.ts'

interface Saying {
  readonly pattern: RegExp
  readonly code: string
  readonly summary: string
  readonly hint: string
}

const SAYINGS: readonly Saying[] = [
  {
    // The shell that starts it says so.
    pattern: /exec: ssh: not found/,
    code: 'no-ssh-program',
    summary: 'the program ssh is not on this machine, and what is wished for this host only it can do',
    hint: 'install it (Debian has it in openssh-client), or leave out the settings of ssh that tutti hands on to it',
  },
  {
    pattern: /IDENTIFICATION HAS CHANGED/,
    code: 'host-key-changed',
    summary: 'the host shows another key than before',
    hint: 'if the host was rebuilt, remove the old line with ssh-keygen -R; if not, somebody may be in between',
  },
  {
    pattern: /host key is known|Host key verification failed/,
    code: 'host-key-unknown',
    summary: 'the key of the host is not known',
    hint: 'compare its fingerprint, then add it with ssh-keyscan <host> >> ~/.ssh/known_hosts',
  },
  {
    pattern: /Permission denied|Too many authentication failures|No more authentication methods/i,
    code: 'auth-failed',
    summary: 'the host does not let the user in',
    hint: 'try the same with ssh -v; check ansible_user and its ~/.ssh/authorized_keys on the host',
  },
]

const NETWORK: readonly (readonly [RegExp, string])[] = [
  [/Could not resolve|Name or service not known/i, 'ENOTFOUND'],
  [/Connection refused/i, 'ECONNREFUSED'],
  [/timed out|Operation timed out/i, 'ETIMEDOUT'],
  [/No route to host/i, 'EHOSTUNREACH'],
  [/Network is unreachable/i, 'ENETUNREACH'],
]

/** What the `ssh` program said when it could not log in, as one of our problems. */
export function opensshProblem(where: string, said: string): Unreachable {
  const lines = said.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  // Of the long warning about a changed key, only the place and the key matter.
  const text = (/IDENTIFICATION HAS CHANGED/.test(said) ? lines.filter((line) => /^Offending|^SHA256:/.test(line)) : lines).join('; ')
  const saying = SAYINGS.find(({ pattern }) => pattern.test(said))
  if (saying) return new Unreachable(new Problem({ code: saying.code, summary: saying.summary, detail: `${where}: ${text}`, hint: saying.hint }))
  const code = NETWORK.find(([pattern]) => pattern.test(said))?.[1]
  const problem = networkProblem(where, Object.assign(new Error(text || 'ssh said nothing'), code ? { code } : {}))
  return Object.assign(problem, { early: lines.length === 1 && /kex_exchange_identification|ssh_exchange_identification/.test(said) })
}
