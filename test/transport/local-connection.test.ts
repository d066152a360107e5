import { existsSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '../../src/transport/connect.ts'
import { connectionContract } from '../contracts/connection.ts'

const folder = mkdtempSync(join(tmpdir(), 'shells-'))
const busybox = ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path))
if (busybox) symlinkSync(busybox, join(folder, 'ash'))

for (const shellProgram of ['/bin/dash', '/bin/bash', join(folder, 'ash')].filter((path) => existsSync(path))) {
  connectionContract(`local, ${shellProgram}`, () => connect({ connection: 'local', address: 'localhost', shellProgram }))
}
