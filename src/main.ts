import { dispatch } from './cli/dispatch.ts'
import { processTerminal } from './cli/terminal.ts'

// Sockets and children that outlive their use must not keep the process: what it had to do is done.
process.exitCode = await dispatch(process.argv.slice(2), processTerminal())
process.stdout.write('', () => process.stderr.write('', () => process.exit()))
