import type { RunSettings } from '../engine/settings.ts'
import { splitTags } from '../playbook/tags.ts'
import type { Dict } from '../value/value.ts'
import { carriedForks } from './carried-forks.ts'
import { UsageProblem, type Values } from './options.ts'
import type { playbookOptions } from './playbook-options.ts'
import type { Settings } from './settings.ts'

export type PlaybookValues = Values<typeof playbookOptions>

/** Passwords that were asked for or read. */
export interface Passwords {
  readonly connection: string | undefined
  readonly become: string | undefined
}

/** What a run is told: the command line above the settings, those above the defaults. */
export function runSettings(values: PlaybookValues, settings: Settings, extraVars: Dict, passwords: Passwords): RunSettings {
  const limit = values.limit.length > 0 ? values.limit.join(',') : undefined
  return {
    check: values.check, diff: values.diff || settings.flag('diffAlways') === true, verbosity: values.verbose || (settings.integer('verbosity') ?? 0),
    forks: atLeastOne(values.forks ?? settings.integer('forks') ?? carriedForks()), tags: splitTags(values.tags.length > 0 ? values.tags : [settings.text('runTags') ?? '']),
    skipTags: splitTags(values.skipTags.length > 0 ? values.skipTags : [settings.text('skipTags') ?? '']),
    step: values.step, forceHandlers: values.forceHandlers || settings.flag('forceHandlers') === true, anyErrorsFatal: settings.flag('anyErrorsFatal') ?? false, errorOnMissingHandler: settings.flag('errorOnMissingHandler') ?? true,
    gathering: settings.oneOf('gathering', ['implicit', 'explicit', 'smart']) ?? 'implicit', extraVars, connection: values.connection ?? connectionOf(settings),
    timeout: values.timeout ?? settings.integer('timeout') ?? 10, hostKeyChecking: settings.flag('hostKeyChecking') ?? true,
    become: values.become || settings.flag('become') === true, becomeMethod: values.becomeMethod ?? settings.text('becomeMethod') ?? 'sudo', becomeUser: values.becomeUser ?? settings.text('becomeUser') ?? 'root',
    strategy: settings.text('strategy') ?? 'linear', audit: values.audit, profile: values.profile, lookAhead: true, rolesPath: settings.paths('rolesPath') ?? [], hashBehaviour: settings.oneOf('hashBehaviour', ['replace', 'merge']) ?? 'replace',
    ...(settings.integer('remotePort') === undefined ? {} : { port: settings.integer('remotePort')! }), ...(settings.flag('noLog') === true ? { noLog: true } : {}), ...(settings.integer('taskTimeout') === undefined ? {} : { taskTimeout: settings.integer('taskTimeout')! }),
    ...(settings.integer('pollInterval') === undefined ? {} : { pollInterval: settings.integer('pollInterval')! }),
    ...(settings.flag('jinja2Native') === false ? { factsFromWords: true } : {}), taskDebugger: settings.flag('taskDebugger') ?? false, debugIgnored: settings.flag('debugIgnored') ?? true, ...(settings.flag('privateRoleVars') === undefined ? {} : { privateRoleVars: settings.flag('privateRoleVars')! }),
    ...given({
      becomeProgram: settings.text('becomeProgram'), becomeFlags: settings.text('becomeFlags'), managed: settings.text('managed'),
      asyncDirectory: settings.text('asyncDirectory'),
      limit, startAtTask: values.startAtTask, remoteUser: values.user ?? settings.text('remoteUser'), privateKeyFile: values.privateKey ?? settings.paths('privateKeyFile', '\0')?.[0],
      sshCommonArgs: [settings.text('sshArgs') && withoutSharing(settings.text('sshArgs')!), values.sshCommonArgs ?? settings.text('sshCommonArgs')].filter(Boolean).join(' ') || undefined,
      sshExtraArgs: values.sshExtraArgs ?? settings.text('sshExtraArgs'), connectionPassword: passwords.connection, becomePassword: passwords.become,
    }),
  }
}

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }
const given = <T extends Record<string, string | undefined>>(record: T): Given<T> => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Given<T>

function atLeastOne(forks: number): number {
  if (forks >= 1) return forks
  throw new UsageProblem({ code: 'bad-option', summary: 'The number of forks must be a positive integer', detail: String(forks) })
}

/** `transport: smart` and `paramiko` are ways of Ansible to do what ssh does here. */
const connectionOf = (settings: Settings): string => {
  const transport = settings.text('connection') ?? 'ssh'
  return transport === 'smart' || transport.startsWith('paramiko') ? 'ssh' : transport
}

/** Sharing one connection is what tutti does anyway: asking for it alone must not send hosts down the slower road. */
const withoutSharing = (args: string): string => args.replace(/(^|\s)-o\s*Control(Master|Persist|Path)=("[^"]*"|\S+)/g, '').replace(/(^|\s)-C(?=\s|$)/g, '').trim()
