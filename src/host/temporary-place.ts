/** Where temporary things may be: the usual place may be read-only, or mounted so that nothing in it can be run. */
const PLACES = '"${TMPDIR:-/tmp}" "$HOME" /var/tmp /dev/shm'

interface Options {
  /** A directory instead of a file. */
  readonly directory?: boolean
  /** Programs in it must run. */
  readonly runnable?: boolean
}

/** A script's beginning that makes a temporary file or directory of its own, whose name is in the variable, and lets it go at the end. */
export function temporaryPlace(variable: string, { directory = false, runnable = false }: Options = {}): string {
  const v = `"$${variable}"`
  const probe = directory ? `"$${variable}/x"` : v
  // test -x knows mounts with noexec, for root too.
  const runs = runnable ? `${directory ? `: > ${probe}; ` : ''}chmod 700 ${probe}; [ -x ${probe} ] || { rm -rf -- ${v}; ${variable}=; continue; }; ${directory ? `rm -f -- ${probe}; ` : ''}` : ''
  return [
    `for ${variable}_ in ${PLACES}; do ${variable}=$(mktemp ${directory ? '-d ' : ''}"$${variable}_/.tutti.XXXXXXXX" 2>/dev/null) || continue; ${runs}break; done`,
    `[ -n ${v} ] || { echo 'there is no place for temporary files: none of /tmp, the home directory, /var/tmp and /dev/shm will do' >&2; exit 1; }`,
    `trap 'rm -rf -- ${v}' EXIT; trap 'exit 143' HUP INT TERM PIPE`,
  ].join('\n')
}
