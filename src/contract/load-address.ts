import type { Reader } from '../host/reader.ts'
import { quote } from '../shell/quote.ts'
import { known } from './file-target.ts'
import { fail } from './failure.ts'

/** Prints what an address gives; the host itself loads it. */
export const loadScript = (address: string, validate: boolean): string =>
  `if command -v curl >/dev/null; then curl -fsSL${validate ? '' : ' -k'} -- ${quote(address)}; elif command -v wget >/dev/null; then wget -q${validate ? '' : ' --no-check-certificate'} -O - -- ${quote(address)}; else echo 'an address needs curl or wget on the host' >&2; exit 9; fi`

/** The bytes of an address, for keys and other small things; fails with curl's or wget's own words. */
export async function loadAddress(host: Reader, address: string, validate: boolean): Promise<Buffer> {
  const { code, stdout, stderr } = known(await host.run(loadScript(address, validate), [], { timeout: 120 }))
  return code === 0 ? stdout : fail(`${address} could not be loaded: ${stderr.toString().trim() || `exit code ${code}`}`)
}

export const isAddress = (text: string): boolean => /^(?:https?|ftp|file):\/\//.test(text)
