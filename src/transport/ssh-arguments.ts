import { type Directive, parseDirective } from './ssh-config.ts'

/** Arguments of the `ssh` program as directives; `foreign` are those that only the program itself understands. */
export interface ParsedArguments {
  readonly directives: readonly Directive[]
  readonly foreign: readonly string[]
  /** `-F`: the file to read instead of the user's and the system's. */
  readonly configFile?: string
}

// Letters with a value, and what they are as a directive.
const VALUES: Readonly<Record<string, string>> = { p: 'Port', l: 'User', i: 'IdentityFile', J: 'ProxyJump', c: 'Ciphers', m: 'MACs', b: 'BindAddress', B: 'BindInterface' }

// Letters without one. Verbosity and terminals mean nothing to a shell protocol.
const FLAGS: Readonly<Record<string, string | undefined>> = {
  C: 'Compression yes', A: 'ForwardAgent yes', a: 'ForwardAgent no', 4: 'AddressFamily inet', 6: 'AddressFamily inet6', K: 'GSSAPIAuthentication yes',
  q: '', v: '', T: '', t: '', n: '', x: '', X: '', Y: '',
}

export function parseSshArguments(args: readonly string[]): ParsedArguments {
  const directives: Directive[] = []
  const foreign: string[] = []
  let configFile: string | undefined
  const add = (text: string) => {
    const directive = parseDirective(text.includes('=') ? text : text.replace(/^(\S+)$/, '$1 yes'), 'arguments')
    if (directive) directives.push(directive)
  }
  for (let i = 0; i < args.length; i++) {
    const [, letter, glued] = /^-([A-Za-z0-9])(.*)$/s.exec(args[i]!) ?? []
    if (letter === undefined) foreign.push(args[i]!)
    else if (letter === 'o') add(glued || args[++i] || '')
    else if (letter === 'F') configFile = glued || args[++i]
    else if (letter in VALUES) add(`${VALUES[letter]} ${glued || args[++i]}`)
    else if ([letter, ...(glued ?? '')].every((flag) => flag in FLAGS)) [letter, ...(glued ?? '')].forEach((flag) => FLAGS[flag] && add(FLAGS[flag]))
    else foreign.push(args[i]!)
  }
  return { directives, foreign, ...(configFile === undefined ? {} : { configFile }) }
}
