import type { Fields, Params } from '../schema/field.ts'
import type { Reader } from '../host/reader.ts'
import type { Step, StepReply } from '../host/step.ts'
import type { Problem } from '../problem/problem.ts'
import type { Dict, Unknown, Value } from '../value/value.ts'
import type { YamlNode } from '../yaml/yaml-node.ts'
import type { Become, Connection, Shell } from '../transport/connection.ts'

/** A part of a state: plain data in which any part may be unknown. Compared part by part. */
export type State = StatePart | { readonly [key: string]: unknown }
type StatePart = null | undefined | boolean | number | bigint | string | Unknown | Uint8Array | Date | readonly unknown[]

/** What `register` receives, with Ansible's names. */
export type Outputs = Readonly<Record<string, Value | undefined>>

/** A difference for people, as two texts; the report makes a unified diff of them. */
export interface TextDiff {
  readonly header: { readonly before: string; readonly after: string }
  readonly before: string
  readonly after: string
}

/** What surrounds a task while its module probes. Nothing in it can change a host. */
export interface Surroundings {
  /** The task's `environment`, as text. */
  readonly environment: Readonly<Record<string, string>>
  /** The inventory name of the host. */
  readonly hostName: string
  /** Directory of the playbook on the controller, absolute. */
  readonly playbookDirectory: string
  /** Whether people asked for diffs: a module may leave out reads that only a diff needs. */
  readonly diff: boolean
  /** Reads a file of the controller, found as files of roles and playbooks are. */
  readonly readFile: (name: string) => Buffer
  /** Tells the run that a text is secret, for modules that make or open one: from then on it is shown nowhere. */
  readonly secret?: (text: string) => void
  /** `ansible_python_interpreter` and the like of the host: the program that runs scripts of a language there. */
  readonly interpreter?: (language: string) => string | undefined
  /** In a dry run: what earlier tasks have planned for files of the controller, which no overlay of a host shows; each module has keys of its own. */
  readonly planned?: Map<string, unknown>
  /** The host that the task is delegated to, where it is. */
  readonly delegatedTo?: string
  /** A path of the controller as a task writes it: looked for below `files` of the role and the playbook. Undefined where there is none. */
  readonly controllerPath?: (written: string) => string | undefined
  /** Another host of the inventory: for modules that act on a cluster as a whole. Connects when first asked; `shell` is the task's user there, for `act`. */
  readonly other: (hostName: string) => Promise<{ readonly host: Reader; readonly connection: Connection; readonly shell: Shell; readonly become?: Become | undefined }>
}

/** How it ended, for `result`. `replies` are of the steps, in order; empty where nothing was taken (same, or a dry run). */
export interface Ending<P, S> {
  readonly params: P
  readonly before: S
  readonly after: S
  readonly replies: readonly StepReply[]
  /** Steps were taken on the host: a real run with something to do. */
  readonly taken: boolean
  readonly changed: boolean
}

/** What `result` may say besides outputs. */
export interface Result {
  readonly outputs: Outputs
  /** The module's own judgement that it failed (a command's exit code), with the sentence for people. */
  readonly failed?: string
  /** Only where the plan was unknown: what the steps showed. */
  readonly changed?: boolean
  readonly skipped?: boolean
}

/**
 * A module. `before` and `after` have one shape; `changed` and the diff come from comparing them, no module sets them.
 * The engine does the rest: a dry run, looking ahead, retries, loops, results.
 */
export interface Module<F extends Fields = Fields, S = any> {
  readonly name: string
  /** Other names that mean this module: `yum` for `dnf`, old names. */
  readonly aliases?: readonly string[]
  readonly summary: string
  /** Longer words for `tutti doc`: what the host needs, where it differs from Ansible. */
  readonly notes?: readonly string[]
  /** YAML of tasks, each with a name, such as users copy. Run as a test (`test/modules/examples.test.ts`). */
  readonly examples?: string
  readonly params: F
  /** The parameter that free-form text fills (`command: ls`). */
  readonly freeForm?: string & keyof F
  /** Rules between parameters. */
  readonly rules?: Rules<F>
  /** Parameters that Ansible's module has and this one does not offer, each with what to do instead. */
  readonly refused?: Readonly<Record<string, string>>
  /** Never read ahead: it depends on other machines or on time. */
  readonly eager?: false
  /** Takes any argument: its params are `{ args }`, as they were given. */
  readonly open?: true
  /** Modules that do its work in Ansible: `module_defaults` for them count here too, below those for the module itself. */
  readonly standsFor?: readonly string[]
  /** In Ansible it runs on the controller, which has other words for parameters that are not there. */
  readonly action?: true
  /** It is there to wait for the host: one that does not answer is no reason to stop before it. */
  readonly awaitsHost?: true
  /** Runs what its user says; a dry run cannot know what it does. */
  readonly opaque?: true
  /** What is wrong with arguments that are known while the playbook is loaded, beyond what `params` says; `nodes` know the place of each part. */
  readonly check?: (args: Dict, nodes: ReadonlyMap<string, YamlNode>) => readonly Problem[]
  readonly probe: (host: Reader, params: Params<F>, around: Surroundings) => Promise<S> | S
  /**
   * What a task with `check_mode: true` answers in a real run, for modules that cannot say beforehand what they will do: tasks after
   * it go on for real, so that nothing unknown may be left. Ansible's words; a sentence alone means that the task is skipped.
   */
  readonly whenChecked?: string | ((host: Reader, params: Params<F>, around: Surroundings) => Promise<Result>)
  /** Pure. Says what should be, in the shape of `probe`. */
  readonly plan: (params: Params<F>, before: S) => S
  /** Pure. Lists the steps that lead from before to after; takes none. Without it the module only looks. */
  readonly apply?: (change: { readonly params: Params<F>; readonly before: S; readonly after: S }) => Iterable<Step>
  /**
   * Steps that people do not call a change: unit files read again, package lists refreshed. Taken before those of `apply`, also
   * where nothing else is to do; `replies` of the ending begin with theirs.
   */
  readonly chores?: (change: { readonly params: Params<F>; readonly before: S; readonly after: S }) => Iterable<Step>
  /** What `register` receives. Without it: nothing but `changed`. */
  readonly result?: (ending: Ending<Params<F>, S>) => Result
  /** For people. Without it: the parts of the state that differ, a line each. */
  readonly diff?: (change: { readonly params: Params<F>; readonly before: S; readonly after: S }) => readonly TextDiff[]
  /**
   * What `register` receives as `diff`, in the shape that Ansible's module of that name gives it. `asked`: diffs are shown. Without it:
   * the texts of `diff`, where they are shown. `taken`: the steps were taken, so that nothing may be unknown any more.
   */
  readonly registerDiff?: (change: { readonly params: Params<F>; readonly before: S; readonly after: S; readonly shown: readonly TextDiff[]; readonly asked: boolean; readonly taken: boolean }) => Value | undefined
}

export interface Rules<F extends Fields> {
  readonly oneOf?: readonly (readonly (keyof F & string)[])[]
  readonly atMostOneOf?: readonly (readonly (keyof F & string)[])[]
  readonly together?: readonly (readonly (keyof F & string)[])[]
  /** Ansible's own words, where a module of its does not say the usual ones. */
  readonly words?: { readonly missing?: string; readonly one?: string; readonly exclusive?: string; readonly unknown?: Readonly<Record<string, string>> }
  /** `[param, value, needed]`: where param has the value, all of needed must be given. */
  readonly requiredIf?: readonly (readonly [keyof F & string, unknown, readonly (keyof F & string)[]])[]
}

/** Declares a module; the types of `params`, `before` and `after` follow from the declaration. */
export const defineModule = <const F extends Fields, S>(module: Module<F, S>): Module<F, S> => module
