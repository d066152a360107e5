import { type ChildOptions, childChannel } from './child-channel.ts'
import type { Channel } from './wire.ts'

/**
 * A program of this machine that reads no input and would outlive us when we are killed, as `ssh -N` does: it is tied to a pipe of ours,
 * and ends with it. Like every channel it is closed by `close`.
 */
export function tiedChannel(program: string, args: readonly string[], options: ChildOptions = {}): Channel {
  const channel = childChannel('sh', ['-c', TIED, program, ...args], options)
  // A line, not the end of the pipe: where the program has ended its number may soon be that of another.
  const untie = (): unknown => channel.stdin.end('\n')
  void channel.ended.then(untie)
  return { ...channel, close: () => (untie(), channel.close()) }
}

// The shell becomes the program; what it leaves behind waits for the pipe. Shells give a background command no input but what is named.
const TIED = `exec 3<&0 </dev/null; { read -r _ <&3 || kill $$; } >/dev/null 2>&1 & exec "$0" "$@" 3<&-`
