import { Problem } from '../../problem/problem.ts'
import { quote } from '../../shell/quote.ts'

/** A host on which the lock is kept; `run` executes a script in its shell. */
export interface LockHost {
  readonly name: string
  run(script: string): Promise<{ readonly code: number; readonly stdout: Buffer; readonly stderr: Buffer }>
}

export interface LockOptions {
  /** Of the cluster: two clusters on the same hosts do not wait for each other. */
  readonly cluster: string
  /** Who holds it, for whoever finds it taken: `anna@laptop, process 4711, since …`. */
  readonly holder: string
  /** Unlike any other run's. */
  readonly token: string
  /** Whether the run of a token is surely gone: one of this very machine whose process is no more. */
  readonly isGone?: (token: string) => boolean
}

/** Seconds. A holder that shows no life for so long is gone: its controller was killed or lost the host. */
const STALE = 60
const BEAT = 15
const TAKEN = 75

/**
 * Holds a lock on every host while `work` runs, so that two controllers never work on one cluster. It lives in /run/lock: a host
 * that restarts forgets it. The holder renews it all the time; `lost` aborts `work` when somebody else has taken it over.
 */
export async function withLock<T>(hosts: readonly LockHost[], options: LockOptions, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
  const lost = new AbortController()
  const held: LockHost[] = []
  let beat: NodeJS.Timeout | undefined
  try {
    // One after the other and always in one order: two controllers cannot each hold half.
    for (const host of [...hosts].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      await take(host, options)
      held.push(host)
    }
    beat = setInterval(() => void Promise.all(held.map((host) => take(host, options))).catch((thrown: unknown) => lost.abort(thrown)), BEAT * 1000)
    return await work(lost.signal)
  } finally {
    clearInterval(beat)
    await Promise.allSettled(held.map((host) => host.run(guarded(options, `[ "$token" != ${quote(options.token)} ] || rm -f -- "$lock"`))))
  }
}

/** `gone`: the token of a holder that is known to be dead. */
async function take(host: LockHost, options: LockOptions, gone = options.token): Promise<void> {
  const script = guarded(options, [
    'now=$(date +%s)',
    `if [ -n "$token" ] && [ "$token" != ${quote(options.token)} ] && [ "$token" != ${quote(gone)} ] && [ $((now - beat)) -lt ${STALE} ]; then printf '%s\\n' "$token" "$holder"; exit ${TAKEN}; fi`,
    `printf '%s\\n' "$now" ${quote(options.token)} ${quote(options.holder)} > "$lock"`,
  ].join('\n'))
  const reply = await host.run(script)
  if (reply.code === 0) return
  if (reply.code === TAKEN) {
    const [token = '', holder = ''] = reply.stdout.toString().split('\n')
    if (token !== gone && options.isGone?.(token)) return take(host, options, token)
    throw new Problem({
      code: 'redis-locked', summary: 'Somebody else is working on this cluster', detail: `${host.name}: ${holder}`,
      hint: `wait until it is done; a lock whose holder is gone is taken over after ${STALE} seconds`,
    })
  }
  throw new Problem({ code: 'redis-lock-failed', summary: 'The lock of the cluster cannot be taken', detail: `${host.name}: ${reply.stderr.toString().trim() || `exit code ${reply.code}`}` })
}

/** Reads the lock and runs `body` while nobody else can do either; the guard file stays, so that it is always the same one. */
function guarded({ cluster }: LockOptions, body: string): string {
  const lock = quote(`/run/lock/tutti-redis-${cluster}`)
  return [
    `lock=${lock}; beat=0; token=; holder=`,
    'exec 9>"$lock.guard" && flock -w 10 9 || exit 1',
    'if [ -s "$lock" ]; then { read -r beat; read -r token; read -r holder; } < "$lock"; fi',
    body,
  ].join('\n')
}
