import { quote } from '../shell/quote.ts'
import { splitWords } from '../shell/split-words.ts'
import { dumpScript, packerOf } from './written-beside.ts'

const FORMATS: Readonly<Record<string, string>> = { '.tar': 't', '.pgc': 'c', '.dir': 'd' }

const endingOf = (file: string): string => /\.[A-Za-z0-9]+$/.exec(file)?.[0] ?? ''
const words = (given: string): string => splitWords(given).map((word) => ` ${quote(word)}`).join('')

/** pg_dump of the database that the environment names. */
export function pgDumpScript(target: string, more: string): string {
  const ending = endingOf(target)
  const command = `pg_dump${FORMATS[ending] === undefined ? '' : ` -F ${FORMATS[ending]}`}${words(more)}`
  if (ending === '.dir') return `exec ${command} -f ${quote(target)}`
  return dumpScript(target, command)
}

/** The way back: psql for text, pg_restore for its formats. */
export function pgRestoreScript(target: string, more: string): string {
  const ending = endingOf(target)
  const file = quote(target)
  if (FORMATS[ending] !== undefined) return `[ -e ${file} ] || { echo ${quote(`${target} does not exist`)} >&2; exit 1; }; exec pg_restore -F ${FORMATS[ending]} -d "$PGDATABASE"${words(more)} ${file}`
  const packer = packerOf(target)
  return packer === undefined ? `exec psql -X -q -v ON_ERROR_STOP=1${words(more)} < ${file}` : `r=$({ { ${packer} -dc ${file} || echo $? >&3; } | psql -X -q -v ON_ERROR_STOP=1${words(more)} >&2 || echo 1 >&3; } 3>&1); [ -z "$r" ] || exit 1`
}
