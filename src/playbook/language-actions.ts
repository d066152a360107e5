import { type Fields, choice, flag, raw, text } from '../schema/field.ts'

/** An action that the language itself has: it brings in tasks, roles or plays, or speaks to the run. Declared for checks, documentation and editors. */
export interface LanguageAction {
  readonly name: string
  readonly summary: string
  readonly notes: readonly string[]
  readonly examples: string
  readonly params: Fields
  /** The parameter that plain text after the name fills. */
  readonly freeForm: string
  /** It stands among plays, not among tasks. */
  readonly amongPlays?: true
}

const role = {
  name: text('The role: a name, a path, or namespace.collection.role.', { required: true, aliases: ['role'] }),
  tasks_from: text('The file of its tasks to run.', { default: 'main' }),
  vars_from: text('The file of its vars to load.', { default: 'main' }),
  defaults_from: text('The file of its defaults to load.', { default: 'main' }),
  handlers_from: text('The file of its handlers to load.', { default: 'main' }),
  allow_duplicates: flag('Run it again where it ran with the same parameters before.', { default: true }),
  public: flag("Whether the role's defaults and vars are there for the tasks after it."),
  rolespec_validate: flag("Check its variables against the role's argument specs.", { default: true }),
}

const apply = raw('Keywords for all tasks that are brought in, as a mapping: tags, become, when and the like.')

const META = [
  'flush_handlers', 'end_host', 'end_play', 'end_batch', 'end_role', 'clear_facts', 'clear_host_errors', 'refresh_inventory', 'reset_connection', 'noop',
] as const

/** What `meta:` can ask for. */
export type MetaRequest = typeof META[number]

export const languageActions: readonly LanguageAction[] = [
  {
    name: 'import_playbook',
    summary: 'Put the plays of another playbook in this place, before the run.',
    notes: ['It stands beside plays. Conditions, tags and variables given here go to every play, and conditions to every task of it; the file must be known before the run.'],
    examples: `
- name: All hosts get their base
  import_playbook: base.yml
- name: The web servers, unless told otherwise
  import_playbook: web.yml
  vars: { web_port: 8080 }
  when: with_web | default(true)
  tags: [web]
`,
    params: { file: text('The playbook: a path as seen from this one, or namespace.collection.playbook.', { required: true }) },
    freeForm: 'file',
    amongPlays: true,
  },
  {
    name: 'import_role',
    summary: 'Put a role in this place, before the run.',
    notes: ["Its tags and conditions go to every task of the role. No loop and no name that is known during the run only: use include_role. The role's variables are there for the whole play unless `public: false`."],
    examples: `
- name: The base of each host
  import_role: { name: base }
- name: Only its accounts, on another port
  import_role: { name: base, tasks_from: accounts }
  vars: { base_port: 2222 }
  tags: [accounts]
`,
    params: role,
    freeForm: 'name',
  },
  {
    name: 'import_tasks',
    summary: 'Put the tasks of a file in this place, before the run.',
    notes: ['Its tags and conditions go to every task of the file. No loop and no name that is known during the run only: use include_tasks.'],
    examples: `
- name: Packages first
  import_tasks: packages.yml
- name: On Debian and its kin
  import_tasks: debian.yml
  when: ansible_facts.os_family == 'Debian'
  tags: [debian]
`,
    params: { file: text('The file: beside this one, or in tasks/ of the role or playbook.', { required: true }) },
    freeForm: 'file',
  },
  {
    name: 'include_role',
    summary: 'Run a role when its turn comes.',
    notes: ['Tags given here are of the include alone; `apply` hands keywords to its tasks. A role that is certain to be reached is checked before the first connection.'],
    examples: `
- name: The role of each site
  include_role: { name: site }
  vars: { site_name: "{{ item }}" }
  loop: [blog, shop]
- name: Its check alone, tagged as a whole
  include_role:
    name: site
    tasks_from: check
    apply: { tags: [check] }
  vars: { site_name: blog }
  tags: [check]
`,
    params: { ...role, apply, public: flag("Whether the role's defaults and vars are there for the tasks after it.", { default: false }) },
    freeForm: 'name',
  },
  {
    name: 'include_tasks',
    summary: 'Run the tasks of a file when its turn comes.',
    notes: ['Tags given here are of the include alone; `apply` hands keywords to its tasks. A file that is certain to be reached is checked before the first connection.'],
    examples: `
- name: What this kind of system needs
  include_tasks: "{{ ansible_facts.os_family | lower }}.yml"
- name: Each account
  include_tasks: account.yml
  loop: [ann, bob]
  loop_control: { loop_var: account }
- name: As root, with a tag on each task
  include_tasks:
    file: packages.yml
    apply: { become: true, tags: [packages] }
  tags: [packages]
`,
    params: { file: text('The file: beside this one, or in tasks/ of the role or playbook.', { required: true }), apply },
    freeForm: 'file',
  },
  {
    name: 'meta',
    summary: 'Speak to the run itself: run handlers now, end the play, forget facts.',
    notes: [
      'flush_handlers runs what was notified so far. end_host, end_play, end_batch and end_role end what they name, without an error. clear_host_errors takes failed hosts back in, and reset_connection logs in anew.',
      'A condition on noop, refresh_inventory and reset_connection has no effect, as in Ansible. In a dry run a condition that cannot be known ends nothing.',
    ],
    examples: `
- name: A configuration
  copy: { content: "port 8080\\n", dest: /etc/app.conf }
  notify: tell the application
- name: Its handler runs now, not at the end of the play
  meta: flush_handlers
- name: Users and groups that were just made count from here on
  meta: reset_connection
- name: Nothing more to do where the application is not wanted
  meta: end_host
  when: not (with_app | default(true))
`,
    params: { free_form: choice(META, 'What to do.', { required: true }) },
    freeForm: 'free_form',
  },
]

/** The names that an action takes, second names included. */
export function optionsOf(action: string): readonly string[] {
  const { params } = languageActions.find(({ name }) => name === action)!
  return [...Object.entries(params).flatMap(([name, { aliases }]) => [name, ...aliases]), '_raw_params']
}
