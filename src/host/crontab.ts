import { Problem } from '../problem/problem.ts'
import { quote } from '../shell/quote.ts'
import { unknown } from '../value/value.ts'
import type { Resource } from './resource.ts'

/** The text of a user's table for cron; '' where there is none, undefined where the host has no crontab program. Key: the user, '' for the one who asks. */
export const crontabResource: Resource<string | undefined> = {
  kind: 'crontab',
  load: (shell, keys) => Promise.all(keys.map(async (user) => {
    const { code, stdout, stderr } = await shell.run(`export LC_ALL=C; command -v crontab >/dev/null || exit 77; exec crontab ${user ? `-u ${quote(user)} ` : ''}-l`)
    if (code === 77) return undefined
    if (code === 0) return stdout.toString('utf8')
    if (/no crontab for|can't open/i.test(stderr.toString())) return ''
    throw new Problem({ code: 'unreadable', summary: 'the table for cron cannot be read', detail: stderr.toString().trim() })
  })),
  foresee: (_user, found, planned) => (found === undefined && planned.packages.length > 0 ? unknown(`crontab may come with a package, installed by ${planned.packages[0]!.by}`) : found),
}
