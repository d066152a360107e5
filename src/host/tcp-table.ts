/** One row of /proc/net/tcp or tcp6. */
export interface TcpRow {
  readonly localAddress: string
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
  readonly state: string
}

const STATES: Readonly<Record<string, string>> = {
  '01': 'ESTABLISHED', '02': 'SYN_SENT', '03': 'SYN_RECV', '04': 'FIN_WAIT1', '05': 'FIN_WAIT2', '06': 'TIME_WAIT', '07': 'CLOSE', '08': 'CLOSE_WAIT', '09': 'LAST_ACK', '0A': 'LISTEN', '0B': 'CLOSING',
}

/** The kernel's tables of TCP connections, both families in one text. */
export function parseTcpTable(text: string): readonly TcpRow[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) /.exec(line)
    if (!match) return []
    const [, local, localPort, remote, remotePort, state] = match
    return [{ localAddress: address(local!), localPort: Number.parseInt(localPort!, 16), remoteAddress: address(remote!), remotePort: Number.parseInt(remotePort!, 16), state: STATES[state!] ?? state! }]
  })
}

/** Words of four bytes, each in the order of the machine (little endian on everything that runs here). */
function address(hex: string): string {
  const bytes = hex.match(/.{8}/g)!.flatMap((word) => word.match(/../g)!.reverse().map((pair) => Number.parseInt(pair, 16)))
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255) return bytes.slice(12).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[i * 2]! << 8) | bytes[i * 2 + 1]!).toString(16))
  const longest = groups.join(':').match(/(?:^|:)(?:0(?::|$)){2,}/g)?.sort((a, b) => b.length - a.length)[0]
  return longest ? groups.join(':').replace(longest, '::') : groups.join(':')
}
