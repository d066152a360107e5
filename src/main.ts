import { dispatch, showFailure } from './cli/dispatch.ts'
import { processTerminal } from './cli/terminal.ts'

const terminal = processTerminal()
process.on('uncaughtException', (error) => process.exit(showFailure(error, terminal)))
process.exitCode = await dispatch(process.argv.slice(2), terminal)
// Sockets and children that outlive their use must not keep the process: what it had to do is done, once its words are out.
process.stdout.write('', () => process.stderr.write('', () => process.exit()))
