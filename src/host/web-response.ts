/** What a host was answered. */
export interface WebResponse {
  /** HTTP status; -1 where there was no answer. */
  readonly status: number
  /** Of the last response; names in lower case, several of one name joined with a comma. */
  readonly headers: ReadonlyMap<string, string>
  readonly reason: string
  readonly body: Buffer
  /** Why there was no answer: in Python's words where there are some, for playbooks match on them; else the tool's own. */
  readonly error?: string
}

/** The end of a request script: everything that came back, by lengths. */
export const RESPONSE_TAIL = [
  'touch "$d/b" "$d/h" "$d/w" "$d/e"', `printf '%s\\n' "$s"; for f in w e h b; do wc -c < "$d/$f"; done; cat "$d/w" "$d/e" "$d/h" "$d/b"`,
].join('\n')

export function parseResponse(output: Buffer, asked: string): WebResponse {
  const lines: string[] = []
  let at = 0
  while (lines.length < 5) {
    const end = output.indexOf(10, at)
    lines.push(output.subarray(at, end).toString().trim())
    at = end + 1
  }
  const [code, ...lengths] = lines.map(Number)
  const [told, error, headers, body] = lengths.map((length) => output.subarray(at, (at += length)))
  const [status] = told!.toString().split('\n')
  const last = lastHeaders(headers!.toString('latin1'))
  return {
    status: code === 0 ? Number(status) || -1 : -1, headers: last.headers, reason: last.reason, body: Buffer.from(body!),
    ...(code === 0 ? {} : { error: failureWords(error!.toString().trim(), asked) }),
  }
}

const failureWords = (said: string, url: string): string => {
  const words = said.replace(/^(?:curl|wget): (?:\(\d+\) )?/, '')
  const known = WORDS.find(([pattern]) => pattern.test(said))
  return known === undefined ? words : `<urlopen error ${known[1](url, words)}>`
}

const unverified = (why: string): string => `[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: ${why}`

/** What curl and wget say, and what Python says of the same. */
const WORDS: readonly (readonly [RegExp, (url: string, words: string) => string])[] = [
  [/no alternative certificate subject name matches|no certificate subject alternative name matches|does not match target host name/i, (url) => unverified(`Hostname mismatch, certificate is not valid for '${hostOf(url)}'.`)],
  [/SSL certificate problem: |certificate issuer|cannot verify .* certificate/i, (_url, words) => unverified(words.replace(/^.*SSL certificate problem: /s, '').split('\n')[0]!)],
  [/Could not resolve host|unable to resolve host address/i, () => '[Errno -2] Name or service not known'],
  [/Connection refused|Failed to connect to .* Couldn't connect|Could not connect to server/i, () => '[Errno 111] Connection refused'],
  [/timed out|Operation too slow|timeout was reached/i, () => 'timed out'],
  [/^curl: \(37\)/, (url) => `[Errno 2] No such file or directory: '${decodeURIComponent(url.replace(/^file:\/\//, ''))}'`],
]

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).hostname : url)

function lastHeaders(text: string): { readonly headers: ReadonlyMap<string, string>; readonly reason: string } {
  const blocks = text.split(/^(?=HTTP\/)/m)
  const [first = '', ...rest] = (blocks.at(-1) ?? '').split(/\r?\n/)
  const headers = new Map<string, string>()
  for (const line of rest) {
    const match = /^([^:\s]+):\s*(.*)$/.exec(line)
    if (!match) continue
    const name = match[1]!.toLowerCase()
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${match[2]}` : match[2]!)
  }
  return { headers, reason: first.split(' ').slice(2).join(' ') }
}
