import { askProgram } from '../contract/ask-program.ts'
import { defineModule } from '../contract/define-module.ts'
import { fail } from '../contract/failure.ts'
import { known } from '../contract/file-target.ts'
import { fileResource } from '../host/file.ts'
import type { Reader } from '../host/reader.ts'
import { resolvePath } from '../host/resolve-path.ts'
import { leaves } from '../host/resource.ts'
import { type Step, run } from '../host/step.ts'
import { type Params, flag, path, text } from '../schema/field.ts'
import { printBytes } from '../shell/bytes.ts'
import { quote } from '../shell/quote.ts'
import { type Aside, aside } from '../value/aside.ts'
import { type Unknown, unknown } from '../value/value.ts'

const params = {
  repo: text('The address of the repository.', { required: true, aliases: ['name', 'repository'] }),
  dest: path('Where it goes on the host.'),
  revision: text('The revision.', { default: 'HEAD', aliases: ['rev', 'version'] }),
  force: flag('Local changes are thrown away.', { default: false }),
  in_place: flag('Check out over a directory that is there.', { default: false }),
  username: text('The user of the repository.'),
  password: text('The password.', { secret: true }),
  executable: path('The program, unless it is the svn of PATH.'),
  checkout: flag('Make the copy where there is none.', { default: true }),
  update: flag('Fetch what is new.', { default: true }),
  export: flag('Make a tree without the working copy of svn.', { default: false }),
  switch: flag('Switch a copy of another address to this one.', { default: true }),
  validate_certs: flag('Whether the certificate of the server must be valid.', { default: false }),
} as const
type SvnParams = Params<typeof params>

interface Copy {
  /** '' for none. */
  readonly revision: string | Unknown
  readonly url: string
  readonly seen: Aside<{ readonly dest: string; readonly exists: boolean; readonly isCopy: boolean; readonly dirty: boolean; readonly wanted: string; readonly wantedUrl: string }>
}

export const subversion = defineModule({
  name: 'subversion',
  summary: 'Keep a copy of a Subversion repository on the host.',
  notes: ['Needs svn 1.10 or newer (package subversion) on the host: a password is given by standard input. A dry run asks the repository which revision it would be.'],
  examples: `
- name: The tree as of revision 2
  subversion: { repo: "svn://svn.example.org/app/trunk", dest: /srv/app, revision: "2" }
- name: As it is now, without what belongs to Subversion
  subversion: { repo: "svn://svn.example.org/app/trunk", dest: /srv/app-plain, export: true, force: true }
`,
  params,
  eager: false,
  async probe(host, given, { environment }): Promise<Copy> {
    if (given.dest === undefined && (given.checkout || given.update || given.export)) fail('the destination directory must be specified unless checkout=no, update=no, and export=no')
    const dest = given.dest === undefined ? '' : await resolvePath(host, given.dest.replace(/(.)\/+$/, '$1'), environment)
    const kind = dest === '' ? 'absent' : known(await host.get(fileResource, dest)).kind
    const here = dest === '' || kind === 'absent' ? [] : (await ask(host, given, `${svn(given)} info -- ${quote(dest)}@ 2>/dev/null || { echo @@; exit 0; }; echo @@; ${svn(given)} status -q -- ${quote(dest)}@`, [dest])).split('@@\n')
    const local = fields(here[0] ?? '')
    const isCopy = local.has('URL')
    if (kind !== 'absent' && dest !== '' && !isCopy && !given.export && !given.in_place && !given.force) fail(`ERROR: ${dest} folder already exists, but its not a subversion repository.`)
    const dirty = (here[1] ?? '').split('\n').some((line) => line !== '' && !/^(?:X|\s{8,}X|Performing|$)/.test(line))
    // A path with @ needs one more, or svn takes the end for a revision.
    const remote = fields(await ask(host, given, `${svn(given)} info -r ${quote(given.revision)} -- ${quote(/@\d*$|@HEAD$/.test(given.repo) ? given.repo : `${given.repo}@`)}`, []))
    const wanted = remote.get('Last Changed Rev') ?? ''
    return { revision: isCopy ? (local.get('Last Changed Rev') ?? '') : '', url: local.get('URL') ?? '', seen: aside({ dest, exists: kind !== 'absent', isCopy, dirty, wanted, wantedUrl: remote.get('URL') ?? given.repo }) }
  },
  plan(given, before): Copy {
    const { isCopy, exists, dirty, wanted, wantedUrl, dest } = before.seen.value
    if (given.dest === undefined || (!exists && !given.checkout && !given.export) || (exists && !given.update && !given.export)) return before
    if (given.export) return exists && !given.force ? fail(`ERROR: ${dest} is there already, and without force=true it is not overwritten`) : { ...before, revision: unknown('an exported tree does not say its revision') }
    if (dirty && !given.force) fail('ERROR: modified files exist in the repository.')
    const moved = isCopy && given.switch ? wantedUrl : isCopy ? before.url : wantedUrl
    return { ...before, revision: dirty ? unknown('local changes are thrown away') : wanted, url: moved }
  },
  *apply({ params: given, before, after }): Iterable<Step> {
    const { dest, isCopy, dirty } = before.seen.value
    const repo = quote(given.repo)
    const at = `-r ${quote(given.revision)}`
    const work = given.export ? `export ${given.force ? '--force ' : ''}${at} -- ${repo} ${quote(dest)}`
      : !isCopy ? `checkout ${given.in_place || given.force ? '--force ' : ''}${at} -- ${repo} ${quote(dest)}`
        : before.url !== after.url ? `switch --ignore-ancestry ${at} -- ${repo} ${quote(dest)}@` : `update ${at} -- ${quote(dest)}@`
    const script = [...(isCopy && dirty ? [`${svn(given)} revert -R -- ${quote(dest)}@ || exit`] : []), `exec ${svn(given)} ${work}`].map((line) => feeding(given, line)).join('\n')
    yield run(`export LC_ALL=C\n${script}`, [leaves(fileResource, dest, unknown('what svn makes of it'))], { sentence: `run svn ${work}` })
  },
  diff({ before, after }) {
    const { dest } = before.seen.value
    const side = (one: Copy) => (one.revision === '' ? '' : `url: ${one.url}\nrevision: ${typeof one.revision === 'string' ? one.revision : `(unknown: ${one.revision.reason})`}\n`)
    return [{ header: { before: dest, after: dest }, before: side(before), after: side(after) }]
  },
  result({ params: given, before, after, changed }) {
    const { exists, isCopy, wanted, wantedUrl } = before.seen.value
    const show = (revision: Copy['revision'], url: string) => [`Revision: ${typeof revision === 'string' ? revision : wanted}`, `URL: ${url}`]
    if (given.dest === undefined || (!exists && !given.checkout && !given.export) || (exists && !given.update && !given.export)) return { outputs: { remote_revision: wanted, ...(isCopy ? { before: show(before.revision, before.url), after: show(before.revision, before.url) } : {}) } }
    return { outputs: { before: isCopy ? show(before.revision, before.url) : null, after: show(changed ? after.revision : before.revision, changed ? after.url : wantedUrl) } }
  },
})

const svn = ({ executable, username, password, validate_certs }: SvnParams): string =>
  `${quote(executable ?? 'svn')} --non-interactive --no-auth-cache${validate_certs ? '' : ' --trust-server-cert-failures=unknown-ca,cn-mismatch,expired,not-yet-valid,other'}${username === undefined ? '' : ` --username ${quote(username)}`}${password === undefined ? '' : ' --password-from-stdin'}`

/** The password comes by a pipe, where no list of processes shows it. */
const feeding = ({ password }: SvnParams, line: string): string => (password === undefined ? line : `${printBytes(Buffer.from(password))} | ${line.replace(/^exec /, '')}`)

async function ask(host: Reader, given: SvnParams, script: string, inputs: readonly string[]): Promise<string> {
  const fed = given.password === undefined ? script : script.split('; ').map((part) => (part.includes(' --password-from-stdin') ? feeding(given, part) : part)).join('; ')
  const reply = known(await askProgram(host, { [given.executable ?? 'svn']: 'subversion' }, fed, inputs, { timeout: 600 }))
  return reply.code === 0 ? reply.stdout.toString() : fail(reply.stderr.toString().trim() || 'svn does not answer', { rc: reply.code })
}

const fields = (output: string): ReadonlyMap<string, string> => new Map(output.split('\n').flatMap((line) => { const at = line.indexOf(': '); return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 2)] as const] }))
