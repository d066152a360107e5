import type { Terminal } from '../../src/cli/command.ts'

/** A terminal that collects what is written and answers questions from a list. */
export function fakeTerminal(changes: Partial<Terminal> = {}, answers: readonly string[] = []): Terminal & { text: () => string; errors: () => string } {
  const [out, err, left]: [string[], string[], string[]] = [[], [], [...answers]]
  return {
    out: (text) => out.push(text), err: (text) => err.push(text), env: { HOME: '/nowhere' }, isTerminal: false, width: 80, ask: async () => left.shift(), signal: new AbortController().signal,
    ...changes, text: () => out.join(''), errors: () => err.join(''),
  }
}
