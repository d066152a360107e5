import { Problem } from '../problem/problem.ts'
import { quote } from '../shell/quote.ts'
import type { Become } from './connection.ts'

/** A command line that becomes the user, and how it asks for a password. */
export interface BecomeCommand {
  readonly command: string
  /** Whether the program may read a password from its input, so that nothing else may be written before the shell has answered. */
  readonly mayPrompt: boolean
  /** Whether the end of what it wrote so far is its question for the password. */
  readonly isPrompt: (stderr: string) => boolean
}

/** The command that starts `inner` (one word of shell each) as the user; `token` makes the prompt of sudo unmistakable. */
export function becomeCommand(become: Become, inner: string, token: string): BecomeCommand {
  switch (become.method) {
    case 'sudo':
      return sudo(become, inner, token)
    case 'su':
      // -c after the user, because BSD's su takes what follows the user for the shell. A root that logged in is never asked.
      return {
        command: words(program(become), become.flags, quote(become.user), `-c ${quote(`exec ${inner}`)}`),
        mayPrompt: true,
        isPrompt: looksLikePrompt,
      }
    case 'doas':
      return { command: words(program(become), '-n', become.flags, `-u ${quote(become.user)}`, inner), mayPrompt: false, isPrompt: () => false }
  }
}

function sudo(become: Become, inner: string, token: string): BecomeCommand {
  const prompt = `[${token}] `
  const asks = become.password !== undefined
  const flags = asks ? withoutFlag(become.flags ?? '-H', 'n') : (become.flags ?? '-H')
  return {
    command: words(program(become), flags, asks ? `-S -p ${quote(prompt)}` : '-n', `-u ${quote(become.user)}`, inner),
    mayPrompt: asks,
    isPrompt: (stderr) => stderr.includes(prompt) || looksLikePrompt(stderr),
  }
}

/**
 * A command line with sudo, by `becomeCommand`; where the host lets nobody become another user without a terminal (`requiretty`), once
 * more under `script`, which gives it one. Its input and output stay what they are: they pass the terminal by.
 */
export function onTerminalIfNeeded(become: Become, command: string): string {
  const asked = `LC_ALL=C ${program(become)} -n -u ${quote(become.user)} true 2>&1 </dev/null | grep -q 'have a tty'`
  const beside = quote(`exec ${command} <&3 >&4 2>&5 3<&- 4>&- 5>&-`)
  // sudo refuses before it reads anything: what was written to it is still there.
  const script = [`${command}`, 'c=$?', `[ $c = 1 ] && command -v script >/dev/null && ${asked} || exit $c`, `exec script -qec ${beside} /dev/null 3<&0 4>&1 5>&2 </dev/null >/dev/null 2>&1`].join('\n')
  return `exec /bin/sh -c ${quote(script)}`
}

const program = ({ program, method }: Become): string => (program ? quote(program) : method)
const words = (...parts: readonly (string | undefined)[]): string => parts.filter((part) => part).join(' ')

// The languages of the world agree on the colon: the last line is unfinished and ends with one.
const looksLikePrompt = (stderr: string): boolean => /[:：][ \t]*$/.test(stderr)

/** `-H -S -n`, Ansible's default flags, forbids the prompt that a password needs. */
const withoutFlag = (flags: string, letter: string): string =>
  flags
    .split(/\s+/)
    .map((flag) => (/^-[A-Za-z]+$/.test(flag) ? flag.replaceAll(letter, '') : flag))
    .filter((flag) => flag !== '' && flag !== '-')
    .join(' ')

interface Symptom {
  readonly pattern: RegExp
  readonly code: string
  readonly summary: string
  readonly hint: string
}

const SYMPTOMS: readonly Symptom[] = [
  {
    pattern: /must have a tty|must be run from a terminal|no tty present and no askpass/i,
    code: 'become-requiretty',
    summary: 'the host lets people become another user only on a terminal',
    hint: 'install `script` (of util-linux) on it, remove `Defaults requiretty` from its sudoers, or add `Defaults:<login user> !requiretty`',
  },
  {
    pattern: /incorrect password|sorry, try again|authentication failure|permission denied|incorrect authentication/i,
    code: 'become-password',
    summary: 'the password for becoming another user was not accepted',
    hint: 'check ansible_become_password (it is the login user\'s password for sudo, the other user\'s for su)',
  },
  {
    pattern: /password is required|no password was provided|terminal is required|authorization required|authentication required|a tty is required/i,
    code: 'become-needs-password',
    summary: 'becoming another user needs a password',
    hint: 'give one with --ask-become-pass or ansible_become_password, or allow it without (NOPASSWD, nopass)',
  },
  {
    pattern: /not in the sudoers|not allowed to|may not run sudo|operation not permitted|you are not/i,
    code: 'become-not-allowed',
    summary: 'the login user may not become that user',
    hint: 'allow it in the sudoers (or doas.conf) of the host',
  },
  {
    pattern: /unknown user|does not exist|no passwd entry|user .* not found/i,
    code: 'become-unknown-user',
    summary: 'the user to become does not exist on the host',
    hint: 'check ansible_become_user, or create the user in an earlier task',
  },
  {
    pattern: /not found|no such file/i,
    code: 'become-missing-program',
    summary: 'the program for becoming another user is not on the host',
    hint: 'install it, choose another ansible_become_method, or give its path with ansible_become_exe',
  },
]

/** Why the user could not be become, from what the program said before it gave up. `typed`: a password was given to it. */
export function becomeProblem(become: Become, where: string, said: string, typed: boolean): Problem {
  const text = said.trim().replace(/\s*\n\s*/g, '; ')
  const symptom = SYMPTOMS.find(({ pattern, code }) => pattern.test(text) && !(code === 'become-needs-password' && typed))
  const detail = `${become.method} to ${become.user} on ${where}${text ? `: ${text}` : ''}`
  if (symptom) return new Problem({ code: symptom.code, summary: symptom.summary, detail, hint: doasHint(become, symptom) })
  return new Problem({ code: 'become-failed', summary: 'could not become another user on the host', detail })
}

// doas reads passwords from a terminal only, which a shell with separate output streams does not have.
const doasHint = ({ method, password }: Become, { code, hint }: Symptom): string =>
  method === 'doas' && code === 'become-needs-password' && password !== undefined
    ? 'doas takes passwords on a terminal only: allow it with `permit nopass`, or use sudo'
    : hint

export const needsPassword = (become: Become, where: string): Problem => becomeProblem(become, where, 'a password is required', false)
export const wrongPassword = (become: Become, where: string): Problem => becomeProblem(become, where, 'incorrect password', true)
