import { defineModule } from '../contract/define-module.ts'
import { type Edit, editFile, editParams } from '../contract/edit-file.ts'
import { fail } from '../contract/failure.ts'
import { type Params, choice, flag, path, text } from '../schema/field.ts'

const params = {
  ...editParams,
  path: path('The file.', { default: '/etc/security/limits.conf', aliases: ['dest'] }),
  domain: text('A user, @group, or * for all.', { required: true }),
  limit_type: choice(['hard', 'soft', '-'], 'Which limit; - is both.', { required: true }),
  limit_item: choice(['core', 'data', 'fsize', 'memlock', 'nofile', 'rss', 'stack', 'cpu', 'nproc', 'as', 'maxlogins', 'maxsyslogins', 'priority', 'locks', 'sigpending', 'msgqueue', 'nice', 'rtprio', 'chroot'], 'What is limited.', { required: true }),
  value: text('The limit: a number, unlimited or infinity.', { required: true }),
  use_min: flag('The smaller of the two counts where there is one already.', { default: false }),
  use_max: flag('The greater of the two counts where there is one already.', { default: false }),
  comment: text('A comment on the line.', { default: '' }),
} as const
type LimitParams = Params<typeof params>

export const pamLimits = defineModule({
  name: 'pam_limits',
  summary: 'Keep a limit of pam_limits.',
  notes: ['Needs nothing on the host but its shell. It writes /etc/security/limits.conf, or the file of `path`; sessions that are open keep their limits.'],
  examples: `
- name: Redis may open many files
  pam_limits: { domain: redis, limit_type: "-", limit_item: nofile, value: "65536" }
- name: In a file of its own, with the reason
  pam_limits: { path: /etc/security/limits.d/app.conf, domain: "@app", limit_type: hard, limit_item: nproc, value: "512", comment: no fork bombs }
- name: At least so much
  pam_limits: { domain: "*", limit_type: soft, limit_item: memlock, value: unlimited, use_max: true }
`,
  params,
  ...editFile<LimitParams>({
    creates: () => true,
    makesDirectories: false,
    missing: () => undefined,
    edit,
  }),
})

function edit(given: LimitParams, old: string | undefined): Edit {
  const { domain, limit_type, limit_item, value, comment, use_min, use_max } = given
  if (use_min && use_max) fail('Cannot use use_min and use_max at the same time.')
  if (!/^(?:unlimited|infinity|-1|-?\d+)$/.test(value) && limit_item !== 'chroot') fail(`Argument 'value' can be one of 'unlimited', 'infinity', '-1' or positive number. Refer to manual pages for more details.`)
  const lines = (old ?? '') === '' ? [] : old!.replace(/\n$/, '').split('\n')
  let found = false
  let wanted = `${domain}\t${limit_type}\t${limit_item}\t${value}`
  const edited = lines.flatMap((line) => {
    const limit = parseLimit(line)
    if (!limit || limit.domain !== domain || limit.type !== limit_type || limit.item !== limit_item) return [line]
    // The first entry of the kind stands for all of them.
    if (found) return []
    found = true
    const kept = (use_min || use_max) && numberOf(value) !== numberOf(limit.value) ? [value, limit.value].sort((one, other) => numberOf(one) - numberOf(other))[use_min ? 0 : 1]! : value
    if (kept === limit.value && (comment === '' || comment === limit.comment)) return [line]
    wanted = `${domain}\t${limit_type}\t${limit_item}\t${kept}`
    return [withComment(wanted, comment === '' ? limit.comment : comment)]
  })
  const all = found ? edited : [...edited, withComment(wanted, comment)]
  const text = all.map((line) => `${line}\n`).join('')
  return all.length === lines.length && all.every((line, i) => line === lines[i]) ? { text: undefined, msg: wanted } : { text, msg: wanted }
}

const withComment = (line: string, comment: string): string => (comment === '' ? line : `${line}\t#${comment}`)

function parseLimit(line: string): { domain: string; type: string; item: string; value: string; comment: string } | undefined {
  const [body = '', ...rest] = line.split('#')
  const [domain, type, item, value] = body.trim().split(/\s+/)
  return domain && type && item && value !== undefined ? { domain, type, item, value, comment: rest.join('#').trim() } : undefined
}

const numberOf = (value: string): number => (value === 'unlimited' || value === 'infinity' || value === '-1' ? Infinity : Number(value))
