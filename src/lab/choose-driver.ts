import { Problem } from '../problem/problem.ts'
import type { LabContext, LabDriver } from './driver.ts'
import type { DriverName } from './lab-spec.ts'
import { multipassDriver } from './multipass/multipass-driver.ts'
import { nspawnDriver } from './nspawn/nspawn-driver.ts'
import { runProgram } from './run-program.ts'

export const makeDriver = (name: DriverName, lab: LabContext): LabDriver => (name === 'multipass' ? multipassDriver(lab) : nspawnDriver(lab))

/** The driver for a lab whose file names none: Multipass where it is installed, nspawn where it can run. */
export async function chooseDriver(): Promise<DriverName> {
  if ((await runProgram(['multipass', 'version'])).code !== 'missing') return 'multipass'
  if (process.platform === 'linux' && process.getuid?.() === 0) return 'nspawn'
  const detail = process.platform === 'linux' ? 'Multipass is not installed, and systemd-nspawn needs root' : 'Multipass is not installed'
  const hint = process.platform === 'linux' ? 'install Multipass (snap install multipass), or run with sudo' : 'install Multipass'
  throw new Problem({ code: 'no-lab-driver', summary: 'nothing on this machine can run a lab', detail, hint })
}
