/** What a host was answered. */
export interface WebResponse {
  /** HTTP status; -1 where there was no answer. */
  readonly status: number
  readonly url: string
  readonly redirects: number
  /** Of the last response; names in lower case, several of one name joined with a comma. */
  readonly headers: ReadonlyMap<string, string>
  readonly reason: string
  readonly body: Buffer
  /** The tool's own words where it failed. */
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
  const [status, url, redirects] = told!.toString().split('\n')
  const last = lastHeaders(headers!.toString('latin1'))
  return {
    status: code === 0 ? Number(status) || -1 : -1, url: url || asked, redirects: Number(redirects) || 0, headers: last.headers, reason: last.reason, body: Buffer.from(body!),
    ...(code === 0 ? {} : { error: error!.toString().trim().replace(/^(?:curl|wget): (?:\(\d+\) )?/, '') }),
  }
}

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
