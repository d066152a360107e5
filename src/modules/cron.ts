import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { type CronJob, editCrontab, jobNames } from '../contract/edit-crontab.ts'
import { crontabResource } from '../host/crontab.ts'
import { contentResource } from '../host/file.ts'
import { leaves } from '../host/resource.ts'
import { type Step, remove, run, write } from '../host/step.ts'
import { type Params, choice, flag, text } from '../schema/field.ts'
import { commandLine, quote } from '../shell/quote.ts'
import { bytesContent } from '../value/content.ts'
import { fresh } from '../value/value.ts'

const params = {
  name: text('What the entry is called: a comment above it, or the variable with env.', { required: true }),
  user: text('Whose table it is; in a cron_file, who runs the job.'),
  job: text('The command, or the value of the variable with env.', { aliases: ['value'] }),
  state: choice(['present', 'absent'], 'Whether it is there.', { default: 'present' }),
  cron_file: text('A file in /etc/cron.d, or an absolute path, instead of a table of a user.'),
  backup: flag('Keep the old file or table in a temporary file.', { default: false }),
  minute: text('0 to 59, *, */2 …', { default: '*' }), hour: text('0 to 23, *, */2 …', { default: '*' }), day: text('Day of the month.', { default: '*', aliases: ['dom'] }),
  month: text('1 to 12, *, */2 …', { default: '*' }), weekday: text('0 to 6 from Sunday, *, names …', { default: '*', aliases: ['dow'] }),
  special_time: choice(['annually', 'daily', 'hourly', 'monthly', 'reboot', 'weekly', 'yearly'], 'Instead of the five times.'),
  disabled: flag('Kept as a comment.', { default: false }),
  env: flag('A variable for the jobs below it, and no job.', { default: false }),
  insertafter: text('With env: after this variable.'), insertbefore: text('With env: before this variable.'),
} as const
type CronParams = Params<typeof params>

interface Table {
  /** The text; undefined for a cron_file that is not there. */
  readonly text: string | undefined
}

export const cron = defineModule({
  name: 'cron',
  summary: "Keep a job, or a variable, in a user's table for cron or in a file of /etc/cron.d.",
  notes: ['Needs crontab (package cron) on the host, except for cron_file.'],
  examples: `
- name: Every night
  cron: { name: backup, hour: "2", minute: "0", job: /usr/local/bin/backup }
- name: A variable of the table
  cron: { name: MAILTO, env: true, job: root@example.com }
- name: In a file, by another user
  cron: { name: clean, cron_file: app, user: www-data, special_time: daily, job: find /var/tmp/app -mtime +7 -delete }
- name: A job is gone
  cron: { name: old report, state: absent }
`,
  params,
  rules: { atMostOneOf: [['insertafter', 'insertbefore']] },
  async probe(host, { user, cron_file }): Promise<Table> {
    if (cron_file !== undefined) return { text: known(await host.get(contentResource, pathOf(cron_file)))?.toString('utf8') }
    const found = known(await host.get(crontabResource, user ?? ''))
    return found === undefined ? fail('Failed to find required executable "crontab": install the package cron on the host') : { text: found }
  },
  plan(given, before) {
    const problem = misused(given)
    if (problem) fail(problem)
    const text = editCrontab(before.text ?? '', jobOf(given))
    // A file of which nothing is left goes away, unless a job was asked for.
    if (given.cron_file !== undefined && text.trim() === '') return { text: undefined }
    return text === (before.text ?? '') ? before : { text }
  },
  *apply({ params: { user, cron_file, backup }, before, after }): Generator<Step> {
    if (cron_file !== undefined) {
      const path = pathOf(cron_file)
      if (backup && before.text !== undefined) yield keep(`cat -- ${quote(path)}`)
      if (after.text === undefined) return yield remove(path)
      return yield write(path, bytesContent(after.text), before.text === undefined ? { mode: 0o644 } : {})
    }
    const who = user === undefined ? [] : ['-u', user]
    if (backup) yield keep(commandLine(['crontab', ...who, '-l']))
    yield run(['crontab', ...who, '-'], [leaves(crontabResource, user ?? '', after.text ?? '')], { stdin: Buffer.from(after.text ?? '') })
  },
  result: ({ params: { cron_file, state, backup }, before, after, replies, taken, changed }) => ({
    outputs: {
      ...jobNames(after.text ?? ''), ...(cron_file === undefined ? {} : { cron_file, state }),
      ...(backup && changed && before.text !== undefined ? { backup_file: taken ? replies[0]!.stdout.toString().trim() : fresh('named when it is kept') } : {}),
    },
  }),
  diff: ({ params: { user, cron_file }, before, after }) => {
    const name = cron_file === undefined ? `crontab${user ? ` of ${user}` : ''}` : pathOf(cron_file)
    return before.text === after.text ? [] : [{ header: { before: name, after: name }, before: before.text ?? '', after: after.text ?? '' }]
  },
})

const pathOf = (file: string): string => (file.startsWith('/') ? file : `/etc/cron.d/${file}`)
/** Keeps what a command prints in a file of its own, and tells its name. */
const keep = (command: string): Step => run(`f=$(mktemp "\${TMPDIR:-/tmp}/crontab.XXXXXXXX") && { ${command} > "$f" 2> /dev/null || :; } && printf '%s\\n' "$f"`, [], { sentence: 'keep the old table' })

/** The sentence of what does not fit together. */
function misused({ job, state, special_time, env, minute, hour, day, month, weekday, cron_file, insertafter, insertbefore, user }: CronParams): string | undefined {
  if (cron_file !== undefined && pathOf(cron_file) === '/etc/crontab') return 'Will not manage /etc/crontab via cron_file, see documentation.'
  if (special_time !== undefined && [minute, hour, day, month, weekday].some((time) => time !== '*')) return 'You must specify time and date fields or special time.'
  if (state === 'present' && job === undefined) return "You must specify 'job' to install a new cron job or variable"
  if (cron_file !== undefined && !env && state === 'present' && user === undefined && pathOf(cron_file).startsWith('/etc/cron.d/')) return 'To use cron_file=... parameter you must specify user=... as well'
  if ((insertafter ?? insertbefore) !== undefined && !env) return 'Insertafter and insertbefore parameters are valid only with env=yes'
  return undefined
}

function jobOf({ name, job = '', state, special_time, env, minute, hour, day, month, weekday, cron_file, user, disabled, insertafter, insertbefore }: CronParams): CronJob {
  const times = special_time ? `@${special_time}` : [minute, hour, day, month, weekday].join(' ')
  const who = cron_file === undefined ? '' : `${user ?? 'root'} `
  // cron takes a line feed for the end of a job.
  const line = env ? `${name}="${job}"` : `${disabled ? '#' : ''}${times} ${who}${job.replace(/[\r\n]+$/, '')}`
  return { kind: env ? 'variable' : 'job', name, line: state === 'present' ? line : undefined, ...(insertafter === undefined ? {} : { after: insertafter }), ...(insertbefore === undefined ? {} : { before: insertbefore }) }
}
