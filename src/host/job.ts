import { printBytes } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'

/** A program that goes on by itself on the host, after the conversation and after the run: `async`. */
export interface Job {
  /** Where jobs of the user are kept (absolute), and the name of this one in it. */
  readonly directory: string
  readonly id: string
  /** The program with its directory and environment, as a script. */
  readonly script: string
  readonly stdin?: Uint8Array
  /** Seconds after which it is ended. */
  readonly seconds: number
  /** Text that is kept with the job, for whoever asks how it ended. */
  readonly about: string
}

/** How a job stands. `gone`: it was ended from outside, as by a restart of the host. `foreign`: the file of a job that Ansible started. */
export type JobStatus =
  | { readonly state: 'missing' }
  | { readonly state: 'running' | 'gone'; readonly about: string }
  | { readonly state: 'foreign'; readonly text: string }
  | { readonly state: 'ended'; readonly about: string; readonly code: number; readonly expired: boolean; readonly stdout: Buffer; readonly stderr: Buffer; readonly started: Date; readonly ended: Date }

/**
 * Starts a job in a directory of its own. Its script goes to the new shell through a pipe, so that no secret in it is ever seen in
 * a file or an argument list. It leads a session where there is a setsid, so that all of it can be ended together.
 */
export const startJob = ({ directory, id, script, stdin, seconds, about }: Job): string => `TUTTI_FROM=$PWD; TUTTI_MASK=$(umask); export TUTTI_FROM TUTTI_MASK; umask 077; d=${quote(directory)}
mkdir -p -- "$d" && cd -- "$d" && mkdir ${quote(id)} && cd ${quote(id)} || exit
${printBytes(Buffer.from(about))} > about
${stdin ? `${printBytes(stdin)} > stdin` : ': > stdin'}
if command -v setsid > /dev/null; then s=setsid; else s=; fi
( ${printBytes(Buffer.from(worker(script, seconds)))} | TUTTI_LEADS=$s $s sh > /dev/null 2>&1 & )`

/** Waits for the program, and ends it when its time is over: all of its session, or where it leads none the program alone. */
const worker = (script: string, seconds: number): string => `leads=$TUTTI_LEADS from=$TUTTI_FROM mask=$TUTTI_MASK; unset TUTTI_LEADS TUTTI_FROM TUTTI_MASK
trap '' HUP; trap : TERM
now() { date +%s.%N; }
echo $$ > pid; now > began
( trap - TERM; exec < stdin > stdout 2> stderr; rm -f stdin; cd -- "$from"; umask $mask; ${script}
) & job=$!
( trap - TERM; n=${Math.max(1, Math.ceil(seconds))}; while [ $n -gt 0 ]; do sleep 1; kill -0 $job 2> /dev/null || exit; n=$((n-1)); done
: > expired; if [ "$leads" ]; then kill -TERM 0; else kill -TERM $job; fi ) < /dev/null &
while :; do wait $job; code=$?; kill -0 $job 2> /dev/null || break; [ -e expired ] && break; done
now > ended; echo $code > code.new; mv code.new code
[ -e expired ] || exit 0
sleep 2; if [ "$leads" ]; then kill -KILL 0; else kill -KILL $job; fi
`

/** Asks for a job; the answer is for `parseJob`. */
export const askJob = (directory: string, id: string): string => `j=${quote(`${directory}/${id}`)}
if [ -f "$j" ]; then echo foreign; cat -- "$j"; exit; fi
cd -- "$j" 2> /dev/null || { echo missing; exit; }
size() { wc -c < "$1" | tr -d ' '; }
if [ -e code ]; then
  if [ -e expired ]; then x=1; else x=0; fi
  echo ended "$(cat code)" $x "$(cat began)" "$(cat ended)" "$(size about)" "$(size stdout)" "$(size stderr)"
  cat about stdout stderr; exit
fi
p=$(cat pid 2> /dev/null)
# A moment between the two looks: it may have ended just now.
if [ -z "$p" ] || kill -0 "$p" 2> /dev/null || [ -d /proc/"$p" ] || [ -e code ]; then echo running; else echo gone; fi
cat about`

export const removeJob = (directory: string, id: string): string => `rm -rf -- ${quote(`${directory}/${id}`)}`

export function parseJob(answer: Buffer): JobStatus {
  const end = answer.indexOf(10)
  const [state, code, expired, began, ended, ...sizes] = answer.subarray(0, end).toString().split(' ')
  const rest = answer.subarray(end + 1)
  if (state === 'foreign') return { state, text: rest.toString() }
  if (state === 'running' || state === 'gone') return { state, about: rest.toString() }
  if (state !== 'ended') return { state: 'missing' }
  const [about = 0, stdout = 0, stderr = 0] = sizes.map(Number)
  return {
    state, code: Number(code), expired: expired === '1', started: timeOf(began), ended: timeOf(ended),
    about: rest.subarray(0, about).toString(), stdout: rest.subarray(about, about + stdout), stderr: rest.subarray(about + stdout, about + stdout + stderr),
  }
}

/** Seconds with a fraction; busybox's date knows none. */
const timeOf = (text = ''): Date => new Date(Math.round(Number.parseFloat(text) * 1000))
