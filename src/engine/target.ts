import { render } from '../template/template.ts'
import type { Scope } from '../template/scope.ts'
import { Problem } from '../problem/problem.ts'
import type { Become, Target } from '../transport/connection.ts'
import { type Value, isUnknown } from '../value/value.ts'
import type { Task } from '../playbook/tree.ts'
import { type Context, inherited } from './context.ts'
import type { RunSettings } from './settings.ts'
import { splitWords } from '../shell/split-words.ts'
import { evaluateTruth } from './truth.ts'
import type { Secrets } from '../text/secrets.ts'

/** Connection variables by their names, old ones included: the first that is defined counts. */
const NAMES = {
  address: ['ansible_host', 'ansible_ssh_host'],
  port: ['ansible_port', 'ansible_ssh_port'],
  user: ['ansible_user', 'ansible_ssh_user'],
  password: ['ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password'],
  key: ['ansible_private_key_file', 'ansible_ssh_private_key_file'],
  passphrase: ['ansible_ssh_private_key_passphrase', 'ansible_private_key_passphrase'],
  commonArgs: ['ansible_ssh_common_args'],
  extraArgs: ['ansible_ssh_extra_args'],
  hostKeyChecking: ['ansible_host_key_checking', 'ansible_ssh_host_key_checking'],
  timeout: ['ansible_timeout', 'ansible_ssh_timeout'],
  shell: ['ansible_shell_executable'],
  knownHosts: ['tutti_known_hosts_files'],
} as const

/** Reads connection variables of one host: variables win over keywords, keywords over settings. */
export class ConnectionVars {
  readonly #scope: Scope
  constructor(scope: Scope) {
    this.#scope = scope
  }

  value(names: readonly string[]): Value | undefined {
    for (const name of names) {
      const raw = this.#scope.get(name)
      if (raw === undefined || raw === null) continue
      const value = render(raw, this.#scope)
      if (isUnknown(value)) throw new Problem({ code: 'unknown-connection', summary: 'how to reach the host is not known in a dry run', detail: `${name}: ${value.reason}` })
      return value
    }
    return undefined
  }

  text(names: readonly string[]): string | undefined {
    const value = this.value(names)
    return value === undefined ? undefined : String(value)
  }

  keyword(value: Value | undefined): string | undefined {
    if (value === undefined) return undefined
    const rendered = render(value, this.#scope)
    return rendered === null || isUnknown(rendered) ? undefined : String(rendered)
  }

  flag(value: Value | undefined): boolean | undefined {
    if (value === undefined) return undefined
    const truth = evaluateTruth(render(value, this.#scope))
    return isUnknown(truth) ? undefined : truth
  }
}

const part = <K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } => (value === undefined ? {} : ({ [key]: value } as { [P in K]?: T }))

/** How to reach `host` for a task: the host's own variables, or those of the host it is delegated to (`scope` is then that host's). */
export function targetOf(host: string, scope: Scope, task: Task, context: Context, settings: RunSettings, secrets: Secrets): Target {
  const vars = new ConnectionVars(scope)
  const connection = vars.text(['ansible_connection']) ?? vars.keyword(inherited(task, context, 'connection', scope)) ?? settings.connection
  if (connection === 'local') return { connection: 'local', address: 'localhost', ...part('directory', settings.playbookDirectory), ...part('shellProgram', vars.text(NAMES.shell)) }
  if (!['ssh', 'smart', 'paramiko', 'paramiko_ssh'].includes(connection)) throw new Problem({ code: 'unknown-connection', summary: 'this kind of connection is not offered', detail: `'${connection}' for ${host}`, hint: 'use ssh or local' })
  const password = vars.text(NAMES.password) ?? settings.connectionPassword
  if (password) secrets.add(password)
  const port = vars.value(NAMES.port) ?? (inherited(task, context, 'port', scope) === undefined ? undefined : vars.keyword(inherited(task, context, 'port', scope)))
  const args = [vars.text(NAMES.commonArgs) ?? settings.sshCommonArgs, vars.text(NAMES.extraArgs) ?? settings.sshExtraArgs].filter(Boolean).flatMap((text) => splitWords(text!))
  const knownHosts = vars.value(NAMES.knownHosts)
  return {
    connection: 'ssh', address: vars.text(NAMES.address) ?? host,
    ...part('port', port === undefined ? settings.port : Number(port)),
    ...part('user', vars.text(NAMES.user) ?? vars.keyword(inherited(task, context, 'remoteUser', scope)) ?? settings.remoteUser),
    ...part('password', password), ...part('privateKeyFile', vars.text(NAMES.key) ?? settings.privateKeyFile), ...part('privateKeyPassphrase', vars.text(NAMES.passphrase)),
    ...(args.length ? { sshArguments: args } : {}), connectTimeout: Number(vars.value(NAMES.timeout) ?? settings.timeout),
    hostKeyChecking: vars.flag(vars.value(NAMES.hostKeyChecking)) ?? settings.hostKeyChecking,
    ...(knownHosts === undefined ? {} : { knownHostsFiles: (Array.isArray(knownHosts) ? knownHosts : [knownHosts]).map(String) }),
    ...part('shellProgram', vars.text(NAMES.shell)),
  }
}

/** Whom the task becomes; undefined where it stays the login user. */
export function becomeOf(scope: Scope, task: Task, context: Context, settings: RunSettings, secrets: Secrets): Become | undefined {
  const vars = new ConnectionVars(scope)
  const wanted = vars.flag(vars.value(['ansible_become'])) ?? vars.flag(inherited(task, context, 'become', scope)) ?? settings.become
  if (!wanted) return undefined
  const method = vars.text(['ansible_become_method']) ?? vars.keyword(inherited(task, context, 'becomeMethod', scope)) ?? settings.becomeMethod
  if (method !== 'sudo' && method !== 'su' && method !== 'doas') throw new Problem({ code: 'unknown-become-method', summary: 'this become method is not offered', detail: `'${method}'`, hint: 'use sudo, su or doas', span: task.span })
  const password = vars.text(['ansible_become_password', 'ansible_become_pass', `ansible_${method}_pass`, `ansible_${method}_password`]) ?? settings.becomePassword
  if (password) secrets.add(password)
  return {
    method, user: vars.text(['ansible_become_user']) ?? vars.keyword(inherited(task, context, 'becomeUser', scope)) ?? settings.becomeUser, ...part('password', password),
    ...part('flags', vars.text(['ansible_become_flags']) ?? vars.keyword(inherited(task, context, 'becomeFlags', scope)) ?? settings.becomeFlags),
    ...part('program', vars.text(['ansible_become_exe']) ?? vars.keyword(inherited(task, context, 'becomeExe', scope)) ?? settings.becomeProgram),
  }
}
