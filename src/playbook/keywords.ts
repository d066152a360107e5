/** How a keyword's value is read. `special` keywords have readers of their own. */
export type Kind = 'flag' | 'number' | 'text' | 'any' | 'dict' | 'special'
/** YAML keyword to the property of the tree and how it is read. */
export type Keywords = Readonly<Record<string, readonly [property: string, kind: Kind]>>

/** What every level may say and lower levels inherit. Source: "Playbook Keywords" in Ansible's documentation. */
const INHERITED: Keywords = {
  any_errors_fatal: ['anyErrorsFatal', 'flag'], become: ['become', 'flag'], become_exe: ['becomeExe', 'text'], become_flags: ['becomeFlags', 'text'],
  become_method: ['becomeMethod', 'text'], become_user: ['becomeUser', 'text'], check_mode: ['checkMode', 'flag'], collections: ['collections', 'special'],
  connection: ['connection', 'text'], debugger: ['debugger', 'text'], diff: ['diff', 'flag'], environment: ['environment', 'special'],
  ignore_errors: ['ignoreErrors', 'flag'], ignore_unreachable: ['ignoreUnreachable', 'flag'], module_defaults: ['moduleDefaults', 'special'],
  name: ['name', 'text'], no_log: ['noLog', 'flag'], port: ['port', 'number'], remote_user: ['remoteUser', 'text'], run_once: ['runOnce', 'flag'],
  tags: ['tags', 'special'], throttle: ['throttle', 'number'], timeout: ['timeout', 'number'], vars: ['vars', 'special'],
}
const DELEGATED: Keywords = { delegate_facts: ['delegateFacts', 'flag'], delegate_to: ['delegateTo', 'text'], when: ['when', 'special'] }

export const PLAY: Keywords = {
  ...INHERITED, fact_path: ['factPath', 'text'], force_handlers: ['forceHandlers', 'flag'], gather_facts: ['gatherFacts', 'flag'],
  gather_subset: ['gatherSubset', 'any'], gather_timeout: ['gatherTimeout', 'number'], handlers: ['handlers', 'special'], hosts: ['hosts', 'special'],
  max_fail_percentage: ['maxFailPercentage', 'number'], order: ['order', 'text'], post_tasks: ['postTasks', 'special'], pre_tasks: ['preTasks', 'special'],
  roles: ['roles', 'special'], serial: ['serial', 'special'], strategy: ['strategy', 'text'], tasks: ['tasks', 'special'],
  user: ['remoteUser', 'text'], vars_files: ['varsFiles', 'special'], vars_prompt: ['varsPrompt', 'special'],
}
export const IMPORT_PLAYBOOK: Keywords = { ...pick(INHERITED, 'name', 'tags', 'vars'), when: ['when', 'special'] }
export const ROLE: Keywords = { ...INHERITED, ...DELEGATED, role: ['role', 'special'] }
export const BLOCK: Keywords = {
  ...INHERITED, ...DELEGATED, always: ['always', 'special'], block: ['block', 'special'], notify: ['notify', 'special'], rescue: ['rescue', 'special'],
}
export const TASK: Keywords = {
  ...INHERITED, ...DELEGATED, action: ['action', 'special'], args: ['args', 'special'], async: ['async', 'number'],
  changed_when: ['changedWhen', 'special'], delay: ['delay', 'number'], failed_when: ['failedWhen', 'special'], local_action: ['action', 'special'],
  loop: ['loop', 'special'], loop_control: ['loop', 'special'], notify: ['notify', 'special'], poll: ['poll', 'number'], register: ['register', 'special'],
  retries: ['retries', 'number'], until: ['until', 'special'],
}
export const HANDLER: Keywords = { ...TASK, listen: ['listen', 'special'] }
/** What `include_tasks` and `include_role` themselves may say: the rest belongs under `apply:` or on a block around them. */
export const INCLUDE: ReadonlySet<string> = new Set([
  'action', 'args', 'collections', 'debugger', 'ignore_errors', 'local_action', 'loop', 'loop_control', 'name', 'no_log', 'register', 'run_once', 'tags', 'timeout', 'vars', 'when', 'listen',
])
export const LOOP_CONTROL = ['loop_var', 'index_var', 'label', 'pause', 'extended', 'extended_allitems', 'break_when'] as const

function pick(keywords: Keywords, ...names: readonly string[]): Keywords {
  return Object.fromEntries(names.map((name) => [name, keywords[name]!]))
}
