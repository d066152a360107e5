import { quote } from '../shell/quote.ts'

/**
 * A shell function that edits a file of accounts where no program does: `edit FILE AWK-PROGRAM`. It keeps to the rules of busybox's
 * own programs: FILE+ is the lock and becomes the file by a rename, FILE- is the old one. What the program needs is in its ENVIRON.
 */
export const EDIT_ACCOUNTS = `edit() {
  f=$(readlink -f "$1"); n=0
  until (umask 077; set -C; : > "$f+") 2>/dev/null; do
    n=$((n+1)); [ $n -le 30 ] || { echo "$f is locked: $f+ is there" >&2; exit 1; }
    sleep 0.1 2>/dev/null || sleep 1
  done
  trap 'rm -f "$f+"' EXIT; trap 'exit 143' HUP INT TERM
  awk "$2" "$f" > "$f+"
  chown "$(stat -c %u:%g "$f")" "$f+"; chmod "$(stat -c %a "$f")" "$f+"
  fsync "$f+" 2>/dev/null || sync
  ln -f "$f" "$f-"; mv -f "$f+" "$f"; trap - EXIT
}`

/** Sets fields of one line; fields count from 1, and one whose value is undefined is left alone. */
export function setFields(file: string, name: string, fields: Readonly<Record<number, string | number | undefined>>): readonly string[] {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  if (given.length === 0) return []
  const exports = given.map(([at, value]) => `TUTTI_${at}=${quote(String(value))}`)
  const program = `BEGIN { FS = OFS = ":" } $1 == ENVIRON["TUTTI_NAME"] { ${given.map(([at]) => `$${at} = ENVIRON["TUTTI_${at}"]`).join('; ')} } { print }`
  return [`export TUTTI_NAME=${quote(name)} ${exports.join(' ')}`, `edit ${file} ${quote(program)}`]
}

/** Says which number is the first that no line of the file has, as `$free`. */
export const freeNumber = (file: string, from: number, to: number | undefined): string =>
  `free=$(awk -F: -v n=${from} '{ taken[$3] = 1 } END { while (n in taken) n++; print n }' ${file})${to === undefined ? '' : `; [ "$free" -le ${to} ] || { echo "no number from ${from} to ${to} is free" >&2; exit 1; }`}`
